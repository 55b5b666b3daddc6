# SPDX-License-Identifier: MIT
"""`machine.ADC` and `machine.PWM`."""

import board_link
from micropython import const

from machine import _pin

_ADC_GPIOS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)
_FULL_SCALE_UV = (950_000, 1_250_000, 1_750_000, 2_450_000)  # by attenuation

_FULL_U16 = const(65535)
_DEFAULT_FREQ = const(5000)
_HIGHEST_FREQ = const(40_000_000)
_NS_PER_S = const(1_000_000_000)


class ADC:
    """An analog input."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    _width = 12

    def __init__(self, pin, *, atten=ATTN_0DB):
        self._gpio = _pin.gpio_of(pin)
        if self._gpio not in _ADC_GPIOS:
            raise ValueError("invalid pin")
        self._link = board_link.link()
        self.atten(atten)

    init = __init__

    def atten(self, atten):
        """Set the attenuation, one of ATTN_*."""
        if not 0 <= atten < len(_FULL_SCALE_UV):
            raise ValueError("invalid atten")
        self._atten = atten

    def width(self, bits):
        """Set the resolution of `read`, one of WIDTH_*."""
        if not ADC.WIDTH_9BIT <= bits <= ADC.WIDTH_12BIT:
            raise ValueError("invalid bits")
        self._width = bits

    def read(self):
        """Return the reading in the resolution of `width`."""
        return self.read_u16() >> 16 - self._width

    def read_u16(self):
        """Return the reading, 0 to 65535."""
        return self._link.adc_read(self._gpio)

    def read_uv(self):
        """Return the reading in microvolts."""
        return self.read_u16() * _FULL_SCALE_UV[self._atten] // _FULL_U16


class PWM:
    """Pulses on a pin."""

    def __init__(self, pin, freq=None, *, duty=None, duty_u16=None, duty_ns=None):
        self._pin = _pin.Pin(pin)
        self._gpio = _pin.gpio_of(pin)
        self._link = board_link.link()
        self._freq = _DEFAULT_FREQ
        self._duty_u16 = _FULL_U16 // 2 + 1
        self._init(freq, duty, duty_u16, duty_ns)

    def init(self, freq=None, *, duty=None, duty_u16=None, duty_ns=None):
        """Change frequency in Hz and duty."""
        self._init(freq, duty, duty_u16, duty_ns)

    def deinit(self):
        """Stop; the pin is low."""
        self._pin.init(_pin.Pin.OUT, value=0)

    def freq(self, *freq):
        """Return or set the frequency in Hz."""
        return self._get_or_set(self._freq, freq, "freq")

    def duty(self, *duty):
        """Return or set the duty, 0 to 1023."""
        return self._get_or_set(self._duty_u16 >> 6, duty, "duty")

    def duty_u16(self, *duty_u16):
        """Return or set the duty, 0 to 65535."""
        return self._get_or_set(self._duty_u16, duty_u16, "duty_u16")

    def duty_ns(self, *duty_ns):
        """Return or set the length of a pulse in ns."""
        ns = self._duty_u16 * _NS_PER_S // (_FULL_U16 * self._freq)
        return self._get_or_set(ns, duty_ns, "duty_ns")

    def _get_or_set(self, present, arguments, name):
        if not arguments:
            return present
        (value,) = arguments
        settings = {"freq": None, "duty": None, "duty_u16": None, "duty_ns": None, name: value}
        self._init(**settings)

    def _init(self, freq, duty, duty_u16, duty_ns):
        if freq is not None:
            if not 0 < freq <= _HIGHEST_FREQ:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            self._freq = freq
        if duty is not None:
            if not 0 <= duty <= 1023:
                raise ValueError("duty must be from 0 to 1023")
            duty_u16 = duty << 6
        if duty_ns is not None:
            duty_u16 = duty_ns * self._freq * _FULL_U16 // _NS_PER_S
        if duty_u16 is not None:
            if not 0 <= duty_u16 <= _FULL_U16:
                raise ValueError("duty_u16 must be from 0 to 65535")
            self._duty_u16 = duty_u16
        self._link.pwm(self._gpio, self._freq, self._duty_u16)
