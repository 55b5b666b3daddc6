# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/temperature.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.sensors.common_args")
    return args.common(temp_offset=args.offset("temperature", "°C"))


ARGS = {"ChipTemperature": _keys()}
