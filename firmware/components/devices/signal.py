# SPDX-License-Identifier: MIT
"""What devices that give signals have in common: an output that plays patterns."""

import json

from command_buffer import OFF, ON, PULSE, TOGGLE
from import_once import import_once

from node.component import Component, ConfigError, Entity

_LONGEST_MS = 3600000
_MOST = 1000000  # pulses: for as long as nobody switches it off


class Signal(Component):
    """An output. Other components call `on()`, `off()` and `play(pattern)`.

    pin: a Pin, or the number of a GPIO. entity: a SignalEntity. patterns: name -> [ms on, how
    often, ms off between]; 0 times is until it is switched off. invert: a GPIO is low when on.

    Attribute: `patterns`, name -> what a pulse takes.
    """

    _pins = None
    _outputs = {}

    def __init__(self, pin, entity, patterns, invert):
        self._pin = pin
        self._entity = entity
        self._invert = invert
        self.patterns = {}
        for name in patterns:
            self.patterns[name.lower()] = _pattern(name, patterns[name])

    async def start(self):
        # Now, and not while it is on already.
        import pulses  # noqa: F401

        take = import_once("components.devices.taken").take
        self._pins, outputs = take(self, self._entity, [("pin", self._pin)], self._invert)
        self._outputs = outputs
        self._entity.pin = outputs["pin"]
        self.node.add_entity(self, self._entity)
        if self._pins:
            self._pins.start()

    def stop(self):
        """Switch off and give the output back."""
        for pin in self._outputs.values():
            pin.off()
        import_once("components.devices.taken").give_back(self._pins, self._outputs)

    def on(self):
        """Be on until switched off."""
        self._entity.give(ON)

    def off(self):
        """Be off, whatever was played."""
        self._entity.give(OFF)

    def play(self, name):
        """Play a pattern. Raises ValueError when there is none of this name."""
        pattern = self.patterns.get(name.lower())
        if pattern is None:
            known = ", ".join(sorted(self.patterns))
            raise ValueError("%s is no pattern; there are %s" % (name, known))
        self._entity.give(OFF)  # what was played before
        self._entity.give(PULSE, pattern)


class SignalEntity(Entity):
    """Shows ON while it is on or plays. Attribute `pin`."""

    pin = None
    _shown = None
    steady = {"on": ON, "1": ON, "true": ON, "off": OFF, "0": OFF, "false": OFF, "toggle": TOGGLE}

    def __init__(self, object_id, name, options):
        super().__init__(object_id, name, options)
        self.words = self

    def state(self):
        level = self.pin.value()
        pulses = self.pin.chip.pulses
        if level is None:
            return None
        return b"ON" if level or (pulses and pulses.running & self.pin.mask) else b"OFF"

    def changed(self):
        """The output has changed."""
        state = self.state()
        if state != self._shown:
            self._shown = state
            self.component.node.state_changed(self)

    def applied(self, tag):
        """A command has been carried out."""
        self.changed()

    def dropped(self, reason, tag):
        """A command has not been carried out."""
        self.component.node.log.warn(self.component.name, "a command was dropped, %s", reason)
        self.component.node.state_changed(self)

    def give(self, action, value=0):
        """Have the output do something."""
        pin = self.pin
        pin.submit(pin.chip.users[pin.number], action, value, None, None)

    # -- commands -------------------------------------------------------------------------

    def get(self, payload):
        """Return what a payload asks for as the action of `command`. Raises ValueError."""
        text = payload.decode().strip()
        if not text.startswith("{"):
            return self.action(text.lower(), {})
        command = json.loads(text)
        return self.action(str(command.pop("state", "on")).lower(), command)

    def action(self, word, options):
        """Return an action of `steady`, or the name of a pattern. Raises ValueError.

        options: what a command has besides `state`.
        """
        if options:
            raise ValueError("unknown key %s" % ", ".join(sorted(options)))
        patterns = self.component.patterns
        if word not in self.steady and word not in patterns:
            known = ", ".join(["on", "off", "toggle"] + sorted(patterns))
            raise ValueError("unknown command %r; known are %s" % (word[:20], known))
        return self.steady.get(word, word)

    def command(self, action, value, ttl_ms, tag):
        if isinstance(action, str):
            self.component.play(action)
        else:
            if action == TOGGLE:
                action = OFF if self.state() == b"ON" else ON
            self.give(action)


def _pattern(name, given):
    """Return (ms on, how often, ms off) of a pattern. Raises ConfigError."""
    whole = isinstance(given, (list, tuple)) and len(given) == 3
    if not whole or [number for number in given if type(number) is not int]:
        raise ConfigError("%s must be [ms on, how often, ms off]" % name, "patterns")
    on, count, off = given
    if not (1 <= on <= _LONGEST_MS and 0 <= count <= _MOST and 1 <= off <= _LONGEST_MS):
        text = "%s: on and off are 1 to %d ms, how often 0 to %d"
        raise ConfigError(text % (name, _LONGEST_MS, _MOST), "patterns")
    return on, count or _MOST, off
