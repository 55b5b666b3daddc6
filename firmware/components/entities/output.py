# SPDX-License-Identifier: MIT
"""What all entities that drive one pin have in common."""

from command_buffer import OFF, ON, PULSE, TOGGLE

from components.entities import PinEntity


class Output(PinEntity):
    """Drives a pin that carries out commands: `pin.submit(target, action, value, ttl_ms, tag)`."""

    drives = True
    restore = "adopt"
    pulse_ms = 200
    ttl_ms = None
    # Other spellings are understood, too, but not as fast.
    words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE, b"PULSE": PULSE}

    def command(self, action, value, ttl_ms, tag):
        if action == PULSE:
            import pulses  # noqa: F401 now, and not while the output is on already

            value = value or self.pulse_ms
        self.pin.submit(self, action, value or 0, ttl_ms or self.ttl_ms, tag)

    def applied(self, tag):
        """A command has been carried out."""
        self.changed()
        if tag is not None:
            self.component.node.log.info("command", "%s: %s done", self.key.decode(), tag)

    def dropped(self, reason, tag):
        """A command has not been carried out, because it "expired" or the buffer was "full"."""
        which = "a command" if tag is None else tag
        self.component.node.log.warn(
            "command", "%s: %s dropped, %s", self.key.decode(), which, reason
        )
        # Whoever sent it falls back to what is real.
        self.changed()
