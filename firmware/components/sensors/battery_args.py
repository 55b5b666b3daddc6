# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/battery.py`."""

from import_once import import_once


def _volts(doc):
    return {"type": "float", "min": 0, "max": 1000, "required": True, "unit": "V", "doc": doc}


def _keys():
    args = import_once("components.sensors.common_args")
    adc = import_once("components.machine.adc_args").ARGS["ADC"]
    return args.common(
        pin=adc["pin"],
        attenuation=adc["attenuation"],
        samples=adc["samples"],
        voltage_min=_volts("of an empty battery"),
        voltage_max=_volts("of a full battery"),
        multiplier={
            "type": "float",
            "min": 1,
            "max": 1000,
            "default": 1,
            "doc": "what the divider in front of the pin divides by",
        },
        precision=args.precision("voltage", 2),
    )


ARGS = {"Battery": _keys()}
