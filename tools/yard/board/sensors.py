# SPDX-License-Identifier: MIT
"""What can be changed of the sensors on the board: temperatures, faults, power."""

import json
from typing import Any

Fields = dict[str, Any]

# What the models can take: °C, %, hPa, ppm, ppb, cm and V.
_LIMITS = {
    "temperature": (-100, 200),
    "humidity": (0, 100),
    "pressure": (200, 1200),
    "co2": (0, 65535),
    "tvoc": (0, 65535),
    "fault": (0, 255),
    "distance": (0, 1000),
    "voltage": (0, 1000),
}
_CAN_BE_NOTHING = "distance"


def sensor_row(sensor: object) -> Fields:
    """Describe one sensor: all its attributes that are numbers or true or false."""
    return {
        key: value
        for key, value in vars(sensor).items()
        if not key.startswith("_") and isinstance(value, int | float | None)
    }


def change(sensor: object, fields: Fields) -> Fields:
    """Change attributes of a sensor, which are in its row; return the row as it is then.

    Raises:
        ValueError: a value is of another kind than the one that is there, or out of range.
    """
    row = sensor_row(sensor)
    for key, value in fields.items():
        if value is None and key == _CAN_BE_NOTHING:
            continue
        if isinstance(row[key], bool) is not isinstance(value, bool) or not isinstance(
            value, int | float
        ):
            raise ValueError(f"{key}: must be like {json.dumps(row[key])}")
        lowest, highest = _LIMITS.get(key, (value, value))
        if not lowest <= value <= highest:
            raise ValueError(f"{key}: must be from {lowest} to {highest}")
    for key, value in fields.items():
        setattr(sensor, key, value)
    return sensor_row(sensor)
