# SPDX-License-Identifier: MIT
"""Outputs that no entity shows, for those who command outputs. Imported when there is one."""

from command_buffer import OFF, ON, PULSE, TOGGLE


class PinOutput:
    """An output that is not shown in Home Assistant, with the interface of an Entity."""

    words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE, b"PULSE": PULSE}
    pulse_ms = 200

    def __init__(self, pin):
        self._pin = pin

    def command(self, action, value, ttl_ms, tag):
        if action == PULSE:
            value = value or self.pulse_ms
        self._pin.submit(self._pin, action, value or 0, ttl_ms, tag)
