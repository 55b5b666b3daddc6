# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/dht22.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.sensors.common_args")
    return args.common(
        pin={"type": "int", "min": 0, "max": 48, "required": True, "doc": "GPIO number"},
        precision_temp=args.precision("temperature"),
        precision_humid=args.precision("humidity"),
        temp_offset=args.offset("temperature", "°C"),
        humid_offset=args.offset("humidity", "%"),
    )


ARGS = {"DHT22": _keys()}
