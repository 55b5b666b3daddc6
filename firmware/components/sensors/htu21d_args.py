# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/htu21d.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.sensors.common_args")
    return args.i2c(
        0x40,
        precision_temp=args.precision("temperature"),
        precision_humid=args.precision("humidity"),
        temp_offset=args.offset("temperature", "°C"),
        humid_offset=args.offset("humidity", "%"),
    )


ARGS = {"HTU21D": _keys()}
