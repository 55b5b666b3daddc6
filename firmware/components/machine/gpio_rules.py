# SPDX-License-Identifier: MIT
"""What the GPIOs of an ESP32 cannot be, and why, and who gets them. Needed at start only.

From the ESP32 data sheet, "Pins" and "Boot Configurations".
"""

import os

import machine
from micropython import const

from components.machine.claims import claim
from node.component import ConfigError

_INPUT_ONLY = const(34)  # this one and those above it
_ADC1 = const(32)  # the same

_FLASH = "the flash memory is connected to it"
_OUTPUT = const(1)
_INPUT = const(2)
# GPIO -> for what it is unsafe, why.
_UNSAFE = {
    0: (_OUTPUT | _INPUT, "a low level during a reset starts the boot loader, not the node"),
    1: (_OUTPUT | _INPUT, "the serial console sends on it"),
    2: (_INPUT, "a high level during a reset keeps the boot loader from starting"),
    3: (_OUTPUT | _INPUT, "the serial console receives on it"),
    5: (_OUTPUT, "it is high during a reset"),
    6: (_OUTPUT | _INPUT, _FLASH),
    7: (_OUTPUT | _INPUT, _FLASH),
    8: (_OUTPUT | _INPUT, _FLASH),
    9: (_OUTPUT | _INPUT, _FLASH),
    10: (_OUTPUT | _INPUT, _FLASH),
    11: (_OUTPUT | _INPUT, _FLASH),
    12: (_OUTPUT | _INPUT, "a high level during a reset keeps the node from starting"),
    14: (_OUTPUT, "it gives pulses during a reset"),
    15: (_OUTPUT, "it is high during a reset"),
}


def check(component, gpio, key, drives, pull_up=None, pull_down=None, allow_unsafe=False):
    """Give a GPIO to `component`.

    gpio: its number. key: the argument that names it. drives: it is to be an output. pull_up,
    pull_down: what of the GPIO's own is asked for. allow_unsafe: also where it disturbs the start
    of the node. Raises ConfigError when it cannot be that, or is used already.
    """
    if pull_up and pull_down:
        raise ConfigError("pull_up and pull_down exclude each other", "pull_down")
    reason = fault(gpio, drives, pull_up or pull_down, allow_unsafe)
    if reason:
        raise ConfigError(reason, key)
    try:
        machine.Pin(gpio)
    except ValueError as e:
        raise ConfigError("GPIO %d: %s" % (gpio, e), key)
    claim("GPIO %d" % gpio, component.name, key)


def fault(gpio, drives, pulls=False, allow_unsafe=False):
    """Return why a GPIO cannot be an output (`drives`) or an input, None if it can.

    pulls: with a pull-up or pull-down of its own. allow_unsafe: never mind what is only unsafe.
    Variants of the ESP32 that are not in this table are left to their `machine.Pin`.
    """
    if not _is_esp32():
        return None
    if gpio >= _INPUT_ONLY:
        if drives:
            return "GPIO %d can only be an input" % gpio
        if pulls:
            return "GPIO %d has neither pull-up nor pull-down; it needs one outside" % gpio
    uses, reason = _UNSAFE.get(gpio, (0, None))
    if allow_unsafe or not uses & (_OUTPUT if drives else _INPUT):
        return None
    return 'GPIO %d: %s; "allow_unsafe" overrides this' % (gpio, reason)


def analog_fault(gpio):
    """Return why a GPIO cannot be read as an analog input, None if it can."""
    if _is_esp32() and gpio < _ADC1:
        return "GPIO %d cannot be measured while Wi-Fi is on; only 32 to 39 can" % gpio
    return None


def _is_esp32():
    # Such as "Generic ESP32 module with ESP32", of others "... with ESP32S3".
    uname = getattr(os, "uname", None)
    return not uname or uname().machine.split()[-1] == "ESP32"
