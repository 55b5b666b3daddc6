# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/led.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.devices.signal_args")
    return args.describe("blink, flash and fast, each until it is switched off")


ARGS = {"LED": _keys()}
