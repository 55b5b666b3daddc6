# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/buzzer.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.devices.signal_args")
    return args.describe(
        "beep, double, and alarm until it is switched off",
        tone={
            "type": "str",
            "min": 1,
            "default": "alarm",
            "doc": "the pattern that ON plays",
        },
    )


ARGS = {"Buzzer": _keys()}
