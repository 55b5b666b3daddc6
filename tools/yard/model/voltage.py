# SPDX-License-Identifier: MIT
"""A voltage at an analog input of the node."""

_HIGHEST = 65535


class Voltage:
    """One source, with a divider where its voltage is too high for the input.

    Args:
        full: the voltage of the source in V that gives the highest reading.
        voltage: what it has.

    Attributes: `voltage`.
    """

    def __init__(self, full: float, voltage: float = 0.0) -> None:
        self.voltage = voltage
        self._full = full

    def reading(self) -> int:
        """Return what the input reads, 0 to 65535."""
        return max(0, min(_HIGHEST, round(self.voltage / self._full * _HIGHEST)))
