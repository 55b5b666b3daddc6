# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/servo.py`."""


def _int(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, doc=doc, **more)


ARGS = {
    "Servo": {
        "pin": _int("GPIO number", 0, 48, required=True),
        "name": {"type": "str", "min": 1, "max": 64, "doc": "for people"},
        "angle": _int("how far it turns", 1, 3600, default=180, unit="degrees"),
        "min_us": _int("length of a pulse for 0 degrees", 300, 3000, default=1000, unit="us"),
        "max_us": _int(
            "the same for the highest angle; less than min_us turns the direction",
            300,
            3000,
            default=2000,
            unit="us",
        ),
        "restore": _int("angle when the node starts; default: it stays", 0, 3600, unit="degrees"),
        "off_ms": _int(
            "pulses end so long after a move, 0: never", 0, 60000, default=0, unit="ms"
        ),
        "allow_unsafe": {
            "type": "bool",
            "default": False,
            "doc": "use a GPIO that disturbs the start of the node all the same",
        },
    }
}
