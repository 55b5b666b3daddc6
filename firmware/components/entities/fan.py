# SPDX-License-Identifier: MIT
"""An output as a fan, or several, one for each speed."""

from command_buffer import OFF, ON, TOGGLE
from micropython import const

from components.entities.one_of import OneOf

_SPEED = const(8)


class Fan(OneOf):
    """Its own pin is the lowest speed, 1."""

    platform = "fan"
    _last = 1

    def set_up(self, row, parts):
        self._join(parts.get("speeds", []), row["pause"])
        highest = len(self._users)
        if highest == 1:
            self.alone = False
            return
        self.words = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE, b"SPEED": _SPEED}
        options = self.options = self.options or {}
        options["stat_val_tpl"] = "{{ value_json.state }}"
        options["pct_cmd_t"] = "~/set"
        options["pct_cmd_tpl"] = "SPEED:{{ value }}"
        options["pct_stat_t"] = "~/state"
        options["pct_val_tpl"] = "{{ value_json.speed }}"
        options["spd_rng_max"] = highest

    def command(self, action, value, ttl_ms, tag):
        highest = len(self._users)
        if highest == 1:
            super().command(action, value, ttl_ms, tag)
            return
        if action == _SPEED and (value is None or value > highest):
            raise ValueError("SPEED takes 0 to %d, as in SPEED:1" % highest)
        if action != _SPEED:
            off = action == OFF or (action == TOGGLE and self._on())
            value = 0 if off else self._last
        if not value:
            self._halt(ttl_ms, tag)
            return
        user = self._users[value - 1]
        user.pin.submit(user, ON, 0, ttl_ms or self.ttl_ms, tag)

    def changed(self):
        on = self._on()
        if on:
            self._last = self._users.index(on[0]) + 1
        super().changed()

    def state(self):
        if len(self._users) == 1:
            return super().state()
        on = self._on()
        if self.pin.value() is None:
            return None
        speed = self._users.index(on[0]) + 1 if on else 0
        return ('{"state":"%s","speed":%d}' % ("ON" if on else "OFF", speed)).encode()
