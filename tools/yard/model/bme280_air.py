# SPDX-License-Identifier: MIT
"""A BME280 or BMP280 that measures given weather, where `BME280` is given readings of its ADC.

The readings are found by the formulas in floating point of BST-BME280-DS002, 8.1.
"""

from yard.model.bme280 import BME280, EXAMPLE, EXAMPLE_H

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Numbers = tuple[int, ...]

_HIGHEST, _HIGHEST_H = 0xFFFFF, 0xFFFF
_SKIPPED, _SKIPPED_H = 0x80000, 0x8000


class BME280InAir(BME280):
    """One chip.

    Args:
        humid: False makes it a BMP280.

    Attributes:
        temperature, pressure, humidity: of the air, in degrees Celsius, hPa and percent; a BMP280
            has no humidity.
    """

    def __init__(self, humid: bool = True) -> None:
        super().__init__(humidity=EXAMPLE_H if humid else None)
        self.temperature = 20.0
        self.pressure = 1013.0
        if humid:
            self.humidity = 50.0

    def _measure(self, control: int) -> None:
        self.adc_t = _reading(lambda adc: fine_temperature(adc) / 5120, self.temperature)
        t_fine = fine_temperature(self.adc_t)
        self.adc_p = _reading(lambda adc: pressure(adc, t_fine), self.pressure)
        if self._humid:
            self.adc_h = _reading(lambda adc: humidity(adc, t_fine), self.humidity, _HIGHEST_H)
        super()._measure(control)


def _reading(measured: "Callable[[int], float]", wanted: float, highest: int = _HIGHEST) -> int:
    """Return the reading of which `measured`, which rises or falls, makes what is wanted."""
    falls = measured(0) > measured(highest)
    low, high = 0, highest
    while low < high:
        middle = (low + high) // 2
        if (measured(middle) < wanted) != falls:
            low = middle + 1
        else:
            high = middle
    return low + 1 if low in (_SKIPPED, _SKIPPED_H) else low


def fine_temperature(adc: int, trimming: "Numbers" = EXAMPLE) -> float:
    """Return the temperature in 1/5120 degrees Celsius."""
    t1, t2, t3 = trimming[:3]
    first = (adc / 16384 - t1 / 1024) * t2
    return first + (adc / 131072 - t1 / 8192) ** 2 * t3


def pressure(adc: int, t_fine: float, trimming: "Numbers" = EXAMPLE) -> float:
    """Return the pressure in hPa."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trimming[3:]
    first = t_fine / 2 - 64000
    second = (first * first * p6 / 32768 + first * p5 * 2) / 4 + p4 * 65536
    first = (p3 * first * first / 524288 + p2 * first) / 524288
    first = (1 + first / 32768) * p1
    value = (1048576 - adc - second / 4096) * 6250 / first
    return (value + (p9 * value * value / 2147483648 + value * p8 / 32768 + p7) / 16) / 100


def humidity(adc: int, t_fine: float, trimming: "Numbers" = EXAMPLE_H) -> float:
    """Return the relative humidity in percent."""
    h1, h2, h3, h4, h5, h6 = trimming
    t = t_fine - 76800
    value = adc - (h4 * 64 + h5 / 16384 * t)
    value *= h2 / 65536 * (1 + h6 / 67108864 * t * (1 + h3 / 67108864 * t))
    return min(max(value * (1 - h1 * value / 524288), 0.0), 100.0)
