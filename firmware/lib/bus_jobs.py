# SPDX-License-Identifier: MIT
"""Single transfers on a bus that somebody asks for, each in its turn among those of the chips."""

import asyncio
import errno

from bus_device import BusDevice
from micropython import const

_LIMIT_MS = const(1500)
_FIRST_ADDRESS = const(0x08)  # the others are reserved
_LAST_ADDRESS = const(0x77)


async def on_bus(worker, function, *args):
    """Return `function(now, *args)`, called by `worker` when it is its turn.

    worker: a BusWorker. function: makes at most one transfer; now: ticks in ms.
    Raises OSError as the function does, and with ETIMEDOUT when its turn does not come in 1.5 s.
    """
    job = _Job(function, args)
    jobs = _jobs(worker)
    jobs.put(job)
    try:
        await asyncio.wait_for_ms(job.done.wait(), _LIMIT_MS)
    except asyncio.TimeoutError:
        raise OSError(errno.ETIMEDOUT)
    finally:
        jobs.forget(job)
    if job.error:
        raise job.error
    return job.result


async def answers(worker, address):
    """Return whether a device acknowledges `address`. Raises OSError(ETIMEDOUT) as `on_bus`."""
    return await on_bus(worker, _probe, worker, address)


async def scan(worker):
    """Return the addresses that are acknowledged, rising. Raises OSError(ETIMEDOUT)."""
    found = []
    for address in range(_FIRST_ADDRESS, _LAST_ADDRESS + 1):
        if await answers(worker, address):
            found.append(address)
    return found


def table(found):
    """Yield the lines of a table of addresses as `i2cdetect` prints it."""
    yield "     " + "  ".join("%x" % column for column in range(16))
    for row in range(0, 0x80, 16):
        cells = []
        for address in range(row, row + 16):
            known = _FIRST_ADDRESS <= address <= _LAST_ADDRESS
            cells.append("%02x" % address if address in found else "--" if known else "  ")
        yield "%02x: %s" % (row, " ".join(cells))


def _probe(now, worker, address):
    try:
        # What has no register to read is found, too. The worker itself never needs this.
        worker._i2c.writeto(address, b"")
    except OSError as e:
        if e.errno == errno.ETIMEDOUT:
            raise
        return False
    return True


def _jobs(worker):
    for device in worker.devices:
        if isinstance(device, _Jobs):
            return device
    return _Jobs(worker)


class _Job:
    def __init__(self, function, args):
        self.function = function
        self.args = args
        self.done = asyncio.Event()
        self.result = None
        self.error = None


class _Jobs(BusDevice):
    """Is a device of the bus as long as jobs wait."""

    # No chip: says nothing about whether the bus answers.
    online = property(lambda self: None, lambda self, online: None)

    def __init__(self, bus):
        super().__init__("jobs", None)
        self._bus = bus
        self._waiting = []

    def put(self, job):
        self._waiting.append(job)
        if len(self._waiting) == 1:
            self.ready = True
            self._bus.add(self)

    def forget(self, job):
        """Take out a job that nobody waits for any more, if it is still there."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._leave()

    def _leave(self):
        if not self._waiting:
            self._bus.remove(self)

    def service(self, now):
        job = self._waiting.pop(0)
        try:
            job.result = job.function(now, *job.args)
        except OSError as e:
            job.error = e
            if e.errno == errno.ETIMEDOUT:
                raise  # the bus is stuck, which is for the worker to mend
        finally:
            job.done.set()
            self._leave()
        self.due = now
        return True
