# SPDX-License-Identifier: MIT
"""DS18B20 and DS1822: temperatures on a 1-Wire bus, any number on one pin.

Data sheet 19-7487 of Maxim Integrated. The chips need a supply: three wires.
"""

import asyncio
from binascii import hexlify, unhexlify

from micropython import const

from components.machine.one_wire import one_wire
from components.sensors.base import Sensor
from node.component import ConfigError

_FAMILIES = (0x28, 0x22)
_MATCH_ROM = const(0x55)
_SKIP_ROM = const(0xCC)
_CONVERT_T = const(0x44)
_READ_SCRATCHPAD = const(0xBE)
_CONVERT_MS = const(750)  # with 12 bits
_POWER_ON = const(0x0550)  # 85 °C, until it has measured; byte 6 is then
_POWER_ON_6 = const(0x0C)


class DS18(Sensor):
    """The chips on one pin.

    pin: GPIO number. sensors: a list of {"rom", "id", "name"}, None for all that are found.
    precision_temp: digits behind the point. temp_offset: is added to what was measured. common:
    the arguments of every Sensor.

    The temperature of a single chip is `temperature`, those of several are called by their ids.
    """

    def __init__(self, pin, sensors=None, precision_temp=1, temp_offset=0, **common):
        super().__init__(**common)
        self._gpio = pin
        self._digits = precision_temp
        self._offset = temp_offset
        self._roms = {}  # quantity -> ROM code, None if that is not known yet
        for i, row in enumerate(sensors or ()):
            self._add(row, "sensors[%d].rom" % i, len(sensors) == 1)

    async def start(self):
        self._wire = one_wire(self, self._gpio)
        if not self._roms:
            found = self._search()
            for rom in found:
                self._add({"rom": hexlify(rom).decode()}, "pin", len(found) == 1)
            self.node.log.info(self.name, "%d found", len(found))
        if not self._roms:
            self._measures("temperature", None, None)
        await super().start()

    async def read(self):
        if not self._wire.reset():
            raise OSError("nothing answers on GPIO %d" % self._gpio)
        await self._write(bytes((_SKIP_ROM, _CONVERT_T)))
        await asyncio.sleep_ms(_CONVERT_MS)
        values = {}
        for name, rom in self._roms.items():
            values[name] = await self._read_one(name, rom or self._found_late(name))
        return values

    def _add(self, row, key, alone):
        code = row["rom"].lower()
        try:
            rom = unhexlify(code)
        except ValueError:
            rom = b""
        if len(rom) != 8 or rom[0] not in _FAMILIES or _crc8(rom):
            raise ConfigError('"%s" is no ROM code of a DS18B20 or DS1822' % code, key)
        self._measures(row.get("id") or ("temperature" if alone else code), rom, row.get("name"))

    def _measures(self, name, rom, title):
        if name in self._roms or name == "interval":
            raise ConfigError('the id "%s" is used twice' % name, "sensors")
        self._roms[name] = rom
        self.measures("temperature", -55, 125, self._digits, self._offset, name, title)

    def _search(self):
        return [rom for rom in self._wire.scan() if rom[0] in _FAMILIES and not _crc8(rom)]

    def _found_late(self, name):
        found = self._search()
        if not found:
            raise OSError("no chip is found on GPIO %d" % self._gpio)
        self._roms[name] = found[0]
        return found[0]

    async def _read_one(self, name, rom):
        """Return a temperature in °C, or the text of a fault."""
        wire = self._wire
        wire.reset()
        await self._write(bytes((_MATCH_ROM,)) + rom + bytes((_READ_SCRATCHPAD,)))
        data = bytearray(9)
        for i in range(9):
            data[i] = wire.readbyte()
            await asyncio.sleep_ms(0)
        if _crc8(data) or not any(data):
            return "%s: no answer or a wrong checksum" % name
        raw = data[0] | data[1] << 8
        if raw == _POWER_ON and data[6] == _POWER_ON_6:
            return "%s: has not measured; is its supply connected?" % name
        return (raw - (raw >> 15 << 16)) / 16

    async def _write(self, data):
        # Nobody waits longer than for one byte, 0.6 ms.
        for byte in data:
            self._wire.writebyte(byte)
            await asyncio.sleep_ms(0)


def _crc8(data):
    """Return the checksum of the 1-Wire bus, 0 if the last byte is that of the others."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
