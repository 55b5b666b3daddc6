# SPDX-License-Identifier: MIT
"""`machine.I2C` and `machine.SoftI2C`: transfers take as long as on a real bus, also failed ones.

Both reach the bus with the same number on the board, SoftI2C bus 0, whatever the pins. Nothing is
allocated by `readfrom_into`, `writeto`, `readfrom_mem_into` and `writeto_mem`.
"""

import errno
from time import sleep_us, ticks_diff, ticks_us

import board_link
from board_link import ENODEV, ETIMEDOUT, OK
from micropython import const

from machine import _pin

_DEFAULT_PINS = ((18, 19), (25, 26))  # scl, sda of I2C(0) and I2C(1)
_FIRST_ADDRESS = const(0x08)
_LAST_ADDRESS = const(0x77)

# Linux wakes a sleeper up to 100 us late; so much of a wait is spent awake.
_SPIN_US = const(300)

_BITS_OF_A_BYTE = const(9)  # with the acknowledge

_peripherals = {}


class _Bus:
    """What both classes have."""

    def _set_up(self, bus_id, scl, sda, freq, timeout):
        if freq <= 0:
            raise ValueError("invalid freq")
        self._link = board_link.link()
        self._id = bus_id
        self._scl = scl
        self._sda = sda
        self._freq = freq
        self._timeout_us = timeout
        self._connected = True
        self._clocks = 0
        _pin.connect_i2c(scl, self)
        _pin.connect_i2c(sda, self)
        self._link.bus_settings(bus_id, freq, scl, sda)

    def lose_pins(self):
        """A pin became a GPIO again: nothing works until the peripheral is created anew."""
        self._connected = False
        self._clocks = 0

    def rising_edge(self, gpio):
        """A program drives a former pin high. Nine clocks are what frees a stuck device."""
        if gpio == self._scl:
            # The board has no wire for single clocks.
            self._clocks += 1
            if self._clocks == _BITS_OF_A_BYTE:
                self._link.recover(self._id)

    def holds_low(self, gpio):
        """Return whether a device on the bus holds a former pin low."""
        if gpio != self._sda:
            return False
        return self._link.transfer(self._id, 0, 0, 0, b"", None, True) == ETIMEDOUT

    def scan(self):
        """Return the addresses that acknowledge."""
        found = []
        for address in range(_FIRST_ADDRESS, _LAST_ADDRESS + 1):
            if self._try(address, 0, 0, b"", None, True) == OK:
                found.append(address)
        return found

    def readfrom(self, addr, nbytes, stop=True):
        """Return `nbytes` bytes read."""
        buf = bytearray(nbytes)
        self._transfer(addr, 0, 0, None, buf, stop)
        return bytes(buf)

    def readfrom_into(self, addr, buf, stop=True):
        """Fill `buf`."""
        self._transfer(addr, 0, 0, None, buf, stop)

    def writeto(self, addr, buf, stop=True):
        """Write `buf`; returns the number of acknowledges."""
        self._transfer(addr, 0, 0, buf, None, stop)
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        """Write several buffers as one; returns the number of acknowledges."""
        return self.writeto(addr, b"".join(bytes(buf) for buf in vector), stop)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Return `nbytes` bytes read from a register on."""
        buf = bytearray(nbytes)
        self._transfer(addr, memaddr, addrsize >> 3, None, buf, True)
        return bytes(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """Fill `buf` from a register on."""
        self._transfer(addr, memaddr, addrsize >> 3, None, buf, True)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write `buf` from a register on."""
        self._transfer(addr, memaddr, addrsize >> 3, buf, None, True)

    def start(self):
        """Single conditions and bytes are not simulated."""
        raise OSError("I2C operation not supported")

    def stop(self):
        """See `start`."""
        raise OSError("I2C operation not supported")

    def readinto(self, buf, nack=True):
        """See `start`."""
        raise OSError("I2C operation not supported")

    def write(self, buf):
        """See `start`."""
        raise OSError("I2C operation not supported")

    def _transfer(self, address, memaddr, memaddr_size, data, read_into, stop):
        status = self._try(address, memaddr, memaddr_size, data, read_into, stop)
        if status == ENODEV:
            raise OSError(errno.ENODEV)
        if status == ETIMEDOUT:
            raise OSError(errno.ETIMEDOUT)

    def _try(self, address, memaddr, memaddr_size, data, read_into, stop):
        started = ticks_us()
        status = ETIMEDOUT
        if self._connected:
            link = self._link
            status = link.transfer(self._id, address, memaddr, memaddr_size, data, read_into, stop)
            takes_us = link.bus_us
        if status == ETIMEDOUT:
            takes_us = self._timeout_us
        left_us = takes_us - ticks_diff(ticks_us(), started)
        if left_us > _SPIN_US:
            sleep_us(left_us - _SPIN_US)
        while ticks_diff(ticks_us(), started) < takes_us:
            pass
        return status


class I2C(_Bus):
    """Hardware peripheral 0 or 1; each exists once, creating it again changes its settings."""

    def __new__(cls, id, **kwargs):
        if not 0 <= id < len(_DEFAULT_PINS):
            raise ValueError("I2C(%d) doesn't exist" % id)
        i2c = _peripherals.get(id)
        if i2c is None:
            i2c = object.__new__(cls)
            i2c._scl, i2c._sda = _DEFAULT_PINS[id]
            _peripherals[id] = i2c
        return i2c

    def __init__(self, id, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        scl = self._scl if scl is None else _pin.gpio_of(scl)
        sda = self._sda if sda is None else _pin.gpio_of(sda)
        self._set_up(id, scl, sda, freq, timeout)

    def __repr__(self):
        return "I2C(%d, scl=%d, sda=%d, freq=%d)" % (self._id, self._scl, self._sda, self._freq)


class SoftI2C(_Bus):
    """I2C by software on any two pins."""

    def __init__(self, scl, sda, *, freq=400_000, timeout=50_000):
        self._set_up(0, _pin.gpio_of(scl), _pin.gpio_of(sda), freq, timeout)

    def __repr__(self):
        return "SoftI2C(scl=%d, sda=%d, freq=%d)" % (self._scl, self._sda, self._freq)


board_link.at_fresh_board(_peripherals.clear)
