# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/adc.py`."""


def _number(doc, **more):
    return dict(type="float", doc=doc, **more)


def _text(doc, **more):
    return dict(type="str", min=1, doc=doc, **more)


def _int(doc, lowest, highest, **more):
    return dict(type="int", min=lowest, max=highest, doc=doc, **more)


ARGS = {
    "ADC": {
        "pin": _int("GPIO number: 32 to 39 of an ESP32", 0, 48, required=True),
        "name": _text("for people", max=64),
        "attenuation": _text(
            "highest voltage: about 0.95, 1.25, 1.75 or 2.45 V, the last one is best",
            choices=("0dB", "2.5dB", "6dB", "11dB"),
            default="11dB",
        ),
        "samples": _int("how many readings make a value", 1, 64, default=8),
        "scale": _number("factor by which the volts are multiplied", default=1),
        "offset": _number("added to that", default=0),
        "unit": {"type": "str", "default": "V", "doc": "of the result"},
        "digits": _int("behind the point", 0, 6, default=2),
        "device_class": _text('as in Home Assistant, such as "voltage"'),
        "interval": _number("how often it is published", min=0.1, max=3600, default=30, unit="s"),
        "threshold": _number("a change of so much is published at once", min=0),
        "check_ms": _int("with a threshold: how often it is read", 10, 60000, default=1000),
    }
}
