# SPDX-License-Identifier: MIT
"""An output as a lock: on is unlocked."""

from command_buffer import OFF, ON, PULSE

from components.entities.feedback import Feedback


class Lock(Feedback):
    """OPEN is a pulse: unlocked for a moment, as a door opener is."""

    platform = "lock"
    restore = "always_off"
    words = {b"LOCK": OFF, b"UNLOCK": ON, b"OPEN": PULSE}
    names = (b"LOCKED", b"UNLOCKED", b"LOCKING", b"UNLOCKING", b"JAMMED")

    def set_up(self, row, parts):
        super().set_up(row, parts)
        if "pulse" in row:
            self.options = dict(self.options or {})
            self.options["pl_open"] = "OPEN"
