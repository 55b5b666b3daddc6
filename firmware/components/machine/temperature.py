# SPDX-License-Identifier: MIT
"""The temperature of the node's own chip: not of the room, but it tells of trouble."""

import esp32

from components.sensors.base import Sensor


class ChipTemperature(Sensor):
    """temp_offset: is added to what was measured. common: the arguments of every Sensor."""

    def __init__(self, temp_offset=0, **common):
        super().__init__(**common)
        self.measures("temperature", -40, 125, 0, temp_offset)
        self.quantities["temperature"].options["ent_cat"] = "diagnostic"

    async def read(self):
        # The ESP32 itself measures in degrees Fahrenheit, all others in degrees Celsius.
        measure = getattr(esp32, "mcu_temperature", None)
        value = measure() if measure else (esp32.raw_temperature() - 32) / 1.8
        return {"temperature": value}
