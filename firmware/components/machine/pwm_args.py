# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/pwm.py`."""


def _int(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, doc=doc, **more)


ARGS = {
    "PWM": {
        "pin": _int("GPIO number", 0, 48, required=True),
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "freq": _int("pulses per second", 1, 40000000, default=1000, unit="Hz"),
        "invert": {"type": "bool", "default": False, "doc": "on is a low level"},
        "restore": {
            "type": "str",
            "choices": ("off", "on", "last"),
            "default": "off",
            "doc": "what it is when the node starts",
        },
        "icon": {"type": "str", "min": 1, "doc": "as in Home Assistant"},
        "allow_unsafe": {
            "type": "bool",
            "default": False,
            "doc": "use a GPIO that disturbs the start of the node all the same",
        },
    }
}
