# SPDX-License-Identifier: MIT
"""`busio` for Adafruit's drivers on the simulated board behind the socket `$YARD_LINK`.

Transfers take as long as on a bus of 100 kHz. The opcodes are those of `yard.board.link`, and the
board is the one that the node is measured with, so both have the same chips and the same counters.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import threading
import time

_TRANSFER = 1
_HELLO = 8
_STOP = 1
_WRITE = 2
_OK = 0

_PR_SET_TIMERSLACK = 29
# Sleeps end up to so much late; the rest of a transfer's time is spent awake.
_LATE_S = 0.00006


class _Wires:
    """The socket. One bus for all chips: one transfer at a time, whatever thread asks."""

    def __init__(self, path: str) -> None:
        # By default Linux lets every sleep last 50 us longer. Inherited by later threads.
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
        self.lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._exchange(bytes((_HELLO, 0)))

    def transfer(self, address: int, write: bytes | None, size: int) -> bytes:
        """Carry out one transfer; return what was read. Raises OSError without acknowledge."""
        started = time.perf_counter()
        flags = _STOP if write is None else _STOP | _WRITE
        answer = self._exchange(bytes((_TRANSFER, 0, address, size, flags)) + (write or b""))
        status, bus_us = struct.unpack_from("<BI", answer)
        ends = started + bus_us / 1e6
        left = ends - time.perf_counter() - _LATE_S
        if left > 0:
            time.sleep(left)
        while time.perf_counter() < ends:
            pass
        if status != _OK:
            raise OSError(errno.ENODEV, f"no acknowledge from 0x{address:02x}")
        return answer[5:]

    def _exchange(self, request: bytes) -> bytes:
        self._socket.sendall(struct.pack("<H", len(request)) + request)
        (size,) = struct.unpack("<H", self._receive(2))
        return self._receive(size)

    def _receive(self, size: int) -> bytes:
        received = self._socket.recv(size, socket.MSG_WAITALL)
        if len(received) != size:
            raise SystemExit("the simulated board is gone")
        return received


class SPI:
    """Named in annotations of Adafruit's drivers; there is none on this board."""


_wires = _Wires(os.environ["YARD_LINK"])


class I2C:
    """The bus; every instance is the same one."""

    def __init__(self, scl: int, sda: int, frequency: int = 100_000) -> None:
        """Do nothing: there is only one bus."""

    def try_lock(self) -> bool:
        """Wait for the bus, where Blinka's callers would ask again and again."""
        return _wires.lock.acquire()

    def unlock(self) -> None:
        """Let others use the bus."""
        _wires.lock.release()

    def deinit(self) -> None:
        """Do nothing."""

    def writeto(
        self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write a part of `buffer`."""
        _wires.transfer(address, bytes(buffer[start:end]), 0)

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Fill a part of `buffer`."""
        part = memoryview(buffer)[start:end]
        part[:] = _wires.transfer(address, None, len(part))

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write, then read after a repeated start."""
        part = memoryview(in_buffer)[in_start:in_end]
        part[:] = _wires.transfer(address, bytes(out_buffer[out_start:out_end]), len(part))
