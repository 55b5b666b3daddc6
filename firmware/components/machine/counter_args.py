# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/counter.py`."""


def _int(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, doc=doc, **more)


def _flag(doc, **more):
    return dict(type="bool", doc=doc, **more)


ARGS = {
    "Counter": {
        "pin": _int("GPIO number", 0, 48, required=True),
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "invert": _flag("a pulse is a low level, as of a contact to ground", default=True),
        "pull_up": _flag("45 kOhm to the supply; default true without pull_down"),
        "pull_down": _flag("45 kOhm to ground"),
        "debounce": _int(
            "a pulse and a pause must last so long; 0 for clean and fast pulses",
            0,
            65535,
            default=20,
            unit="ms",
        ),
        "per_unit": _int("pulses of one unit, such as 1000 per kWh", 1, 1000000, default=1),
        "unit": {"type": "str", "min": 1, "doc": "of the total"},
        "digits": _int("behind the point", 0, 6, default=0),
        "device_class": {"type": "str", "min": 1, "doc": "as in Home Assistant, such as energy"},
        "rate": _flag("a second sensor with the units per minute", default=False),
        "interval": {
            "type": "float",
            "min": 0.1,
            "max": 3600,
            "default": 60,
            "unit": "s",
            "doc": "how often it is published",
        },
        "keep": _int(
            "how often the total is stored, 0: never; a restart loses at most what came since",
            0,
            86400,
            default=600,
            unit="s",
        ),
        "allow_unsafe": _flag(
            "use a GPIO that disturbs the start of the node all the same", default=False
        ),
    }
}
