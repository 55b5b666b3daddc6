# SPDX-License-Identifier: MIT
"""Pulses on a pin of the node's own chip, counted: of a meter for electricity, water or gas."""

import asyncio
from time import ticks_diff, ticks_ms

import machine
from import_once import import_once
from micropython import const

from components.machine.claims import claim
from components.machine.native import NativePins, pull
from components.sensors.reading import Reading, options
from node.component import Component, ConfigError

_UNITS = const(8)  # of the hardware that counts
_MINUTE_MS = const(60000)


class Counter(Component):
    """A total that only grows; `counter_args.py` describes the arguments.

    With a debounce time a pulse is a debounced input that becomes on. Without one the chip's
    hardware counts, or where MicroPython does not know it an interrupt per pulse, which is good
    for some hundred pulses a second.

    Attribute: `pulses`, how many there were since the start of the node.
    """

    def __init__(
        self,
        pin,
        name=None,
        invert=True,
        pull_up=None,
        pull_down=None,
        debounce=20,
        per_unit=1,
        unit=None,
        digits=0,
        device_class=None,
        rate=False,
        interval=60,
        keep=600,
        allow_unsafe=False,
    ):
        self._gpio = pin
        self._invert = invert
        self._pulls = pull_up, pull_down
        self._debounce = debounce
        self._per_unit = per_unit
        self._digits = digits
        self._interval_ms = int(interval * 1000)
        self._keep_ms = keep * 1000
        self._allow_unsafe = allow_unsafe
        self._seen = 0  # by interrupts
        self._hardware = None
        self._running = True
        self._total = Reading("total", name, options(unit, device_class, "total_increasing"))
        self._rate = None
        if rate:
            rate_unit = "%s/min" % (unit or "1")
            rate_name = "%s rate" % name if name else None
            self._rate = Reading("rate", rate_name, options(rate_unit, None, "measurement"))

    @property
    def pulses(self):
        return self._hardware.value() if self._hardware else self._seen

    async def start(self):
        if self._debounce:
            self._count_debounced()
        else:
            self._count_edges()
        self._key = "pulses " + self.name
        before = self.node.kept(self._key)
        self._before = before if isinstance(before, int) else 0
        self.node.add_entity(self, self._total)
        if self._rate:
            self.node.add_entity(self, self._rate)
        self.node.spawn(self.name, self._run)

    def stop(self):
        self._running = False
        self._keep()
        if self._debounce:
            self._pins.stop()
        elif self._hardware:
            self._hardware.deinit()
        else:
            self._line.irq(None)

    # -- counting -------------------------------------------------------------------------

    def _count_debounced(self):
        up, down = self._pulls
        self._pins = pins = NativePins(self)
        pin = pins.input(
            self._gpio, "pin", self._invert, up, down, self._debounce, self._allow_unsafe
        )
        # So many changes are no fault here.
        pins.port.reader.chatter.limits[0] = 0
        pin.irq(self._came, 1)
        pins.start()

    def _count_edges(self):
        up, down = self._pulls
        rules = import_once("components.machine.gpio_rules")
        rules.check(self, self._gpio, "pin", False, up, down, self._allow_unsafe)
        pin = machine.Pin
        self._line = line = pin(self._gpio, pin.IN, pull(up, down))
        hardware = getattr(machine, "Counter", None)
        if hardware:
            edge = hardware.FALLING if self._invert else hardware.RISING
            self._hardware = hardware(self._free_unit(), line, edge=edge)
        else:
            line.irq(self._came, pin.IRQ_FALLING if self._invert else pin.IRQ_RISING)

    def _free_unit(self):
        for unit in range(_UNITS):
            try:
                claim("pulse counter %d" % unit, self.name, "pin")
                return unit
            except ConfigError:
                continue
        raise ConfigError("all %d pulse counters of the chip are used" % _UNITS, "debounce")

    def _came(self, pin):
        self._seen += 1

    # -- telling --------------------------------------------------------------------------

    async def _run(self):
        at = ticks_ms()
        pulses = self.pulses
        self._show(None)
        unkept_ms = 0
        await asyncio.sleep_ms(self._interval_ms)
        while self._running:
            took_ms = ticks_diff(ticks_ms(), at)
            at = ticks_ms()
            before, pulses = pulses, self.pulses
            self._show((pulses - before) * _MINUTE_MS / took_ms / self._per_unit)
            unkept_ms += took_ms
            if unkept_ms >= self._keep_ms:
                unkept_ms = 0
                self._keep()
            await asyncio.sleep_ms(self._interval_ms)

    def _show(self, per_minute):
        total = self._before + self.pulses
        whole, rest = divmod(total, self._per_unit)
        text = str(whole)
        # In whole numbers, because the chip's floats have seven digits only.
        if self._digits:
            rest = rest * 10**self._digits // self._per_unit
            text += (".%%0%dd" % self._digits) % rest
        self._total.show(text)
        if self._rate and per_minute is not None:
            self._rate.show("%.3f" % per_minute)

    def _keep(self):
        if self._keep_ms:
            self.node.keep(self._key, self._before + self.pulses)
