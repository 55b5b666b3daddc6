# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/remote_sensor.py`."""

from import_once import import_once


def _keys():
    kinds = tuple(import_once("components.sensors.kinds").KINDS)
    return {
        "topic": {
            "type": "str",
            "min": 1,
            "max": 256,
            "required": True,
            "doc": "such as home/attic/htu/temperature/state",
        },
        "kind": {
            "type": "str",
            "choices": kinds,
            "default": "temperature",
            "doc": "what the value is",
        },
        "key": {
            "type": "str",
            "min": 1,
            "max": 64,
            "doc": "of the value in a JSON object; without it the payload is the value",
        },
        "retained": {
            "type": "bool",
            "default": False,
            "doc": "also take what the broker has kept, of which nobody knows how old it is",
        },
        "max_age": {
            "type": "float",
            "min": 1,
            "max": 200000,
            "default": 900,
            "unit": "s",
            "doc": "how long a value is good",
        },
    }


ARGS = {"RemoteSensor": _keys()}
