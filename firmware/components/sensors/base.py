# SPDX-License-Identifier: MIT
"""The base of sensors: what is measured, how often, how long a value is good, who is told.

A sensor of your own is a class with `read`, such as this one, which is complete:

    from components.sensors.base import Sensor


    class Well(Sensor):
        def __init__(self, **common):
            super().__init__(**common)
            self.measures("distance", 0, 900)

        async def read(self):
            return {"distance": measured_somehow()}
"""

import asyncio
import json
from time import ticks_diff, ticks_ms

from import_once import import_once
from micropython import const

from components.sensors.reading import Reading, options
from node.component import Component, Entity

_READING = const(4)
_PUBLISH = const(5)
_LONGEST_S = const(86400)
_MUTE = const(10)  # good readings until the next fault is reported


class Sensor(Component):
    """Something that measures one or more quantities.

    `await sensor.temperature()`, and so on for each quantity, is `value("temperature")`.

    name: for people. interval_reading, interval_publish: s from one reading, or one publication,
    to the next. max_age: s for which a value is good, None for twice the reading interval.

    Attributes: `quantities`, name -> Quantity.
    """

    quantities = None
    _running = True
    _errors = 0
    _mute = 0
    _available = None
    _done = 0  # readings

    def __init__(self, name=None, interval_reading=120, interval_publish=600, max_age=None):
        self.quantities = {}
        self._title = name
        self._max_age = max_age
        self._intervals = {_READING: interval_reading, _PUBLISH: interval_publish}
        self._lock = asyncio.Lock()

    def measures(
        self,
        kind,
        lowest,
        highest,
        digits=None,
        offset=0,
        object_id=None,
        title=None,
        described=None,
    ):
        """Add a quantity; to be called by the constructor.

        kind: one of `kinds.py`. lowest, highest: what the chip can give; anything else is a fault.
        digits: behind the point, None for what is usual. offset: is added to what was measured.
        object_id: what it is called in topics, if not like the kind. title: for people. described:
        what `kinds.py` has of a kind, for one that is not there.
        """
        described = described or import_once("components.sensors.kinds").KINDS[kind]
        unit, device_class, usual = described
        quantity = Quantity(object_id or kind, title, options(unit, device_class, "measurement"))
        quantity.kind = kind
        quantity.limits = lowest, highest
        quantity.offset = offset
        quantity.format = "%%.%df" % (usual if digits is None else digits)
        self.quantities[object_id or kind] = quantity

    async def read(self):
        """Measure; return quantity -> value, without those of which there is nothing new.

        A text in place of a value says why it could not be measured. Raises OSError or ValueError,
        with what a person should know, when nothing could.
        """
        raise NotImplementedError

    def __getattr__(self, name):
        quantities = self.quantities or {}
        # By its kind, too, if that can only mean one.
        keys = [key for key in quantities if name in (key, quantities[key].kind)]
        if name not in keys and len(keys) != 1:
            raise AttributeError(name)
        key = name if name in keys else keys[0]
        return lambda **how: self.value(key, **how)

    async def value(self, name, publish=False, max_age=None):
        """Return the value of a quantity, measured now unless it is known, None if that fails.

        publish: also publish it. max_age: s; a value that is not older is known, None for the
        sensor's own limit, 0 to measure now.
        """
        quantity = self.quantities[name]
        limit = self._max_age_ms() if max_age is None else int(max_age * 1000)
        before = self._done
        if quantity.value is None or ticks_diff(ticks_ms(), quantity.at) >= limit:
            await self.update()
            if quantity.value is None or quantity.reading <= before:
                return None
        if publish:
            quantity.publish()
        return quantity.value

    async def update(self):
        """Measure now, for all who ask meanwhile."""
        before = self._done
        async with self._lock:
            if self._done > before:
                return  # somebody else did
            try:
                fault = self._take(await self.read())
            except (OSError, ValueError) as e:
                fault = str(e)
            self.note(fault)

    def publish(self):
        """Publish all values that are known; return whether there was one."""
        known = [quantity for quantity in self.quantities.values() if quantity.value is not None]
        for quantity in known:
            quantity.publish()
        return bool(known)

    async def start(self):
        self._given = given = self.intervals()
        kept = self.node.kept("intervals " + self.name)
        # What was changed counts until the configuration changes.
        if isinstance(kept, list) and len(kept) == 4 and tuple(kept[:2]) == given:
            self._intervals[_READING], self._intervals[_PUBLISH] = kept[2:]
        for quantity in self.quantities.values():
            self._set_name(quantity)
            self.node.add_entity(self, quantity)
        self.node.add_entity(self, Interval("interval"))
        self._set_expiry()
        self.node.spawn(self.name, self._run)

    def stop(self):
        self._running = False

    def statistics(self):
        """Return counters for the node's status topic."""
        return {"sensor_errors": self._errors}

    # -- intervals ------------------------------------------------------------------------

    def intervals(self):
        """Return (reading, publishing) in s."""
        return self._intervals[_READING], self._intervals[_PUBLISH]

    def set_interval(self, which, seconds):
        """Change an interval, also for the next start. Raises ValueError for what cannot be."""
        if seconds is None or not 1 <= seconds <= _LONGEST_S:
            raise ValueError("an interval is 1 to %d s" % _LONGEST_S)
        self._intervals[which] = seconds
        given, now = self._given, self.intervals()
        self.node.keep("intervals " + self.name, None if now == given else list(given + now))
        self._set_expiry()
        self.node.spawn(self.name, self._run)
        self.node.announce()

    async def _run(self):
        to_read = to_publish = 0  # ms until then
        while self._running:
            began = ticks_ms()
            if to_read <= 0:
                to_read = int(self._intervals[_READING] * 1000)
                await self.update()
            # The first value does not wait for its time.
            if to_publish <= 0 and self.publish():
                to_publish = int(self._intervals[_PUBLISH] * 1000)
            took = ticks_diff(ticks_ms(), began)
            pause = min(to_read, to_publish) if to_publish > 0 else to_read
            pause = max(0, pause - took)
            await asyncio.sleep_ms(pause)
            to_read -= pause + took
            to_publish -= pause + took

    # -- values ---------------------------------------------------------------------------

    def note(self, fault):
        """End a reading: count and report its fault, None if there was none."""
        self._done += 1
        if fault:
            self._errors += 1
            if not self._mute:
                self._mute = _MUTE
                self.node.log.warn(self.name, "cannot be measured: %s", fault)
        elif self._mute:
            self._mute -= 1
        self._forget()

    def _take(self, values):
        """Note what was measured; return what is wrong with it, None if nothing is."""
        fault = None
        for name, value in values.items():
            quantity = self.quantities[name]
            lowest, highest = quantity.limits
            if isinstance(value, str):
                fault = value
            elif lowest <= value <= highest:
                quantity.value = value + quantity.offset
                quantity.at = ticks_ms()
                quantity.reading = self._done + 1
            else:
                text = "%s %s is not within %s and %s"
                fault = text % (name, value, lowest, highest)
        return fault

    def _forget(self):
        """Forget what is too old, and say whether anything is known."""
        now = ticks_ms()
        limit = self._max_age_ms()
        known = False
        for quantity in self.quantities.values():
            if quantity.value is not None:
                if ticks_diff(now, quantity.at) > limit:
                    quantity.forget()
                else:
                    known = True
        if known is not self._available:
            if known and self._available is False:
                self.node.log.info(self.name, "is measured again")
            self._available = known
            if self.device:
                self.node.set_available(self, known)

    def _max_age_ms(self):
        limit = 2 * self._intervals[_READING] if self._max_age is None else self._max_age
        return int(limit * 1000)

    def _set_name(self, quantity):
        name = quantity.object_id
        if quantity.name:
            return
        if self._title:
            quantity.name = self._title if len(self.quantities) == 1 else self._title + " " + name
        elif name != quantity.kind:
            quantity.name = name  # else Home Assistant calls it after its device class

    def _set_expiry(self):
        for quantity in self.quantities.values():
            # Home Assistant shows it as unavailable when two publications in a row are missing.
            quantity.options["exp_aft"] = max(5, int(self._intervals[_PUBLISH] * 2.1) + 1)


class Quantity(Reading):
    """One quantity of a sensor; by reference ("@wire.flow") it is used like a sensor of its kind.

    Attributes: `value`, None if it is not known; `at`, when it was measured, ticks in ms;
    `reading`, by which reading of the sensor; `shown`, the value that was published last.
    """

    value = shown = None
    at = reading = 0
    kind = None

    def __getattr__(self, name):
        if name != self.kind:
            raise AttributeError(name)
        return lambda **how: self.component.value(self.object_id, **how)

    def publish(self):
        """Publish the value, unless somebody else did that."""
        if self.component:
            self.shown = self.value
            self.show(self.format % self.value)

    def forget(self):
        """The value is not known any more."""
        self.value = self._payload = None


class Interval(Entity):
    """Both intervals of a sensor: `{"reading": 60}` or `{"publish": 600}` changes one."""

    words = {b"READING": _READING, b"PUBLISH": _PUBLISH}

    def state(self):
        reading, publish = self.component.intervals()
        return json.dumps({"reading": reading, "publish": publish}).encode()

    def command(self, action, value, ttl_ms, tag):
        self.component.set_interval(action, value)
        self.component.node.state_changed(self)
