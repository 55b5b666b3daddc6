# SPDX-License-Identifier: MIT
"""A pulse relay, which changes its state with each pulse, and an input that sees the state."""

from command_buffer import OFF, ON, PULSE, TOGGLE

from components.entities.feedback import Feedback
from node.component import ConfigError


class SensedSwitch(Feedback):
    """Gives a pulse only if what is sensed is not what is wanted, and looks whether it helped."""

    platform = "switch"
    restore = "always_off"
    alone = True
    words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE}

    def set_up(self, row, parts):
        if row["timeout"] <= self.pulse_ms:
            raise ConfigError("must be longer than the pulse, %d ms" % self.pulse_ms, "timeout")
        super().set_up(row, parts)
        self.tries = 1 + row["retries"]

    def command(self, action, value, ttl_ms, tag):
        level = self.level()
        if level is None:
            raise ValueError("its feedback is not known yet")
        if action == level:
            self._wanted = None
            self.applied(tag)
        else:
            super().command(action, value, ttl_ms, tag)

    def _act(self, wanted, ttl_ms, tag):
        self.pin.submit(self, PULSE, self.pulse_ms, ttl_ms or self.ttl_ms, tag)
