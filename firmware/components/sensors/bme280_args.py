# SPDX-License-Identifier: MIT
"""Arguments of `components/sensors/bme280.py`."""

from import_once import import_once


def _keys():
    args = import_once("components.sensors.common_args")
    keys = args.i2c(
        0x76,
        0x77,
        precision_temp=args.precision("temperature"),
        precision_pressure=args.precision("pressure"),
        temp_offset=args.offset("temperature", "°C"),
        pressure_offset=args.offset("pressure", "hPa"),
    )
    more = keys.copy()
    more["precision_humid"] = args.precision("humidity")
    more["humid_offset"] = args.offset("humidity", "%")
    return {"BMP280": keys, "BME280": more}


ARGS = _keys()
