# SPDX-License-Identifier: MIT
"""A servo on a pin of the node's own chip."""

import asyncio

import machine
from import_once import import_once
from micropython import const

from node.component import Component, ConfigError, Entity

_ANGLE = const(4)
_FREQ = const(50)
_NS_PER_US = const(1000)


class Servo(Component):
    """Something that turns to an angle; `servo_args.py` describes the arguments.

    There are no pulses, so that nothing moves, until the first command, unless `restore` names
    an angle.
    """

    def __init__(
        self,
        pin,
        name=None,
        angle=180,
        min_us=1000,
        max_us=2000,
        restore=None,
        off_ms=0,
        allow_unsafe=False,
    ):
        if restore is not None and restore > angle:
            raise ConfigError("%d is more than the angle %d" % (restore, angle), "restore")
        self._gpio = pin
        self._most = angle
        self._min_us = min_us
        self._max_us = max_us
        self._restore = restore
        self._off_ms = off_ms
        self._allow_unsafe = allow_unsafe
        self._pwm = None
        config = {"min": 0, "max": angle, "unit_of_meas": "°"}
        self._angle = _Angle("angle", name, config)

    async def start(self):
        rules = import_once("components.machine.gpio_rules")
        rules.check(self, self._gpio, "pin", True, allow_unsafe=self._allow_unsafe)
        self.node.add_entity(self, self._angle)
        if self._restore is not None:
            try:
                self.turn(self._restore)
            except (ValueError, RuntimeError) as e:
                raise ConfigError("GPIO %d: %s" % (self._gpio, e), "pin")

    def stop(self):
        """Give no pulses any more."""
        if self._pwm:
            self._pwm.deinit()

    def turn(self, angle):
        """Turn to an angle in degrees, 0 to that of the arguments. Raises ValueError."""
        if not 0 <= angle <= self._most:
            raise ValueError("the angle must be 0 to %d" % self._most)
        ns = self._min_us * _NS_PER_US
        ns += (self._max_us - self._min_us) * _NS_PER_US * angle // self._most
        if self._pwm is None:
            self._pwm = machine.PWM(machine.Pin(self._gpio), freq=_FREQ, duty_ns=ns)
        else:
            self._pwm.duty_ns(ns)
        self._angle.value = angle
        self.node.state_changed(self._angle)
        if self._off_ms:
            self.node.spawn(self.name, self._switch_off)

    async def _switch_off(self):
        await asyncio.sleep_ms(self._off_ms)
        self._pwm.duty_u16(0)


class _Angle(Entity):
    platform = "number"
    config = {"cmd_tpl": "ANGLE:{{ value }}", "mode": "slider"}
    words = {b"ANGLE": _ANGLE}
    value = None

    def state(self):
        return None if self.value is None else str(self.value).encode()

    def command(self, action, value, ttl_ms, tag):
        if value is None:
            raise ValueError("ANGLE takes degrees as in ANGLE:90")
        self.component.turn(value)
