# SPDX-License-Identifier: MIT
"""What can be changed of the sensors on the board: temperatures, faults, power."""

import json
from typing import Any

Fields = dict[str, Any]


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
        ValueError: a value is of another kind than the one that is there.
    """
    row = sensor_row(sensor)
    for key, value in fields.items():
        if isinstance(row[key], bool) is not isinstance(value, bool) or not (
            value is None or isinstance(value, int | float)
        ):
            raise ValueError(f"{key}: must be like {json.dumps(row[key])}")
    for key, value in fields.items():
        setattr(sensor, key, value)
    return sensor_row(sensor)
