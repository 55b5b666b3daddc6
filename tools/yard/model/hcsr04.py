# SPDX-License-Identifier: MIT
"""Model of the HC-SR04 (data sheet of ElecFreaks)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yard.model.board import Board

_US_PER_CM = 58
_NOTHING_US = 38_000  # how long ECHO stays high when nothing reflects


class HCSR04:
    """One sensor, wired to two native pins of a board.

    Args:
        board: the board, to which it attaches itself.
        trigger, echo: GPIO numbers.
        distance: to the next object in cm, None when there is none.

    Attributes: `distance`; `powered`, False: it does not answer.
    """

    def __init__(
        self, board: "Board", trigger: int, echo: int, distance: "float | None" = 100.0
    ) -> None:
        self.distance = distance
        self.powered = True
        self._trigger = trigger
        self._levels: list[int] = []
        board.wired[echo] = self
        board.pin_listeners.append(self._pin_changed)

    def exchange(self, request: bytes) -> bytes:
        """Return the length of the pulse on ECHO in us, 4 bytes; nothing when there is none."""
        triggered, self._levels = self._levels[-2:] == [1, 0], []
        if not triggered or not self.powered:
            return b""
        us = _NOTHING_US if self.distance is None else round(self.distance * _US_PER_CM)
        return us.to_bytes(4, "little")

    def _pin_changed(self, gpio: int, level: int) -> None:
        if gpio == self._trigger:
            self._levels.append(level)
