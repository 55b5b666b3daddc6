# SPDX-License-Identifier: MIT
"""A switch made of what other outputs can do."""

from command_buffer import OFF, ON, TOGGLE
from import_once import import_once

from node.component import Component, ConfigError, Entity


class GenericSwitch(Component):
    """`generic_switch_args.py` describes the arguments. Other components call `on()` and `off()`.

    on, off: what is done, in this order. state: pin that tells whether it is on, None: what was
    commanded last.
    """

    def __init__(self, on, off, name=None, state=None, icon=None):
        if state is not None and not hasattr(state, "mask"):
            raise ConfigError("must refer to a pin", "state")
        self._rows = {ON: on, OFF: off}
        self._steps = {}  # action -> [(output, its action, value)]
        options = {"ic": icon} if icon else {}
        if state is None:
            options["opt"] = True
        self._switch = _Switch(name, options, state)

    async def start(self):
        outputs = import_once("components.logic.outputs")
        for action, key in ((ON, "on"), (OFF, "off")):
            self._steps[action] = []
            for i, row in enumerate(self._rows[action]):
                try:
                    self._steps[action].append(self._step(outputs, row))
                except ConfigError as e:
                    raise ConfigError("[%d].%s: %s" % (i, e.key, e), key)
        self._rows = None
        self.node.add_entity(self, self._switch)
        self._switch.watch()

    def stop(self):
        self._switch.stop()

    def on(self):
        """Do what is to be done to switch on."""
        self._do(ON)

    def off(self):
        """Do what is to be done to switch off."""
        self._do(OFF)

    def _step(self, outputs, row):
        value = row.get("pulse")
        if value and row["do"] != "pulse":
            raise ConfigError('goes with "do": "pulse"', "pulse")
        output = outputs.output_of(self.node, row["output"])
        return output, outputs.action_of(output, row["do"]), value

    def _do(self, action):
        for output, of_output, value in self._steps[action]:
            try:
                output.command(of_output, value, None, None)
            except ValueError as e:
                self.node.log.warn(self.name, "an output refuses: %s", e)
        self._switch.done(action)


class _Switch(Entity):
    platform = "switch"
    words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE}
    _on = None

    def __init__(self, name, options, pin):
        super().__init__("switch", name, options)
        self._pin = pin
        self.mask = pin and pin.mask  # as a watch of the chip

    def watch(self):
        """Be told of the changes of the pin."""
        if self._pin:
            chip = self._pin.chip
            chip.watches = list(chip.watches) + [self]

    def stop(self):
        """Be told no more."""
        if self._pin:
            chip = self._pin.chip
            chip.watches = [watch for watch in chip.watches if watch is not self]

    def changed(self):
        """The level of the pin may have changed."""
        self.component.node.state_changed(self)

    def done(self, action):
        """The outputs have got their commands."""
        self._on = action == ON
        self.changed()

    def state(self):
        on = self._pin.value() if self._pin else self._on
        return None if on is None else b"ON" if on else b"OFF"

    def command(self, action, value, ttl_ms, tag):
        if action == TOGGLE:
            action = OFF if self.state() == b"ON" else ON
        if action == ON:
            self.component.on()
        else:
            self.component.off()
