# SPDX-License-Identifier: MIT
"""`machine.Pin`, `Signal` and `time_pulse_us`."""

from time import sleep_us, ticks_diff, ticks_us

import board_link
from board_link import interrupts
from micropython import const

# What an ESP32 module brings out; 6, 7, 8 and 11 belong to the flash.
_GPIOS = frozenset(
    (0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27)
    + (32, 33, 34, 35, 36, 37, 38, 39)
)
_FIRST_INPUT_ONLY = const(34)

_MODE_OF_BOARD = {1: 0, 3: 1, 7: 2}  # Pin.IN, OUT, OPEN_DRAIN
_PULL_OF_BOARD = {None: 0, 2: 1, 1: 2}  # none, Pin.PULL_UP, PULL_DOWN

_READ = object()  # no level given

counters = []  # machine.Counter in use

_pins = {}
_i2c_of_pin = {}  # GPIO number -> peripheral that the pin is connected to


class Pin:
    """A GPIO; `Pin(2)` is always the same object."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __new__(cls, id, *args, **kwargs):
        gpio = gpio_of(id)
        pin = _pins.get(gpio)
        if pin is None:
            pin = object.__new__(cls)
            pin._set_up(gpio)
            _pins[gpio] = pin
        return pin

    def __init__(self, id, mode=None, pull=-1, **kwargs):
        if mode is not None or pull != -1 or kwargs:
            self.init(mode, pull, **kwargs)

    def _set_up(self, gpio):
        self._gpio = gpio
        self._link = board_link.link()
        self._link.on_pin = _edge
        self._mode = Pin.IN
        self._pull = None
        self._output = 0
        self._i2c = None  # peripheral whose wire the pin still is, though it was taken from it
        self._irq = _Irq(self)

    def __repr__(self):
        return "Pin(%d)" % self._gpio

    def init(self, mode=None, pull=-1, *, value=None, drive=None, hold=None):
        """Configure the pin; the level is set before the direction."""
        if mode is not None and mode not in _MODE_OF_BOARD:
            raise ValueError("invalid pin mode")
        if mode not in (None, Pin.IN) and self._gpio >= _FIRST_INPUT_ONLY:
            raise ValueError("pin can only be input")
        if pull != -1:
            if pull not in _PULL_OF_BOARD:
                raise ValueError("invalid pull")
            # Those that can only be inputs have no pulls; the ESP32 says nothing of it.
            self._pull = None if self._gpio >= _FIRST_INPUT_ONLY else pull
        if mode is not None:
            self._mode = mode
            self._take_from_i2c()
        if value is not None:
            self.value(value)
        if mode is not None or pull != -1:
            board_pull = _PULL_OF_BOARD[self._pull]
            self._link.pin_mode(self._gpio, _MODE_OF_BOARD[self._mode], board_pull)

    def value(self, level=_READ):
        """Return the level on the pin, or set the level that it drives."""
        if level is not _READ:
            self._write(1 if level else 0)
            return None
        if self._i2c and self._i2c.holds_low(self._gpio):
            return 0
        return self._link.pin_read(self._gpio)

    __call__ = value

    def on(self):
        """Drive the pin high."""
        self._write(1)

    def off(self):
        """Drive the pin low."""
        self._write(0)

    def toggle(self):
        """Drive the other level."""
        self._write(1 - self._output)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, wake=None):
        """Have `handler(pin)` called at an edge; returns the object that describes it."""
        if trigger not in (Pin.IRQ_RISING, Pin.IRQ_FALLING, Pin.IRQ_RISING | Pin.IRQ_FALLING):
            raise ValueError("the simulated board knows edges only")
        self._irq.handler = handler
        self._irq.edges = trigger
        return self._irq

    def _write(self, level):
        if self._i2c and level > self._output:
            self._i2c.rising_edge(self._gpio)
        self._output = level
        self._link.pin_write(self._gpio, level)

    def _take_from_i2c(self):
        if self._gpio in _i2c_of_pin:
            self._i2c = _i2c_of_pin.pop(self._gpio)
            self._i2c.lose_pins()
            self._output = 1  # as I2C left it


class _Irq:
    def __init__(self, pin):
        self.handler = None
        self.edges = 0
        self._pin = pin

    def __call__(self):
        if self.handler:
            interrupts.call(self.handler, self._pin)

    def trigger(self, *edges):
        """Return what triggers, and change it if told to."""
        before = self.edges
        if edges:
            (self.edges,) = edges
        return before


class Signal:
    """A pin, possibly inverted: `Signal(pin, invert=False)` or the arguments of a Pin."""

    def __init__(self, pin, *args, invert=False, **kwargs):
        self._invert = 1 if invert else 0
        if not hasattr(pin, "value"):
            if "value" in kwargs:
                kwargs["value"] = bool(kwargs["value"]) ^ bool(invert)
            pin = Pin(pin, *args, **kwargs)
        elif args or kwargs:
            raise TypeError
        self._pin = pin

    def value(self, active=_READ):
        """Return or set whether the signal is active."""
        if active is _READ:
            return self._pin.value() ^ self._invert
        return self._pin.value((1 if active else 0) ^ self._invert)

    __call__ = value

    def on(self):
        """Make the signal active."""
        self.value(1)

    def off(self):
        """Make the signal inactive."""
        self.value(0)


def gpio_of(id):
    """Return the GPIO number of a Pin or a number; ValueError when there is no such pin."""
    if isinstance(id, Pin):
        return id._gpio
    if not isinstance(id, int) or id not in _GPIOS:
        raise ValueError("invalid pin")
    return id


def connect_i2c(gpio, i2c):
    """Give a pin to an I2C peripheral, until it is initialised as a GPIO again."""
    _i2c_of_pin[gpio] = i2c
    if gpio in _pins:
        _pins[gpio]._i2c = None


def time_pulse_us(pin, pulse_level, timeout_us=1_000_000):
    """Return the length of a pulse in us; -2 when it does not begin, -1 when it does not end."""
    answer = pin._link.exchange(pin._gpio, b"")
    if answer:
        # Of a device that tells how long its pulse is; nobody could measure it through a link.
        us = int.from_bytes(answer, "little")
        sleep_us(min(us, timeout_us))
        return us if us <= timeout_us else -1
    start = ticks_us()
    while pin.value() != pulse_level:
        if ticks_diff(ticks_us(), start) > timeout_us:
            return -2
    start = ticks_us()
    while pin.value() == pulse_level:
        if ticks_diff(ticks_us(), start) > timeout_us:
            return -1
    return ticks_diff(ticks_us(), start)


def _edge(gpio, level):
    for counter in counters:
        counter.edge(gpio, level)
    pin = _pins.get(gpio)
    if pin and pin._irq.edges & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
        pin._irq()


def _forget():
    _pins.clear()
    counters.clear()
    _i2c_of_pin.clear()


board_link.at_fresh_board(_forget)
