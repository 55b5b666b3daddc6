# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/identify.py` and `components/machine/status_led.py`."""

ARGS = {
    "Identify": {
        "pin": {
            "type": "ref",
            "of": "pin",
            "required": True,
            "doc": 'GPIO number, or an output such as "@chip20.3"',
        },
        "invert": {
            "type": "bool",
            "default": False,
            "doc": "a GPIO is low when the lamp is on; a pin of a table has its own",
        },
        "seconds": {
            "type": "int",
            "min": 1,
            "max": 300,
            "default": 10,
            "unit": "s",
            "doc": "how long it blinks when it is to be found",
        },
    }
}
