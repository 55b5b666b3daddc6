# SPDX-License-Identifier: MIT
"""A thermostat: a sensor and outputs that heat or cool, as `climate` in Home Assistant."""

import asyncio
import json
import time

from import_once import import_once
from micropython import const
from two_point import TwoPoint

from node.component import Component, ConfigError, Entity

_MODES = ("heat", "cool")  # of a heater and of a cooler
_SENSOR_MS = const(10000)  # longer than any sensor needs


class Thermostat(Component):
    """Keeps a temperature; `thermostat_args.py` describes the arguments.

    Without a value of the sensor everything is off. So it is when the task that does this fails.
    """

    _pins = None
    _outputs = {}

    def __init__(
        self,
        sensor,
        heater=None,
        cooler=None,
        name=None,
        target=20,
        lowest=5,
        highest=35,
        hysteresis=0.3,
        min_on=0,
        min_off=0,
        interval=30,
        invert=False,
    ):
        if not hasattr(sensor, "temperature"):
            raise ConfigError("must refer to a sensor of the temperature", "sensor")
        if heater is None and cooler is None:
            raise ConfigError("needs a heater, a cooler, or both", "heater")
        if not lowest <= target <= highest:
            raise ConfigError("must be from %s to %s" % (lowest, highest), "target")
        self._sensor = sensor
        self._given = {"heat": heater, "cool": cooler}
        self._interval = interval
        self._invert = invert
        self._running = True
        self._controls = {}
        for mode in _MODES:
            if self._given[mode] is not None:
                self._controls[mode] = TwoPoint(hysteresis, min_on * 1000, min_off * 1000)
        self._climate = _Climate(name, self._controls, lowest, highest)
        self._climate.target = target

    async def start(self):
        climate = self._climate
        self._key = "thermostat " + self.name
        kept = self.node.kept(self._key)
        if isinstance(kept, list) and len(kept) == 2:
            try:
                climate.check(*kept)
                climate.mode, climate.target = kept
            except ValueError as e:
                self.node.log.warn(self.name, "what was kept does not fit any more: %s", e)
        take = import_once("components.devices.taken").take
        given = [(mode + "er", self._given[mode]) for mode in _MODES if mode in self._controls]
        self._pins, outputs = take(self, climate, given, self._invert)
        climate.outputs = self._outputs = {mode: outputs[mode + "er"] for mode in self._controls}
        self.node.add_entity(self, climate)
        if self._pins:
            self._pins.start()
        self.node.spawn(self.name, self._run)

    def stop(self):
        """Switch off and give the outputs back."""
        self._running = False
        self._all_off()
        import_once("components.devices.taken").give_back(self._pins, self._outputs)

    def changed(self):
        """Act on a command."""
        climate = self._climate
        self.node.keep(self._key, [climate.mode, climate.target])
        self._control()

    # -- parts ----------------------------------------------------------------------------

    async def _run(self):
        try:
            while self._running:
                value = await self._measure()
                if self._running:
                    self._note(value)
                    self._control()
                await asyncio.sleep(self._interval)
        except Exception:
            self._all_off()
            raise

    async def _measure(self):
        """Return the temperature, None if it cannot be had."""
        try:
            return await asyncio.wait_for_ms(self._sensor.temperature(), _SENSOR_MS)
        except asyncio.TimeoutError:
            return None

    def _note(self, value):
        climate = self._climate
        if (value is None) is not (climate.current is None) or not climate.measured:
            if value is None:
                self.node.log.warn(self.name, "the sensor gives no temperature; all is off")
            elif climate.measured:
                self.node.log.info(self.name, "the sensor gives a temperature again")
        climate.measured = True
        climate.current = value

    def _control(self):
        """Switch what is to be switched."""
        now = time.ticks_ms()
        climate = self._climate
        for mode, control in self._controls.items():
            lack = None
            if mode == climate.mode and climate.current is not None:
                lack = climate.target - climate.current
            if lack is not None and mode == "cool":
                lack = -lack
            self._switch(mode, control.update(lack, now))
        climate.changed()

    def _all_off(self):
        now = time.ticks_ms()
        for mode in self._outputs:
            self._switch(mode, self._controls[mode].update(None, now))

    def _switch(self, mode, on):
        pin = self._outputs[mode]
        # Asked each time: a chip may have been restored otherwise, or not have answered yet.
        if pin.value() not in (None, on):
            pin.value(on)


class _Climate(Entity):
    """Attributes: `mode`; `target`; `current`, None if it is not known; `outputs`, mode -> Pin."""

    platform = "climate"
    config = {
        "mode_stat_t": "~/state",
        "mode_stat_tpl": "{{ value_json.mode }}",
        "mode_cmd_t": "~/set",
        "temp_stat_t": "~/state",
        "temp_stat_tpl": "{{ value_json.target }}",
        "temp_cmd_t": "~/set",
        "curr_temp_t": "~/state",
        "curr_temp_tpl": "{{ value_json.current }}",
        "act_t": "~/state",
        "act_tpl": "{{ value_json.action }}",
        "temp_unit": "C",
        "temp_step": 0.5,
    }
    mode = "off"
    target = 20
    current = None
    measured = False  # whether the sensor has been asked
    outputs = None
    _shown = None

    def __init__(self, name, modes, lowest, highest):
        modes = ["off"] + sorted(modes)
        super().__init__(
            "climate", name, {"modes": modes, "min_temp": lowest, "max_temp": highest}
        )
        self.words = self

    def state(self):
        action = "off" if self.mode == "off" else "idle"
        for mode in self.outputs:
            if self.outputs[mode].value():
                action = mode + "ing"
        current = "null" if self.current is None else "%.1f" % self.current
        text = '{"mode":"%s","target":%.1f,"current":%s,"action":"%s"}'
        return (text % (self.mode, self.target, current, action)).encode()

    def changed(self):
        """Something that is shown may have changed."""
        state = self.state()
        if state != self._shown:
            self._shown = state
            self.component.node.state_changed(self)

    def applied(self, tag):
        """An output has been switched."""
        self.changed()

    def dropped(self, reason, tag):
        """An output has not been switched; that is tried again."""
        self.component.node.log.warn(self.component.name, "an output was not switched, %s", reason)

    # -- commands -------------------------------------------------------------------------

    def get(self, payload):
        """Return what a payload asks for as the action of `command`. Raises ValueError."""
        text = payload.decode().strip()
        if text.startswith("{"):
            action = json.loads(text)
        elif text.lower() in self.options["modes"]:
            action = {"mode": text.lower()}
        else:
            try:
                action = {"target": float(text)}
            except ValueError:
                raise ValueError("%r is neither a mode nor a temperature" % text[:20])
        unknown = [key for key in action if key not in ("mode", "target")]
        if unknown or not action:
            raise ValueError('a command has "mode", "target", or both')
        self.check(action.get("mode", self.mode), action.get("target", self.target))
        return action

    def check(self, mode, target):
        """Raise ValueError for what cannot be."""
        options = self.options
        lowest, highest = options["min_temp"], options["max_temp"]
        if mode not in options["modes"]:
            raise ValueError("mode is one of %s" % ", ".join(options["modes"]))
        number = isinstance(target, (int, float)) and not isinstance(target, bool)
        if not number or not lowest <= target <= highest:
            raise ValueError("target is from %s to %s" % (lowest, highest))

    def command(self, action, value, ttl_ms, tag):
        self.mode = action.get("mode", self.mode)
        self.target = action.get("target", self.target)
        self.component.changed()
