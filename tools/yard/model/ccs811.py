# SPDX-License-Identifier: MIT
"""Model of the CCS811 (ams data sheet DS000459): boot loader, application, results."""

_STATUS, _MEAS_MODE, _ALG_RESULT_DATA, _ENV_DATA = 0x00, 0x01, 0x02, 0x05
_HW_ID, _ERROR_ID, _APP_START, _SW_RESET = 0x20, 0xE0, 0xF4, 0xFF

_FW_MODE, _APP_VALID, _DATA_READY, _ERROR = 0x80, 0x10, 0x08, 0x01
_WRITE_REG_INVALID = 0x01
_RESET_SEQUENCE = b"\x11\xe5\x72\x8a"
DEFAULT_ENV_DATA = b"\x64\x00\x64\x00"  # 50 % and 25 degrees Celsius


class CCS811:
    """One chip.

    Attributes:
        co2, tvoc: result of the next measurement, ppm and ppb.
        fresh: whether there always is a new result when it is asked; False makes results old once
            they were read.
        fault: bits of ERROR_ID that it reports.
        app_valid: whether it has its firmware.
        environment: the bytes of ENV_DATA.
    """

    def __init__(self, co2: int = 400, tvoc: int = 0) -> None:
        self.co2 = co2
        self.tvoc = tvoc
        self.fresh = True
        self.fault = 0
        self.app_valid = True
        self.powered = True
        self.reset()

    def reset(self) -> None:
        """Do what power-on does: the boot loader runs."""
        self.environment = DEFAULT_ENV_DATA
        self._running = False
        self._mode = 0
        self._ready = False
        self._pointer = 0

    def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None:
        """Write a mailbox, or set the pointer and read it."""
        if write:
            self._pointer = write[0]
            self._write(write[0], write[1:])
        if read_into:
            data = self._mailbox(self._pointer)
            read_into[:] = (data + bytes(len(read_into)))[: len(read_into)]

    def _write(self, mailbox: int, data: bytes) -> None:
        if mailbox == _APP_START and not data:
            self._running = self.app_valid
        elif mailbox == _SW_RESET and data == _RESET_SEQUENCE:
            self.reset()
        elif data and not self._running:
            self.fault |= _WRITE_REG_INVALID
        elif mailbox == _MEAS_MODE and data:
            self._mode = data[0] >> 4 & 7
            self._ready = self._mode != 0
        elif mailbox == _ENV_DATA and data:
            self.environment = data

    def _mailbox(self, mailbox: int) -> bytes:
        if mailbox == _STATUS:
            return bytes((self._status(),))
        if mailbox == _HW_ID:
            return b"\x81"
        if mailbox == _ERROR_ID:
            fault, self.fault = self.fault, 0
            return bytes((fault,))
        if mailbox == _ALG_RESULT_DATA and self._running:
            status = self._status()
            self._ready = self.fresh
            result = self.co2.to_bytes(2, "big") + self.tvoc.to_bytes(2, "big")
            return result + bytes((status, self.fault, 0, 0))
        return b""

    def _status(self) -> int:
        status = _APP_VALID if self.app_valid else 0
        status |= _FW_MODE if self._running else 0
        status |= _DATA_READY if self._running and self._mode and self._ready else 0
        return status | (_ERROR if self.fault else 0)
