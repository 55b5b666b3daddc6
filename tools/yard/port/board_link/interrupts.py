# SPDX-License-Identifier: MIT
"""Interrupts and timers: handlers run when the event loop polls, or in `serve()`.

On the ESP32 a soft interrupt handler runs between two byte codes. Here it runs between two steps
of tasks: the wires to the board are one more stream in the poll set of asyncio, so that a change
wakes a loop that sleeps in poll(2). No thread is needed (this build of MicroPython has no lock
around its objects), and nothing is polled while nothing happens. Code that never lets the loop
run sees its interrupts in `machine.idle()`.

`asyncio.ThreadSafeFlag` is no file, so its presence makes the poller of this port wake every
millisecond. As flags are only set by handlers, and these run inside the poll, it is enough to
look at them before and after.
"""

import select
import sys
from asyncio import ThreadSafeFlag, core
from time import ticks_add, ticks_diff, ticks_ms

held = 0  # depth of machine.disable_irq()

_stream = None  # events of the board
_serve_link = None
_alarms = []


class Alarm:
    """Calls `callback(argument)` once `delay_ms` have passed, then every `period_ms` unless 0."""

    def __init__(self, delay_ms, callback, argument, period_ms=0):
        self._due = ticks_add(ticks_ms(), delay_ms)
        self._period_ms = period_ms
        self._callback = callback
        self._argument = argument
        _alarms.append(self)

    def cancel(self):
        """Forget it; fine when it is over."""
        if self in _alarms:
            _alarms.remove(self)

    def left_ms(self):
        """Return the time until it is due, at least 0."""
        return max(0, ticks_diff(self._due, ticks_ms()))

    def ring(self):
        """Carry out the call."""
        if self._period_ms:
            self._due = ticks_add(self._due, self._period_ms)
        else:
            self.cancel()
        call(self._callback, self._argument)


def call(handler, argument):
    """Call a handler as the scheduler does: an exception is printed and goes no further."""
    try:
        handler(argument)
    except Exception as e:  # noqa: BLE001 - an interrupt has no caller to tell
        sys.print_exception(e)


def listen(stream, serve_link):
    """Have `serve_link()` called whenever `stream` can be read (None: only by `serve()`)."""
    global _stream, _serve_link
    if _stream is not None:
        core._io_queue.poller.leave(_stream)
    _stream = stream
    _serve_link = serve_link
    if stream is not None:
        core._io_queue.poller.join(stream, select.POLLIN)


def serve():
    """Run the handlers of all that has happened."""
    if not held:
        _serve_link()
        _ring()


def forget_alarms():
    """Cancel everything that is to come."""
    _alarms.clear()


def _ring():
    # From the end, because an alarm that is over removes itself.
    for i in range(len(_alarms) - 1, -1, -1):
        if i < len(_alarms) and not _alarms[i].left_ms():
            _alarms[i].ring()


class _Poller:
    """Stands before the poll object of an event loop. Allocates nothing while it polls."""

    def __init__(self, poller):
        self._poller = poller
        self._flags = []
        self._ready = []
        self._pairs = []  # [stream, events] for `_ready`, used again and again
        self.join = poller.register
        self.leave = poller.unregister

    def register(self, stream, events):
        if isinstance(stream, ThreadSafeFlag):
            self._flags.append(stream)
        else:
            self._poller.register(stream, events)

    def modify(self, stream, events):
        if not isinstance(stream, ThreadSafeFlag):
            self._poller.modify(stream, events)

    def unregister(self, stream):
        if isinstance(stream, ThreadSafeFlag):
            self._flags.remove(stream)
        else:
            self._poller.unregister(stream)

    def ipoll(self, timeout_ms):
        """Return [stream, events] of all that is ready; handlers run on the way."""
        ready = self._ready
        while True:
            _ring()
            ready.clear()
            self._poll(self._shortened(timeout_ms))
            self._add_flags()
            # The loop takes it for granted that an endless wait gives it a task to run.
            if timeout_ms >= 0 or ready or core._task_queue.peek():
                return ready

    def _poll(self, timeout_ms):
        serve_link = False
        for stream, events in self._poller.ipoll(timeout_ms):
            if stream is _stream:
                serve_link = True
            else:
                self._add(stream, events)
        if serve_link:
            _serve_link()

    def _add_flags(self):
        for flag in self._flags:
            if flag.state:
                self._add(flag, select.POLLIN)

    def _add(self, stream, events):
        count = len(self._ready)
        if count == len(self._pairs):
            self._pairs.append([None, 0])
        pair = self._pairs[count]
        pair[0] = stream
        pair[1] = events
        self._ready.append(pair)

    def _shortened(self, timeout_ms):
        """Return how long to wait at most, with regard to flags and alarms."""
        for flag in self._flags:
            if flag.state:
                return 0
        for alarm in _alarms:
            left_ms = alarm.left_ms()
            if timeout_ms < 0 or left_ms < timeout_ms:
                timeout_ms = left_ms
        return timeout_ms


class _IOQueue(core.IOQueue):
    def __init__(self):
        super().__init__()
        self.poller = _Poller(self.poller)
        if _stream is not None:
            self.poller.join(_stream, select.POLLIN)


def _install():
    core.IOQueue = _IOQueue
    # The loop that exists already keeps its queue: tasks may be waiting there.
    core._io_queue.poller = _Poller(core._io_queue.poller)


_install()
