# SPDX-License-Identifier: MIT
"""Two outputs as a cover: one opens it, one closes it; where it is follows from the time."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from command_buffer import OFF, ON, PULSE
from micropython import const

from components.entities.one_of import OneOf

_STOP = const(2)
_POSITION = const(8)
_OPEN = const(10000)  # position in 1/100 %
_NEAR = const(50)  # not worth a movement
_PUBLISH_MS = const(1000)  # between positions on the way
_LOOK_MS = const(20)  # between looks whether it moves
_NEAR_MS = const(100)  # what a command may take


class Cover(OneOf):
    """Its own pin opens, `close_pin` closes.

    A movement is one pulse, so that the output goes off whatever happens to the node's tasks.
    Towards an end it lasts a tenth longer, to put right what the calculation has missed.
    """

    platform = "cover"
    # A movement does not survive a restart of the node.
    restore = "always_off"
    words = {b"OPEN": ON, b"CLOSE": OFF, b"STOP": _STOP, b"POSITION": _POSITION}
    config = {
        "val_tpl": "{{ value_json.state }}",
        "pos_t": "~/state",
        "pos_tpl": "{{ value_json.position|default }}",
        "set_pos_t": "~/set",
        "set_pos_tpl": "POSITION:{{ position }}",
    }
    _position = None  # 0 to _OPEN, None while it is not known
    _direction = None  # 1: opens, -1: closes, 0: stands, None: not known yet
    _began = 0  # ticks at which the movement began
    _from = None  # the position then
    _waits = False  # for the movement to begin
    _ms = 0  # how long it lasts
    _until = 0  # ticks at which it ends

    def set_up(self, row, parts):
        self._closer = parts["close_pin"]
        self._join([self._closer], row["pause"])
        self._travel = (int(row["travel_down"] * 1000), int(row["travel_up"] * 1000))
        self._ends = (parts.get("closed_end"), parts.get("open_end"))
        self._kept = "position " + self.key.decode()
        position = self.component.node.kept(self._kept)
        if isinstance(position, int) and 0 <= position <= _OPEN:
            self._position = position

    # -- where it is ----------------------------------------------------------------------

    def state(self):
        direction = self._direction
        if direction is None:
            return None
        self._look()
        position = self._position
        if direction:
            word = '"opening"' if direction > 0 else '"closing"'
        elif position is None:
            word = "null"
        elif position < _NEAR:
            word = '"closed"'
        else:
            word = '"open"' if position > _OPEN - _NEAR else '"stopped"'
        known = "" if position is None else ',"position":%d' % ((position + 50) // 100)
        return ('{"state":%s%s}' % (word, known)).encode()

    def changed(self):
        up, down = self.pin.value(), self._closer.pin.value()
        if up is None or down is None:
            return
        self._look()
        was, self._direction = self._direction, up - down
        if self._direction != was:
            self._turned(was)
        end = self._direction and self._ends[up]
        if end and end.pin.value():
            self._halt()
        super().changed()

    def _turned(self, was):
        """It has begun or ended to move."""
        self._waits = False
        if self._direction:
            self._began = ticks_ms()
            self._until = ticks_add(self._began, self._ms)
            self._from = self._position
        if was is not None:
            # The position on the way is not kept: flash wears.
            self.component.node.keep(self._kept, None if self._direction else self._position)
        elif self._direction:
            self._halt()  # at the start of the node nobody knows since when and why it moves

    def _look(self):
        """Note where it is."""
        if self._direction:
            self._calculate(ticks_diff(ticks_ms(), self._began))
        for end in (0, 1):
            if self._ends[end] and self._ends[end].pin.value():
                self._position = end * _OPEN

    def _calculate(self, ms):
        """Note where it is when it has moved for `ms`."""
        up = self._direction > 0
        way = ms * _OPEN // self._travel[up]
        if self._from is not None:
            position = self._from + way * self._direction
        elif way >= _OPEN:
            position = up * _OPEN
        else:
            return
        # Where there is an end stop, only the end stop tells that it is at the end.
        lowest = 2 * _NEAR if self._ends[0] else 0
        highest = _OPEN - 2 * _NEAR if self._ends[1] else _OPEN
        self._position = max(lowest, min(position, highest))

    # -- moving ---------------------------------------------------------------------------

    def command(self, action, value, ttl_ms, tag):
        if action == _POSITION and (value is None or value > 100):
            raise ValueError("POSITION takes 0 to 100, as in POSITION:30")
        if action != _STOP:
            value = value * 100 if action == _POSITION else action * _OPEN
        self.component.node.spawn(self.key.decode(), self._run, value, ttl_ms, tag)

    async def _run(self, position, ttl_ms, tag):
        if position is None:
            self._halt(ttl_ms, tag)
            return
        if self._position is None and 0 < position < _OPEN:
            # Its way begins at an end.
            await self._move(_OPEN if 2 * position > _OPEN else 0, ttl_ms, None)
            ttl_ms = None
        if self._position is not None or position in (0, _OPEN):
            await self._move(position, ttl_ms, tag)

    async def _move(self, position, ttl_ms, tag):
        """Move to `position`; returns when it stands."""
        self._look()
        up = position == _OPEN or position > (self._position or 0)
        ms = self._ms_to(position, up)
        user = self if up else self._closer
        end = ticks_add(ticks_ms(), ms)
        if not ms:
            self._halt(ttl_ms, tag)
            return
        if user.pin.value() and ticks_diff(self._until, end) > 0:
            # It moves there already, and farther; a second pulse would not make the first shorter.
            if tag is not None:
                self.applied(tag)
        else:
            self._ms = ms
            self._until = end
            self._waits = True
            user.pin.submit(user, PULSE, ms, ttl_ms or self.ttl_ms, tag)
            end = None
        await self._stands(user.pin, end)
        stop = self._ends[up]
        if position == up * _OPEN and stop and not stop.pin.value():
            if ticks_diff(ticks_ms(), self._until) >= -_NEAR_MS:
                log = self.component.node.log
                log.warn("cover", "%s did not reach its end stop", self.key.decode())

    def _ms_to(self, position, up):
        """Return how long it has to move from where it is to `position`."""
        here = self._position
        is_end = position == up * _OPEN
        if is_end and self._ends[up] and self._ends[up].pin.value():
            return 0
        way = _OPEN if here is None else abs(position - here)
        if is_end:
            way += _OPEN // 10
        elif way < _NEAR:
            return 0
        return way * self._travel[up] // _OPEN

    async def _stands(self, pin, end):
        """Wait until a movement is over, and show the way that it makes.

        end: ticks at which it has to end if it does not do so by itself, or None.
        """
        shown = ticks_ms()
        while pin.value() or self._waits:
            await asyncio.sleep_ms(_LOOK_MS)
            now = ticks_ms()
            if end is not None and ticks_diff(now, end) >= 0:
                self._halt()
                end = None
            if ticks_diff(now, shown) >= _PUBLISH_MS:
                shown = now
                self.component.node.state_changed(self)

    def dropped(self, reason, tag):
        self._waits = False
        super().dropped(reason, tag)
