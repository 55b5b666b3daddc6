# SPDX-License-Identifier: MIT
"""Model of a chain of 74HC595 (Texas Instruments SCLS041): shift register and output latch."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yard.model.board import Board


class HC595:
    """A chain whose SER, SRCLK, RCLK and OE are wired to native pins of a board.

    OE without a wire is at ground. It has a pull-up otherwise.

    Attributes:
        count: how many outputs it has.
        outputs: the output latches; bit 0 is QA of the register whose SER is wired to the node.
            At power-on the data sheet says nothing of them: here every second one is 1.
        history: outputs that were driven, in order, without repetition.
    """

    def __init__(
        self,
        board: "Board",
        data: int,
        clock: int,
        latch: int,
        enable: "int | None" = None,
        registers: int = 1,
    ) -> None:
        self._board = board
        self._data, self._clock, self._latch, self._enable = data, clock, latch, enable
        self.count = 8 * registers
        self._mask = (1 << self.count) - 1
        self._shifted = 0
        self.outputs = 0x5555555555555555 & self._mask
        self.history: list[int] = []
        board.pin_listeners.append(self._changed)

    def levels(self) -> "int | None":
        """Return the levels that the outputs drive, None while OE is high."""
        if self._enable is not None:
            pin = self._board.pin(self._enable)
            if pin.mode is None or pin.level():
                return None
        return self.outputs

    def _changed(self, gpio: int, level: int) -> None:
        if gpio == self._clock and level:
            bit = self._board.pin(self._data).level()
            self._shifted = (self._shifted << 1 | bit) & self._mask
        elif gpio == self._latch and level:
            self.outputs = self._shifted
        levels = self.levels()
        if levels is not None and self.history[-1:] != [levels]:
            self.history.append(levels)
