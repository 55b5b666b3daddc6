# SPDX-License-Identifier: MIT
"""Several outputs of which at most one is on."""

from command_buffer import OFF

from components.entities.output import Output
from node.component import ConfigError


class OneOf(Output):
    """Drives its own pin and those of its Parts, which are interlocked."""

    alone = True

    def _join(self, parts, pause_ms):
        """Interlock all pins; between two of them all are off for `pause_ms`."""
        self._users = [self] + parts
        ttl_ms = self.ttl_ms or self.pin.chip.ttl_ms
        if ttl_ms and pause_ms >= ttl_ms:
            text = "must be shorter than a command may wait (ttl), %d ms"
            raise ConfigError(text % ttl_ms, "pause")
        if parts:
            from components.pins.interlock import join  # a fan with one speed does without

            for user in self._users:
                join(self.component, user.pin, self.key.decode(), pause_ms)

    def _on(self):
        """Return the users whose pin is on."""
        return [user for user in self._users if user.pin.value()]

    def _halt(self, ttl_ms=None, tag=None):
        """Switch all off, also what waits to be switched on."""
        for user in self._users:
            user.pin.submit(user, OFF, 0, ttl_ms or self.ttl_ms, tag)
            tag = None

    def changed(self):
        # The interlock sees to it, but for what was on before it was there.
        if len(self._on()) > 1:
            self._halt()
        super().changed()
