# SPDX-License-Identifier: MIT
"""Single transfers on a bus that somebody asks for, each in its turn among those of the chips."""

import asyncio
import errno

from bus_device import BusDevice
from micropython import const

_LIMIT_MS = const(1500)
_SCAN_MS = const(5000)
_FIRST_ADDRESS = const(0x08)  # the others are reserved
_LAST_ADDRESS = const(0x77)


async def on_bus(worker, step, limit_ms=_LIMIT_MS):
    """Return what `step(now)` returns at last.

    worker: a BusWorker. step: function that makes at most one transfer, called each time that it
    is its turn, until it returns something else than None; now: ticks in ms. limit_ms: how long
    that may take. Raises OSError as `step` does, with ETIMEDOUT when the limit is over.
    """
    job = _Job(step)
    jobs = _jobs(worker)
    jobs.put(job)
    try:
        await asyncio.wait_for_ms(job.done.wait(), limit_ms)
    except asyncio.TimeoutError:
        raise OSError(errno.ETIMEDOUT)
    finally:
        jobs.forget(job)
    if job.error:
        raise job.error
    return job.result


def receive(worker, address, buffer):
    """Fill `buffer` with what a device sends without being told a register; for a step."""
    # The worker itself never needs this.
    worker._i2c.readfrom_into(address, buffer)


async def answers(worker, address):
    """Return whether a device acknowledges `address`. Raises OSError(ETIMEDOUT) as `on_bus`."""
    return bool(await on_bus(worker, _Scan(worker, address, address)))


async def scan(worker):
    """Return the addresses that are acknowledged, rising. Raises OSError as `answers`."""
    return await on_bus(worker, _Scan(worker, _FIRST_ADDRESS, _LAST_ADDRESS), _SCAN_MS)


class _Scan:
    """Asks one address after the other; the last step gives those that were acknowledged."""

    def __init__(self, worker, first, last):
        self._worker = worker
        self._address = first
        self._last = last
        self._found = []

    def __call__(self, now):
        try:
            # What has no register to read is found, too. The worker itself never needs this.
            self._worker._i2c.writeto(self._address, b"")
            self._found.append(self._address)
        except OSError as e:
            if e.errno == errno.ETIMEDOUT:
                raise
        self._address += 1
        return self._found if self._address > self._last else None


def table(found):
    """Yield the lines of a table of addresses as `i2cdetect` prints it."""
    yield "     " + "  ".join("%x" % column for column in range(16))
    for row in range(0, 0x80, 16):
        cells = []
        for address in range(row, row + 16):
            known = _FIRST_ADDRESS <= address <= _LAST_ADDRESS
            cells.append("%02x" % address if address in found else "--" if known else "  ")
        yield "%02x: %s" % (row, " ".join(cells))


def _jobs(worker):
    for device in worker.devices:
        if isinstance(device, _Jobs):
            return device
    return _Jobs(worker)


class _Job:
    def __init__(self, step):
        self.step = step
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
        """Take out a job that has ended, or that nobody waits for any more."""
        if job in self._waiting:
            self._waiting.remove(job)
            if not self._waiting:
                self._bus.remove(self)

    def service(self, now):
        job = self._waiting[0]
        self.due = now
        try:
            job.result = job.step(now)
        except OSError as e:
            job.error = e
            if e.errno == errno.ETIMEDOUT:
                raise  # the bus is stuck, which is for the worker to mend
        finally:
            if job.error or job.result is not None:
                job.done.set()
                self.forget(job)
        return True
