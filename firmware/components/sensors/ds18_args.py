# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/ds18.py`."""

from import_once import import_once

_ROM = {"type": "str", "min": 16, "max": 16, "required": True, "doc": "ROM code in hexadecimal"}
_ID = {"type": "str", "min": 1, "max": 32, "chars": "_-", "doc": "part of topics"}
_NAME = {"type": "str", "min": 1, "max": 64, "doc": "for people"}


def _keys():
    args = import_once("components.sensors.common_args")
    row = {"type": "dict", "keys": {"rom": _ROM, "id": _ID, "name": _NAME}}
    return args.common(
        pin={"type": "int", "min": 0, "max": 48, "required": True, "doc": "GPIO number"},
        sensors={
            "type": "list",
            "min": 1,
            "max": 32,
            "item": row,
            "doc": "the chips; without it all that are found at start",
        },
        precision_temp=args.precision("temperature"),
        temp_offset=args.offset("temperature", "°C"),
    )


ARGS = {"DS18": _keys()}
