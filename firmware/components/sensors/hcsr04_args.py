# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/hcsr04.py`."""

from import_once import import_once


def _gpio(doc):
    return {"type": "int", "min": 0, "max": 48, "required": True, "doc": doc}


def _keys():
    args = import_once("components.sensors.common_args")
    return args.common(
        trigger=_gpio("GPIO number of TRIG"),
        echo=_gpio("GPIO number of ECHO, through a divider"),
        max_distance={
            "type": "float",
            "min": 2,
            "max": 400,
            "default": 200,
            "unit": "cm",
            "doc": "what is farther away is not seen; the node stands still for 58 us per cm",
        },
        precision=args.precision("distance"),
        offset=args.offset("distance", "cm"),
    )


ARGS = {"HCSR04": _keys()}
