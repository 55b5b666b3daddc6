# SPDX-License-Identifier: MIT
"""An ESP chip in download mode on a pseudo-terminal: its loader's protocol, and a flash.

https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/serial-protocol.html
"""

from __future__ import annotations

import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib
from pathlib import Path

MAGIC_REGISTER = 0x40001000
ESP32_MAGIC = 0x00F01D83
ESP32_C3_ID = 5
# SPI controller of the ESP32 and the ESP32-C3: the command register clears itself, W0 has the
# answer.
SPI_COMMAND = (0x3FF42000, 0x60002000)
SPI_W0 = (0x3FF42080, 0x60002058)
FLASH_ID = 0x1640EF  # Winbond, 2 to the power of 0x16 bytes
FLASH_SIZE = 4 << 20
INVALID = b"\x01\x05\x00\x00"


class EspChip:
    """A chip that waits for its loader.

    flash: what is in it. damaged: the offset of a byte that cannot be written. port: its name.
    """

    def __init__(self, folder: Path, chip_id: int | None = None) -> None:
        self.flash = bytearray(b"\xff" * FLASH_SIZE)
        self.damaged: int | None = None
        self.erased = False
        self._chip_id = chip_id  # None: an ESP32, which has only its magic number
        self._registers = {MAGIC_REGISTER: ESP32_MAGIC} | dict.fromkeys(SPI_W0, FLASH_ID)
        self._is_stub = False
        self._at = 0
        self._inflate = zlib.decompressobj()
        self._wire, self._far = pty.openpty()
        tty.setraw(self._far)
        self.port = str(folder / "port")
        os.symlink(os.ttyname(self._far), self.port)
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended = True
        self._thread.join(30)
        os.close(self._far)
        os.close(self._wire)

    def _serve(self) -> None:
        waiting = b""
        while not self._ended:
            if not select.select([self._wire], [], [], 0.05)[0]:
                continue
            waiting += os.read(self._wire, 65536)
            *packets, waiting = waiting.split(b"\xc0")
            for packet in packets:
                request = packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                if len(request) >= 8 and request[0] == 0:
                    self._obey(request[1], request[8:])

    def _send(self, packet: bytes) -> None:
        packet = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        os.write(self._wire, b"\xc0" + packet + b"\xc0")

    def _answer(self, command: int, value: int = 0, data: bytes = b"") -> None:
        if not data.endswith(INVALID):
            data += b"\x00\x00" if self._is_stub else b"\x00\x00\x00\x00"
        self._send(struct.pack("<BBHI", 1, command, len(data), value) + data)

    def _obey(self, command: int, data: bytes) -> None:
        carry_out = getattr(self, f"_command_{command:02x}", None)
        if carry_out:
            carry_out(data)
        else:  # attach, parameters, speed, memory: nothing to be seen from outside
            self._answer(command)

    def _command_08(self, _: bytes) -> None:  # SYNC
        for _ in range(8):
            self._answer(0x08, 0 if self._is_stub else 0x20120707)

    def _command_09(self, data: bytes) -> None:  # WRITE_REG
        address, value = struct.unpack_from("<II", data)
        if address not in SPI_COMMAND + SPI_W0:
            self._registers[address] = value
        self._answer(0x09)

    def _command_0a(self, data: bytes) -> None:  # READ_REG
        self._answer(0x0A, self._registers.get(struct.unpack("<I", data)[0], 0))

    def _command_14(self, _: bytes) -> None:  # GET_SECURITY_INFO
        if self._chip_id is None:
            self._answer(0x14, data=INVALID)
        else:
            self._answer(0x14, data=struct.pack("<IB7sII", 0, 0, b"", self._chip_id, 0))

    def _command_06(self, data: bytes) -> None:  # MEM_END
        self._answer(0x06)
        self._is_stub = True
        self._send(b"OHAI")

    def _command_10(self, data: bytes) -> None:  # FLASH_DEFL_BEGIN
        self._at = struct.unpack_from("<IIII", data)[3]
        self._inflate = zlib.decompressobj()
        self._answer(0x10)

    def _command_11(self, data: bytes) -> None:  # FLASH_DEFL_DATA
        content = self._inflate.decompress(data[16:])
        self.flash[self._at : self._at + len(content)] = content
        self._at += len(content)
        if self.damaged is not None:
            self.flash[self.damaged] ^= 0x55
        self._answer(0x11)

    def _command_13(self, data: bytes) -> None:  # SPI_FLASH_MD5
        address, size = struct.unpack_from("<II", data)
        found = hashlib.md5(self.flash[address : address + size])
        self._answer(0x13, data=found.digest() if self._is_stub else found.hexdigest().encode())

    def _command_d0(self, _: bytes) -> None:  # ERASE_FLASH
        self.flash[:] = b"\xff" * FLASH_SIZE
        self.erased = True
        self._answer(0xD0)
