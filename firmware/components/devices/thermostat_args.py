# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/thermostat.py`."""


def _degrees(doc, default, lowest=-50, highest=150):
    return {
        "type": "float",
        "min": lowest,
        "max": highest,
        "default": default,
        "unit": "°C",
        "doc": doc,
    }


def _seconds(doc, default, lowest, highest):
    return {
        "type": "int",
        "min": lowest,
        "max": highest,
        "default": default,
        "unit": "s",
        "doc": doc,
    }


def _output(doc):
    return {"type": "ref", "of": "pin", "doc": doc + ': GPIO number, or such as "@chip20.3"'}


ARGS = {
    "Thermostat": {
        "sensor": {
            "type": "ref",
            "required": True,
            "doc": 'of the temperature, such as "@bath" or "@boiler.flow"',
        },
        "heater": _output("output that heats"),
        "cooler": _output("output that cools"),
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "target": _degrees("temperature until somebody sets another", 20),
        "lowest": _degrees("lowest temperature that can be set", 5),
        "highest": _degrees("highest temperature that can be set", 35),
        "hysteresis": _degrees("it switches so far below and above the target", 0.3, 0, 20),
        "min_on": _seconds("an output is on for so long at least", 0, 0, 86400),
        "min_off": _seconds("an output is off for so long at least", 0, 0, 86400),
        "interval": _seconds("how often the sensor is asked", 30, 1, 3600),
        "invert": {
            "type": "bool",
            "default": False,
            "doc": "a GPIO is low when it is on; a pin of a table has its own",
        },
    }
}
