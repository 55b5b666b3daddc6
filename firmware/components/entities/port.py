# SPDX-License-Identifier: MIT
"""All pins of a chip at once, as a number: what switches together is one transfer."""

from command_buffer import OFF, ON

from node.component import Entity


class Port(Entity):
    """Topics of a chip for programs; Home Assistant has nothing like it.

    chip: an Expander. The state is the bits of all its pins, 1 is on. A command is an object
    with `mask` and `value`, and `ttl` and `id` as every command.
    """

    mask = 0xFFFF  # as a watch of the chip: everything

    def __init__(self, chip):
        super().__init__("port")
        self._chip = chip
        self.words = self
        chip.watches = list(chip.watches) + [self]

    def state(self):
        level = self._chip.level
        return None if level is None else b"%d" % level

    def changed(self):
        self.component.node.state_changed(self)

    def get(self, payload):
        """Return what a payload asks for as the action of `command`. Raises ValueError."""
        from components.entities.port_command import parse  # not needed until there is one

        return parse(self._chip, payload)

    def command(self, action, value, ttl_ms, tag):
        mask, level, ttl_ms, tag = action
        chip = self._chip
        # Both are in the same write, because they are different pins.
        for bits, to in ((mask & level, ON), (mask & ~level, OFF)):
            if bits:
                target = _Bits(self, bits)
                chip.submit(target, to, 0, ttl_ms or chip.ttl_ms, tag)
                tag = None


class _Bits:
    """Several pins of a chip as one; the target of its own command."""

    def __init__(self, port, mask):
        self.chip = port._chip
        self.mask = mask
        self.pin = self
        self._port = port

    def applied(self, tag):
        for number, user in enumerate(self.chip.users):
            if self.mask >> number & 1 and user is not None:
                user.changed()
        if tag is not None:
            self._port.component.node.log.info("command", "%s: %s done", self._key(), tag)

    def dropped(self, reason, tag):
        which = "a command" if tag is None else tag
        log = self._port.component.node.log
        log.warn("command", "%s: %s dropped, %s", self._key(), which, reason)
        self._port.changed()

    def _key(self):
        return self._port.key.decode()
