# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/ccs811.py`."""

from import_once import import_once


def _keys():
    return import_once("components.sensors.common_args").i2c(
        0x5A,
        0x5B,
        temperature={"type": "ref", "doc": "sensor of the temperature around it"},
        humidity={"type": "ref", "doc": "sensor of the humidity around it"},
    )


ARGS = {"CCS811": _keys()}
