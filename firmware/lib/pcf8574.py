# SPDX-License-Identifier: MIT
"""PCF8574 and PCF8574A, 8-bit I/O expanders (NXP): their only register, no policy.

A pin is quasi-bidirectional: 0 pulls it low, 1 lets a current source of 100 uA pull it up, so that
it can be read as an input. After power-on all are 1. The interface is that of `mcp23017`.
"""


class PCF8574:
    """One chip.

    i2c: a BusWorker. address: 0x20 to 0x27, of a PCF8574A 0x38 to 0x3F.

    Attributes: `latch`, the outputs as last written, None before.
    """

    def __init__(self, i2c, address):
        self._bus = i2c
        self.address = address
        self.latch = None
        self._seen = bytearray(b"\xff")
        self._before = 0xFF  # what was read before that
        self._inputs = 0xFF
        self._doubtful = True  # a write has failed, and the chip may have taken it or not

    def configure(self, inputs, pull_ups, interrupts=0):
        """Say which pins shall be inputs, as a mask; nothing else can be chosen."""
        self._inputs = inputs & 0xFF

    def read(self):
        """Read the levels on the pins, for the questions below. Ends an interrupt."""
        self._before = self._seen[0]
        bus = self._bus
        bus.transfers += 1
        # There is no register to name: to the chip that would be a write.
        bus._i2c.readfrom_into(self.address, self._seen)

    def seen_ours(self):
        """Return whether the chip, when it was read, had kept power since we set it up.

        Outputs that were all high before do not tell: when the node has been started again, such
        a chip counts as one that has just got its power.
        """
        if self._doubtful:
            return 0 != ~self._seen[0] & ~self._inputs & 0xFF
        return not self._raised()

    def seen_configured(self):
        """Return whether the outputs were as written."""
        return self.latch is not None and not self._raised()

    def seen_inputs(self):
        """Return the mask of the pins that are inputs."""
        return self._inputs

    def seen_latch(self):
        """Return what the outputs were."""
        if self._doubtful or self._raised():
            return self._seen[0] & ~self._inputs
        return self.latch  # one that is high is only weakly so: its level may be another

    def seen_gpio(self):
        """Return the levels on the pins that were read."""
        return self._seen[0]

    def seen_intf(self):
        """Return the mask of the pins that have changed since the read before."""
        return self._seen[0] ^ self._before

    def seen_intcap(self):
        """Return the levels that were read: the chip captures nothing."""
        return self._seen[0]

    def read_gpio(self):
        """Return the levels on the pins, read now. Ends an interrupt."""
        self.read()
        return self._seen[0]

    def write_latch(self, latch):
        """Write the outputs, 1 for a high level."""
        self._doubtful = True
        # What would be the number of a register is the only byte.
        self._bus.writeto_mem(self.address, latch | self._inputs, b"")
        self._doubtful = False
        self.latch = latch

    def setup(self, latch):
        """Bring the chip to `latch`. A generator that makes one transfer per step."""
        self.write_latch(latch)
        yield
        self.read()

    def _raised(self):
        """Return the mask of the outputs that were high although 0 was written."""
        return self._seen[0] & ~self._inputs & ~self.latch
