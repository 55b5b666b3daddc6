# SPDX-License-Identifier: MIT
"""A chain of 74HC595 shift registers as the chip of `pins.Pin`: outputs only."""

from native_port import NativePort


class ShiftPort(NativePort):
    """Up to 64 outputs: bit n of every mask is output n % 8 (0 is QA) of register n // 8.

    Register 0 is the one whose data input is wired to the node. registers: 1 to 8; with more than
    three, masks are objects on a chip of 32 bits, and a command allocates some. ttl_ms, clock: as
    for a NativePort. What it is otherwise is that of a NativePort, too.

    Attribute: `lines`: item n has `value()`, the level on output n.
    """

    def __init__(self, registers, *args):
        super().__init__(*args)
        self.users = [None] * (8 * registers)
        self.lines = _Levels(self)
        self._send = None

    def _claim(self, number, user, invert):
        if self.users[number] is not None:
            raise ValueError("output %d is used already" % number)
        self.users[number] = user
        mask = 1 << number
        if invert:
            self.inverted |= mask
        return mask

    def start(self, send):
        """Begin to drive the outputs. send(levels): puts the bits on the outputs."""
        self._send = send
        level = self._first()
        send(level ^ self.inverted)
        self._begin(level)

    def _drive(self, levels, changed):
        self._send(levels)  # all that there are


class _Levels:
    """The outputs of a ShiftPort as a list of lines, of which one is looked at at a time."""

    def __init__(self, port):
        self._port = port
        self._number = 0

    def __len__(self):
        return len(self._port.users)

    def __getitem__(self, number):
        self._number = number
        return self

    def value(self):
        """Return the level on the output that was asked for last."""
        return (self._port.level ^ self._port.inverted) >> self._number & 1


class ShiftRegister:
    """The wires to a chain of 74HC595.

    data, clock, latch: functions that set the level on SER, SRCLK and RCLK; clock and latch are 0
    before. count: how many outputs there are.
    """

    def __init__(self, data, clock, latch, count):
        self._data = data
        self._clock = clock
        self._latch = latch
        self._count = count

    def send(self, levels):
        """Put the bits of `levels` on the outputs, all at the same moment. Allocates nothing."""
        data = self._data
        clock = self._clock
        number = self._count
        # What is sent first goes furthest: to the last output of the last register.
        while number:
            number -= 1
            data(levels >> number & 1)
            clock(1)
            clock(0)
        self._latch(1)
        self._latch(0)
