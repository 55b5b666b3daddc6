# SPDX-License-Identifier: MIT
"""A board that is a process of its own, behind a Unix socket."""

import json
import select
import struct

from micropython import const
from usocket import AF_UNIX, socket

from board_link import EXIT_BOARD_GONE, OK

_I2C_TRANSFER = const(1)
_PIN_MODE = const(2)
_PIN_WRITE = const(3)
_PIN_READ = const(4)
_ADC_READ = const(5)
_WATCHDOG = const(7)
_HELLO = const(8)
_PWM = const(9)
_BUS_SETTINGS = const(10)
_BUS_RECOVERY = const(11)
_EXCHANGE = const(12)
_DEEP_SLEEP = const(13)

_FLAG_STOP = const(1)
_FLAG_WRITE = const(2)

_EVENT_PIN = const(1)
_EVENT_WIFI = const(2)

_KIND_REQUEST = const(0)
_KIND_EVENT = const(1)

_EINVAL = const(3)
_HEAD = const(3)  # length and opcode or status
_PAYLOAD = const(_HEAD)  # where the payload of a request begins
_LONGEST_READ = const(255)


class ProcessLink:
    """Link to the board at the Unix socket `path`.

    Nothing is allocated by transfers, pins and the feeding of the watchdog. When the board goes
    away the node has lost its supply: SystemExit(EXIT_BOARD_GONE).

    Raises OSError when nobody listens there.
    """

    def __init__(self, path):
        self.on_pin = None
        self.on_wifi = None
        self.bus_us = 0
        self._request = bytearray(64)
        self._head = bytearray(_HEAD)
        self._value = bytearray(4)
        self._payload_size = 0
        self._socket = _connect(path)
        self.about = _hello(self._socket, _KIND_REQUEST)
        self.events = _connect(path)
        _hello(self.events, _KIND_EVENT)
        self._poll = select.poll()
        self._poll.register(self.events, select.POLLIN)

    def close(self):
        """Hang up; the board takes that for the end of the node."""
        self.events.close()
        self._socket.close()

    def serve(self):
        """Tell the changes that the board has sent."""
        for _ in self._poll.ipoll(0):
            # One frame per turn: a read of what is there could end in the middle of one.
            self._receive(self.events, self._head, _HEAD)
            kind = self._head[2]
            self._receive(self.events, self._value, self._size_in_head())
            if kind == _EVENT_PIN and self.on_pin:
                self.on_pin(self._value[0], self._value[1])
            elif kind == _EVENT_WIFI:
                self.about["wifi"] = on = bool(self._value[0])
                if self.on_wifi:
                    self.on_wifi(on)

    def transfer(self, bus_id, address, memaddr, memaddr_size, data, read_into, stop):
        """Carry out an I2C transfer; returns OK, ENODEV or ETIMEDOUT.

        Writes `memaddr` in `memaddr_size` bytes and `data`, unless both are missing, then reads
        into `read_into`, unless that is None. `bus_us` has the time it takes on a real bus.
        """
        read_size = 0 if read_into is None else len(read_into)
        if read_size > _LONGEST_READ:
            raise ValueError("the simulated bus reads at most 255 bytes at a time")
        flags = _FLAG_STOP if stop else 0
        if memaddr_size or data is not None:
            flags |= _FLAG_WRITE
        end = self._put_written(memaddr, memaddr_size, data)
        request = self._request
        request[3] = bus_id
        request[4] = address
        request[5] = read_size
        request[6] = flags
        status = self._exchange(_I2C_TRANSFER, end)
        if status == _EINVAL:
            raise ValueError("the board refused an I2C transfer to 0x%02x" % address)
        self._receive(self._socket, self._value, 4)
        value = self._value
        self.bus_us = value[0] | value[1] << 8 | value[2] << 16 | value[3] << 24
        if status == OK and read_size:
            self._receive(self._socket, read_into, read_size)
        return status

    def bus_settings(self, bus_id, frequency, scl, sda):
        """Set the clock of a bus in Hz and tell its pins."""
        self._command(_BUS_SETTINGS, struct.pack("<BIBB", bus_id, frequency, scl, sda))

    def recover(self, bus_id):
        """Give nine clocks and a stop."""
        self._command(_BUS_RECOVERY, bytes((bus_id,)))

    def pin_mode(self, gpio, mode, pull):
        """Set mode (0 in, 1 out, 2 open drain), pull (0 none, 1 up, 2 down); returns the level."""
        self._command(_PIN_MODE, bytes((gpio, mode, pull)))
        return self._value[0]

    def pin_write(self, gpio, level):
        """Drive a pin."""
        self._request[_PAYLOAD] = gpio
        self._request[_PAYLOAD + 1] = level
        self._checked(_PIN_WRITE, _PAYLOAD + 2)

    def pin_read(self, gpio):
        """Return the level on a pin."""
        self._request[_PAYLOAD] = gpio
        self._checked(_PIN_READ, _PAYLOAD + 1)
        return self._value[0]

    def adc_read(self, gpio):
        """Return a reading, 0 to 65535."""
        self._request[_PAYLOAD] = gpio
        self._checked(_ADC_READ, _PAYLOAD + 1)
        return self._value[0] | self._value[1] << 8

    def exchange(self, gpio, request):
        """Return what the device on a pin answers, at most 255 bytes; b"" if there is none."""
        end = _PAYLOAD + 1 + len(request)
        if end > len(self._request):
            self._request = bytearray(end)
        self._request[_PAYLOAD] = gpio
        self._request[_PAYLOAD + 1 : end] = request
        status = self._exchange(_EXCHANGE, end)
        answer = bytearray(self._payload_size)
        self._receive(self._socket, answer, self._payload_size)
        if status != OK:
            raise ValueError("the board refused to exchange with GPIO %d" % gpio)
        return answer

    def pwm(self, gpio, frequency, duty_u16):
        """Drive a pin with pulses."""
        self._command(_PWM, struct.pack("<BIH", gpio, frequency, duty_u16))

    def watchdog(self, timeout_ms):
        """Start the watchdog, or feed it (0)."""
        for i in range(4):
            self._request[_PAYLOAD + i] = timeout_ms >> 8 * i & 0xFF
        self._checked(_WATCHDOG, _PAYLOAD + 4)

    def deep_sleep(self):
        """Say that the chip goes to sleep; it starts anew afterwards."""
        self._checked(_DEEP_SLEEP, _PAYLOAD)

    def _put_written(self, memaddr, memaddr_size, data):
        """Put the bytes to write into the request; returns where it ends."""
        end = 7 + memaddr_size + (len(data) if data is not None else 0)
        if end > len(self._request):
            self._request = bytearray(end)
        request = self._request
        for i in range(memaddr_size):
            request[6 + memaddr_size - i] = memaddr >> 8 * i & 0xFF
        if data is not None:
            at = 7 + memaddr_size
            for i in range(len(data)):
                request[at + i] = data[i]
        return end

    def _command(self, opcode, payload):
        self._request[_PAYLOAD : _PAYLOAD + len(payload)] = payload
        self._checked(opcode, _PAYLOAD + len(payload))

    def _checked(self, opcode, end):
        """Exchange a request whose answer is at most four bytes; they are left in `_value`."""
        status = self._exchange(opcode, end)
        self._receive(self._socket, self._value, self._payload_size)
        if status != OK:
            raise ValueError("the board refused request %d (status %d)" % (opcode, status))

    def _exchange(self, opcode, end):
        """Send the request, which is complete up to `end` but for its head; returns the status."""
        request = self._request
        request[0] = end - 2 & 0xFF
        request[1] = end - 2 >> 8
        request[2] = opcode
        try:
            self._socket.write(request, end)
        except OSError:
            raise SystemExit(EXIT_BOARD_GONE)
        self._receive(self._socket, self._head, _HEAD)
        self._payload_size = self._size_in_head()
        return self._head[2]

    def _size_in_head(self):
        return (self._head[0] | self._head[1] << 8) - 1

    def _receive(self, stream, buffer, size):
        try:
            received = stream.readinto(buffer, size) if size else 0
        except OSError:
            received = None
        if received != size:
            raise SystemExit(EXIT_BOARD_GONE)


def _connect(path):
    connection = socket(AF_UNIX)
    connection.connect(struct.pack("H", AF_UNIX) + path.encode())
    return connection


def _hello(connection, kind):
    connection.write(bytes((2, 0, _HELLO, kind)))
    head = connection.read(_HEAD)
    return json.loads(connection.read((head[0] | head[1] << 8) - 1))
