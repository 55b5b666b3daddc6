# SPDX-License-Identifier: MIT
"""A lamp that also blinks: a light with effects in Home Assistant."""

from components.devices.signal import Signal, SignalEntity

_PATTERNS = {"blink": (500, 0, 500), "flash": (50, 0, 950), "fast": (100, 0, 100)}


class LED(Signal):
    """`led_args.py` describes the arguments; `patterns` replace those that there are."""

    def __init__(self, pin, name=None, patterns=None, invert=False):
        patterns = patterns or _PATTERNS
        effects = sorted([pattern.lower() for pattern in patterns])
        super().__init__(pin, _Lamp("led", name, {"fx_list": effects}), patterns, invert)


class _Lamp(SignalEntity):
    platform = "light"
    config = {"fx_cmd_t": "~/set"}
