# SPDX-License-Identifier: MIT
# ruff: noqa: F401 - the names are what this module is for
"""`machine` as on the ESP32, wired to a simulated board; see `board_link`."""

from umachine import mem8, mem16, mem32

from machine._analog import ADC, PWM
from machine._chip import (
    DEEPSLEEP,
    DEEPSLEEP_RESET,
    HARD_RESET,
    PWRON_RESET,
    SLEEP,
    SOFT_RESET,
    WDT,
    WDT_RESET,
    deepsleep,
    disable_irq,
    enable_irq,
    freq,
    idle,
    lightsleep,
    reset,
    reset_cause,
    soft_reset,
    unique_id,
)
from machine._counter import Counter
from machine._i2c import I2C, SoftI2C
from machine._pin import Pin, Signal, time_pulse_us
from machine._rtc import RTC
from machine._timer import Timer
