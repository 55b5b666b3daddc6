# SPDX-License-Identifier: MIT
"""A pin with a DHT22."""

import dht
import machine
from import_once import import_once


def dht22(component, gpio):
    """Return a function that measures: it returns (°C, %).

    It raises OSError or ValueError when there is no or a wrong answer. `component` gets the GPIO;
    raises ConfigError when it cannot be that.
    """
    import_once("components.machine.gpio_rules").check(component, gpio, "pin", True)
    sensor = dht.DHT22(machine.Pin(gpio))

    def measure():
        try:
            sensor.measure()
        except OSError:
            raise OSError("nothing answers on GPIO %d" % gpio)
        except Exception as e:  # noqa: BLE001 that is what it raises for a wrong checksum
            raise ValueError(str(e))
        return sensor.temperature(), sensor.humidity()

    return measure
