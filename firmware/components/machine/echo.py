# SPDX-License-Identifier: MIT
"""Two pins: a pulse on one is answered by a pulse on the other, whose length counts."""

from time import sleep_us

import machine
from import_once import import_once
from micropython import const

from node.component import ConfigError

_TRIGGER_US = const(10)


class Echo:
    """trigger, echo: GPIO numbers, which `component` gets.

    Raises ConfigError when one of them cannot be that.
    """

    def __init__(self, component, trigger, echo):
        check = import_once("components.machine.gpio_rules").check
        check(component, trigger, "trigger", True)
        check(component, echo, "echo", False)
        if trigger == echo:
            raise ConfigError("must be another pin than trigger", "echo")
        pin = machine.Pin
        self._trigger = pin(trigger, pin.OUT, value=0)
        self._echo = pin(echo, pin.IN)

    def measure(self, limit_us):
        """Return the length of the answer in us, -1 if it is longer than that, -2 if none comes.

        Holds up the node for as long.
        """
        self._trigger.on()
        sleep_us(_TRIGGER_US)
        self._trigger.off()
        return machine.time_pulse_us(self._echo, 1, limit_us)
