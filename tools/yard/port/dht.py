# SPDX-License-Identifier: MIT
"""`dht` as MicroPython ships it: the DHT22 on a pin."""

import errno
from time import sleep_ms

import board_link
from machine import _pin
from micropython import const

_READING_MS = const(6)  # start signal and 40 bits


class DHT22:
    """One sensor."""

    def __init__(self, pin):
        self._gpio = _pin.gpio_of(pin)
        self._link = board_link.link()
        self.buf = bytearray(5)

    def measure(self):
        """Read it. Raises OSError(ETIMEDOUT) without an answer, Exception for a wrong one."""
        data = self._link.exchange(self._gpio, b"")
        sleep_ms(_READING_MS)
        if len(data) != 5:
            raise OSError(errno.ETIMEDOUT)
        self.buf[:] = data
        if sum(data[:4]) & 0xFF != data[4]:
            raise Exception("checksum error")

    def humidity(self):
        """Return what was read last, in percent."""
        return (self.buf[0] << 8 | self.buf[1]) * 0.1

    def temperature(self):
        """Return what was read last, in degrees Celsius."""
        tenths = ((self.buf[2] & 0x7F) << 8 | self.buf[3]) * 0.1
        return -tenths if self.buf[2] & 0x80 else tenths
