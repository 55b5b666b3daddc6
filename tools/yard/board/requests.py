# SPDX-License-Identifier: MIT
"""What the node can ask of the board; opcodes and payloads are those of `yard.board.link`."""

import errno
import struct
from collections.abc import Callable
from typing import NamedTuple

from yard.board.watchdog import Watchdog
from yard.model.board import Board

OK, ENODEV, ETIMEDOUT, EINVAL = range(4)

_FLAG_STOP, _FLAG_WRITE = 1, 2


class Refused(Exception):
    """A request that cannot be carried out; answered with a status other than OK."""

    def __init__(self, status: int, payload: bytes = b"") -> None:
        super().__init__(status)
        self.status = status
        self.payload = payload


class Transfer(NamedTuple):
    """An I2C transfer as the node asked for it.

    write: None without a write part. bus_us: what it takes on a real bus. status: as replied.
    """

    address: int
    write: bytes | None
    read: bytes
    bus_us: int
    status: int


class Requests:
    """Carries requests out on a board.

    Args:
        board: what the node is wired to.
        watchdog: the node's watchdog.

    Attributes:
        on_transfer: called with every I2C transfer; None while nobody wants to know.
    """

    def __init__(self, board: Board, watchdog: Watchdog) -> None:
        self.on_transfer: Callable[[Transfer], None] | None = None
        self._board = board
        self._watchdog = watchdog
        self._operations: dict[int, Callable[[bytes], bytes]] = {
            1: self._i2c_transfer,
            2: self._pin_mode,
            3: self._pin_write,
            4: self._pin_read,
            5: self._adc_read,
            6: self._wifi_status,
            7: self._set_watchdog,
            9: self._pwm,
            10: self._bus_settings,
            11: self._bus_recovery,
            12: self._exchange,
        }

    def carry_out(self, opcode: int, payload: bytes) -> bytes:
        """Return the payload of the reply.

        Raises:
            Refused: with the status of the reply.
            ValueError, struct.error: the payload does not fit the opcode.
        """
        operation = self._operations.get(opcode)
        if operation is None:
            raise Refused(EINVAL)
        return operation(payload)

    def _i2c_transfer(self, payload: bytes) -> bytes:
        bus_id, address, read_length, flags = payload[:4]
        bus = self._board.buses.get(bus_id)
        if bus is None:
            raise Refused(ENODEV, bytes(4))
        if len(payload) > 4 and not flags & _FLAG_WRITE:
            raise Refused(EINVAL)
        write = payload[4:] if flags & _FLAG_WRITE else None
        read_into = bytearray(read_length)
        before = bus.traffic.bus_us
        status = OK
        try:
            bus.transfer(address, write, read_into, bool(flags & _FLAG_STOP))
        except OSError as error:
            status = ETIMEDOUT if error.errno == errno.ETIMEDOUT else ENODEV
        bus_us = bus.traffic.bus_us - before
        if self.on_transfer is not None:
            read = b"" if status else bytes(read_into)
            self.on_transfer(Transfer(address, write, read, bus_us, status))
        if status:
            raise Refused(status, struct.pack("<I", bus_us))
        return struct.pack("<I", bus_us) + read_into

    def _pin_mode(self, payload: bytes) -> bytes:
        gpio, mode, pull = payload
        return bytes((self._board.pin_mode(gpio, mode, pull),))

    def _pin_write(self, payload: bytes) -> bytes:
        gpio, level = payload
        self._board.pin_write(gpio, level)
        return b""

    def _pin_read(self, payload: bytes) -> bytes:
        (gpio,) = payload
        return bytes((self._board.pin_read(gpio),))

    def _adc_read(self, payload: bytes) -> bytes:
        (gpio,) = payload
        self._board.pin(gpio)  # refuses a number that cannot be
        return struct.pack("<H", self._board.analog_read(gpio))

    def _wifi_status(self, payload: bytes) -> bytes:
        () = payload
        return bytes((self._board.wifi,))

    def _set_watchdog(self, payload: bytes) -> bytes:
        (timeout_ms,) = struct.unpack("<I", payload)
        if timeout_ms:
            self._watchdog.arm(timeout_ms)
        else:
            self._watchdog.feed()
        return b""

    def _pwm(self, payload: bytes) -> bytes:
        gpio, frequency, duty = struct.unpack("<BIH", payload)
        self._board.pin(gpio).pwm = (frequency, duty)
        return b""

    def _bus_settings(self, payload: bytes) -> bytes:
        bus_id, frequency, _scl, _sda = struct.unpack("<BIBB", payload)
        if not frequency:
            raise Refused(EINVAL)
        bus = self._board.buses.get(bus_id)
        if bus is not None:
            bus.frequency = frequency
        return b""

    def _bus_recovery(self, payload: bytes) -> bytes:
        (bus_id,) = payload
        bus = self._board.buses.get(bus_id)
        if bus is not None:
            bus.clock_free()
        return b""

    def _exchange(self, payload: bytes) -> bytes:
        return self._board.exchange(payload[0], payload[1:])
