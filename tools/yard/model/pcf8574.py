# SPDX-License-Identifier: MIT
"""Model of the PCF8574 (NXP data sheet, Rev. 5): quasi-bidirectional pins, no registers."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class PCF8574:
    """One chip, powered at creation.

    Attributes:
        latch: what the pins are driven with: 0 low, 1 weakly high. All 1 after power-on.
        writes: every byte that was written, in order.
        on_change: called with the chip after each transfer and each change from outside.
    """

    INT_OUTPUTS = ("INT",)

    def __init__(self) -> None:
        self.latch = 0xFF
        self.writes: list[int] = []
        self.on_change: Callable[[PCF8574], None] | None = None
        self.powered = True
        self._driven = 0  # mask of pins with a level from outside
        self._outside = 0  # those levels
        self._reference = 0xFF  # levels at the last transfer

    def power(self, on: bool) -> None:
        """Switch the supply."""
        if on != self.powered:
            self.powered = on
            self.latch = 0xFF
            self._reference = self.levels()
            self._tell()

    def drive(self, pin: int, level: "int | None") -> None:
        """Put a level (0, 1, None to let it go) on a pin (0 to 7) from outside.

        A low level wins against the current source, the transistor to ground against a high one.

        Raises:
            ValueError: there is no such pin.
        """
        if not 0 <= pin <= 7:
            raise ValueError(f"pin must be 0 to 7, not {pin!r}")
        mask = 1 << pin
        self._driven = self._driven & ~mask if level is None else self._driven | mask
        self._outside = self._outside | mask if level else self._outside & ~mask
        self._tell()

    def levels(self) -> int:
        """Return the levels on the 8 pins."""
        return self.latch & (self._outside | ~self._driven) & 0xFF

    def int_outputs(self) -> "tuple[int | None]":
        """Return 0 while INT is low: a pin that is 1 has changed since the last transfer."""
        low = self.powered and (self.levels() ^ self._reference) & self.latch
        return (0 if low else None,)

    def registers(self) -> "dict[str, int]":
        """Return the only byte that there is; the data sheet calls its bits P0 to P7."""
        return {"P": self.latch}

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Take part in one bus transfer; of several bytes each is output, or read, in turn."""
        for value in write or b"":
            self.latch = value
            self.writes.append(value)
        if read_into is not None:
            for i in range(len(read_into)):
                read_into[i] = self.levels()
        self._reference = self.levels()
        self._tell()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change(self)
