# SPDX-License-Identifier: MIT
"""An I2C bus with devices, faults and the clocks that everything on it would cost."""

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Device(Protocol):
        """What can be put on the bus. One with `powered` false does not acknowledge."""

        def transfer(self, write: "bytes | None", read_into: "bytearray | None") -> None: ...


_CLOCKS_PER_BYTE = 9  # eight bits and the acknowledge
FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77  # 7-bit addresses that I2C does not reserve


class Traffic:
    """Counters: transactions (one start to one stop), bytes with addresses, bus time in us."""

    def __init__(self) -> None:
        self.transactions = 0
        self.bytes = 0
        self.bus_us = 0

    def add(self, transactions: int, count: int, bus_us: int) -> None:
        """Count what one transfer cost."""
        self.transactions += transactions
        self.bytes += count
        self.bus_us += bus_us


class Bus:
    """One I2C bus.

    Attributes:
        frequency: clock in Hz.
        nack: addresses that do not acknowledge although a device is there.
        stuck_sda: SDA is held low, nothing gets through.
        clearable: nine clocks free the bus again.
        traffic: counters of the whole bus.
        traffic_of: counters by address, for every device on the bus.
    """

    def __init__(self, frequency: int = 100_000) -> None:
        self.frequency = frequency
        self.nack: set[int] = set()
        self.stuck_sda = False
        self.clearable = False
        self.traffic = Traffic()
        self.traffic_of: dict[int, Traffic] = {}
        self._devices: dict[int, Device] = {}
        self._failures: dict[int, int] = {}
        self._open = False  # a transfer without stop came before

    def attach(self, address: int, device: "Device") -> None:
        """Put a device on the bus.

        Raises:
            ValueError: the address is reserved or taken.
        """
        if not FIRST_ADDRESS <= address <= LAST_ADDRESS:
            raise ValueError(f"address must be 0x08 to 0x77, not 0x{address:02x}")
        if address in self._devices:
            raise ValueError(f"address 0x{address:02x} is already taken")
        self._devices[address] = device
        self.traffic_of[address] = Traffic()

    def fail_next(self, address: int, count: int) -> None:
        """Let the next `count` transfers to an address end without acknowledge."""
        self._failures[address] = count

    def transfer(
        self,
        address: int,
        write: "bytes | None" = None,
        read_into: "bytearray | None" = None,
        stop: bool = True,
    ) -> None:
        """Carry out one transfer, with a repeated start between its write and its read part.

        Args:
            address: 7-bit address.
            write: bytes to write; empty probes the address, None leaves the write part out.
            read_into: buffer to fill; None or empty leaves the read part out.
            stop: False keeps the bus, so that the next transfer begins with a repeated start.

        Raises:
            OSError: ENODEV nobody acknowledged the address, ETIMEDOUT the bus is stuck.
            ValueError: there is neither a write nor a read part.
        """
        if write is None and not read_into:
            raise ValueError("a transfer needs something to write or to read")
        if self.stuck_sda:
            raise OSError(errno.ETIMEDOUT, "SDA is stuck")
        device = self._acknowledging(address)
        if device is None:
            self._account(address, starts=1, count=1, stop=True)
            raise OSError(errno.ENODEV, f"no acknowledge from 0x{address:02x}")
        # Copies: a real bus hands over bits, never a reference to the caller's buffer.
        received = bytearray(len(read_into)) if read_into else None
        device.transfer(None if write is None else bytes(write), received)
        starts, count = 0, 0
        if write is not None:
            starts, count = 1, 1 + len(write)
        if read_into and received:
            read_into[:] = received
            starts, count = starts + 1, count + 1 + len(received)
        self._account(address, starts, count, stop)

    def scan(self) -> "list[int]":
        """Probe every address; return those that acknowledge, as `machine.I2C.scan` does."""
        found = []
        for address in range(FIRST_ADDRESS, LAST_ADDRESS + 1):
            try:
                self.transfer(address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def clock_free(self) -> None:
        """Give nine clocks and a stop: frees a bus that is stuck and `clearable`."""
        self._open = False
        if self.clearable:
            self.stuck_sda = False

    def _acknowledging(self, address: int) -> "Device | None":
        failures = self._failures.get(address, 0)
        if failures:
            self._failures[address] = failures - 1
            return None
        device = self._devices.get(address)
        if address in self.nack or not getattr(device, "powered", True):
            return None
        return device

    def _account(self, address: int, starts: int, count: int, stop: bool) -> None:
        clocks = count * _CLOCKS_PER_BYTE + starts + (1 if stop else 0)
        bus_us = (clocks * 1_000_000 + self.frequency // 2) // self.frequency
        transactions = 0 if self._open else 1
        self._open = not stop
        self.traffic.add(transactions, count, bus_us)
        of_device = self.traffic_of.get(address)
        if of_device is not None:
            of_device.add(transactions, count, bus_us)
