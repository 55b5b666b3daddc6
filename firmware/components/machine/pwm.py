# SPDX-License-Identifier: MIT
"""A dimmed light on a pin of the node's own chip."""

import machine
from command_buffer import OFF, ON, TOGGLE
from import_once import import_once
from micropython import const

from node.component import Component, ConfigError, Entity

_BRIGHTNESS = const(4)
_FULL = const(255)  # Home Assistant's scale
_U16 = const(257)  # 255 * 257 is 65535


class PWM(Component):
    """A light; `pwm_args.py` describes the arguments. It stays as it is when this is unloaded."""

    def __init__(
        self, pin, name=None, freq=1000, invert=False, restore="off", icon=None, allow_unsafe=False
    ):
        self._gpio = pin
        self._freq = freq
        self._invert = invert
        self._restore = restore
        self._allow_unsafe = allow_unsafe
        self._light = _Light("light", name, {"ic": icon} if icon else None)
        self._light.on = restore == "on"

    async def start(self):
        self._key = "light " + self.name
        kept = self.node.kept(self._key) if self._restore == "last" else None
        if isinstance(kept, list) and len(kept) == 2:
            self._light.on, self._light.brightness = kept
        rules = import_once("components.machine.gpio_rules")
        rules.check(self, self._gpio, "pin", True, allow_unsafe=self._allow_unsafe)
        try:
            pin = machine.Pin(self._gpio)
            self._pwm = machine.PWM(pin, freq=self._freq, duty_u16=self._duty())
        except (ValueError, RuntimeError) as e:
            raise ConfigError("GPIO %d at %d Hz: %s" % (self._gpio, self._freq, e), "pin")
        self.node.add_entity(self, self._light)

    def update(self):
        """Let the pin do what the entity says."""
        light = self._light
        self._pwm.duty_u16(self._duty())
        self.node.state_changed(light)
        if self._restore == "last":
            self.node.keep(self._key, [light.on, light.brightness])

    def _duty(self):
        light = self._light
        level = light.brightness if light.on else 0
        return (_FULL - level if self._invert else level) * _U16


class _Light(Entity):
    platform = "light"
    # Without "trns" and "flsh" Home Assistant would send what no command here has.
    config = {"schema": "json", "brightness": True, "trns": False, "flsh": False}
    words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE, b"BRIGHTNESS": _BRIGHTNESS}
    on = False
    brightness = _FULL

    def state(self):
        state = "ON" if self.on else "OFF"
        return ('{"state":"%s","brightness":%d}' % (state, self.brightness)).encode()

    def command(self, action, value, ttl_ms, tag):
        if action == _BRIGHTNESS:
            if value is None or value > _FULL:
                raise ValueError("brightness must be 0 to %d" % _FULL)
            self.on = value > 0
            # 0 is off; the brightness before is for the next ON.
            self.brightness = value or self.brightness
        else:
            self.on = action == ON or (action == TOGGLE and not self.on)
        self.component.update()
