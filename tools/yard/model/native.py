# SPDX-License-Identifier: MIT
"""A native pin of the node's own chip, as the board around it sees it."""

IN, OUT, OPEN_DRAIN = 0, 1, 2
PULL_NONE, PULL_UP, PULL_DOWN = 0, 1, 2

LAST_GPIO = 48  # of the largest ESP32 variant


class NativePin:
    """One pin: what the node makes of it and what the board around it does.

    Attributes:
        mode: IN, OUT or OPEN_DRAIN; None until the node has set it (then it is an input).
        pull: PULL_NONE, PULL_UP or PULL_DOWN inside the node's chip.
        output: level that the node drives as OUT, or releases (1) and pulls low (0) as OPEN_DRAIN.
        pwm: (frequency in Hz, duty 0 to 65535), or None.
        drive: level from outside, None where nothing drives it.
        line: level of the interrupt line wired to it, None where no line is wired.
    """

    def __init__(self) -> None:
        self.drive: int | None = None
        self.line: int | None = None
        self.release()

    def release(self) -> None:
        """Forget what the node set, as a reset of its chip does."""
        self.mode: int | None = None
        self.pull = PULL_NONE
        self.output = 0
        self.pwm: tuple[int, int] | None = None

    def level(self) -> int:
        """Return the level on the pin. Outside and line are a wired AND; floating reads 0."""
        if self.mode == OUT:
            return self.output
        if self.mode == OPEN_DRAIN and not self.output:
            return 0
        if self.drive is None and self.line is None:
            return 1 if self.pull == PULL_UP else 0
        return 0 if 0 in (self.drive, self.line) else 1
