# SPDX-License-Identifier: MIT
"""Native pins for a component: GPIOs with the interface that the pins of an expander have."""

import machine
from import_once import import_once
from native_port import CAPACITY, NativePort
from pins import Pin

from node.component import ConfigError


def pull(pull_up=None, pull_down=None):
    """Return the pull as `machine.Pin` knows it; without another wish it is a pull-up."""
    if pull_down:
        return machine.Pin.PULL_DOWN
    # A GPIO that has none takes no notice.
    return None if pull_up is False else machine.Pin.PULL_UP


class NativePins:
    """The native pins of one component, which makes this in its `start`:

        pins = NativePins(self)
        self.lamp = pins.output(self._lamp, "lamp")
        self.button = pins.input(self._button, "button", invert=True)
        pins.start()

    and calls `pins.stop()` in its own. Where an argument is described as {"type": "ref", "of":
    "pin"}, what comes may be a pin already; it is given back as it is.

    Attribute: `port`, the NativePort.
    """

    def __init__(self, component):
        self._component = component
        self._pulls = []
        self._rules = import_once("components.machine.gpio_rules")
        self.port = NativePort(component.node.settings.COMMAND_TTL_MS)

    def output(self, gpio, key, invert=False, restore="off", allow_unsafe=False):
        """Return an output as a Pin; it is driven from `start` on.

        gpio: its number. key: the argument that names it. invert: on is a low level. restore: what
        it is at first, "off" or "on". allow_unsafe: also where it disturbs the start of the node.
        Raises ConfigError when that cannot be.
        """
        if not isinstance(gpio, int):
            return gpio
        self.reserve(gpio, key, True, allow_unsafe=allow_unsafe)
        pin = Pin(self.port, len(self.port.gpios))
        self.add_output(gpio, pin, invert, restore)
        return pin

    def input(
        self,
        gpio,
        key,
        invert=False,
        pull_up=None,
        pull_down=None,
        debounce=20,
        allow_unsafe=False,
    ):
        """Return an input as a Pin; it has a level from `start` on.

        pull_up, pull_down: of the GPIO's own; default a pull-up where there is one. debounce: ms
        that a change must last, or {"on": ms, "off": ms}. The other arguments and errors are those
        of `output`.
        """
        if not isinstance(gpio, int):
            return gpio
        self.reserve(gpio, key, False, pull_up, pull_down, allow_unsafe)
        pin = Pin(self.port, len(self.port.gpios))
        self.add_input(gpio, pin, invert, pull(pull_up, pull_down), debounce)
        return pin

    def reserve(self, gpio, key, drives, pull_up=None, pull_down=None, allow_unsafe=False):
        """Give a GPIO to the component, without touching it; see `check` of `gpio_rules`."""
        if gpio in self.port.gpios:
            raise ConfigError("GPIO %d is used twice" % gpio, key)
        if len(self.port.gpios) == CAPACITY:
            raise ConfigError("a component can have at most %d native pins" % CAPACITY, key)
        self._rules.check(self._component, gpio, key, drives, pull_up, pull_down, allow_unsafe)

    def add_output(self, gpio, user, invert, restore):
        """Make a reserved GPIO an output of `user`, which has a Pin already."""
        self.port.output(len(self.port.gpios), user, invert, restore)
        self._add(gpio, None)

    def add_input(self, gpio, user, invert, pull, debounce):
        """Make a reserved GPIO an input of `user`, which has a Pin already.

        pull: as the function of that name returns it.
        """
        self.port.input(len(self.port.gpios), user, invert, debounce)
        self._add(gpio, pull)

    def _add(self, gpio, pull):
        self.port.gpios.append(gpio)
        self._pulls.append(pull)

    def pin(self, gpio):
        """Return the pin for a reference. Raises ValueError for one that was not claimed."""
        gpios = self.port.gpios
        user = self.port.users[gpios.index(gpio)] if gpio in gpios else None
        if user is None:  # also one of a row with a fault
            raise ValueError('"%s" does not have GPIO %d' % (self._component.name, gpio))
        return user.pin

    def start(self):
        """Drive and read the pins from now on."""
        port = self.port
        port.start(self._create)
        self._pulls = self._rules = None
        component = self._component
        component.node.spawn("pins " + component.name, port.run)
        if port.reader:
            component.node.spawn("edges " + component.name, port.listen)

    def stop(self):
        """Leave the pins as they are."""
        self.port.stop()

    def _create(self, number, level):
        pin = machine.Pin
        gpio = self.port.gpios[number]
        try:
            if level is None:
                return pin(gpio, pin.IN, self._pulls[number])
            # The level is there before the direction: a relay does not click.
            return pin(gpio, pin.OUT, value=level)
        except ValueError as e:
            raise ConfigError("GPIO %d: %s" % (gpio, e))
