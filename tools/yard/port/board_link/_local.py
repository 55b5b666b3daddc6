# SPDX-License-Identifier: MIT
"""A board in this process: for unit tests."""

import errno

from board_link import ENODEV, ETIMEDOUT, OK, interrupts

_STATUS = {errno.ENODEV: ENODEV, errno.ETIMEDOUT: ETIMEDOUT}
_PWRON_RESET = 1


class LocalLink:
    """Link to a `yard.model.board.Board`.

    A change that a request of the node itself causes is told after that request, as an interrupt
    would be.

    Attributes: `watchdog_ms` (None while off) and `feeds` show what the node did to its watchdog.
    """

    def __init__(self, board):
        self.events = None
        self.on_pin = None
        self.on_wifi = None
        self.bus_us = 0
        self.watchdog_ms = None
        self.feeds = 0
        self._board = board
        self._busy = False
        self._changes = []  # (callback, arguments) that wait for the end of a request
        board.pin_listeners.append(self._pin_changed)
        board.wifi_listeners.append(self._wifi_changed)

    @property
    def about(self):
        """What the board tells at the start."""
        return {
            "reset_cause": _PWRON_RESET,
            "unique_id": self._board.unique_id.hex(),
            "aps": self._board.access_points,
            "wifi": self._board.wifi,
        }

    def close(self):
        """Let go of the board."""
        self._board.pin_listeners.remove(self._pin_changed)
        self._board.wifi_listeners.remove(self._wifi_changed)

    def serve(self):
        """Tell the changes that wait."""
        while self._changes and not self._busy and not interrupts.held:
            callback, arguments = self._changes.pop(0)
            callback(*arguments)

    def transfer(self, bus_id, address, memaddr, memaddr_size, data, read_into, stop):
        """Carry out an I2C transfer; returns OK, ENODEV or ETIMEDOUT.

        Writes `memaddr` in `memaddr_size` bytes and `data`, unless both are missing, then reads
        into `read_into`, unless that is None. `bus_us` has the time it takes on a real bus.
        """
        bus = self._board.buses.get(bus_id)
        if bus is None:
            self.bus_us = 0
            return ENODEV
        write = None
        if memaddr_size or data is not None:
            write = memaddr.to_bytes(memaddr_size, "big") + bytes(data or b"")
        before = bus.traffic.bus_us
        status = OK
        self._busy = True
        try:
            bus.transfer(address, write, read_into, stop)
        except OSError as e:
            status = _STATUS[e.errno]
        finally:
            self._busy = False
        self.bus_us = bus.traffic.bus_us - before
        self.serve()
        return status

    def bus_settings(self, bus_id, frequency, scl, sda):
        """Set the clock of a bus in Hz."""
        if bus_id in self._board.buses:
            self._board.buses[bus_id].frequency = frequency

    def recover(self, bus_id):
        """Give nine clocks and a stop."""
        if bus_id in self._board.buses:
            self._board.buses[bus_id].clock_free()

    def pin_mode(self, gpio, mode, pull):
        """Set mode (0 in, 1 out, 2 open drain), pull (0 none, 1 up, 2 down); returns the level."""
        return self._board.pin_mode(gpio, mode, pull)

    def pin_write(self, gpio, level):
        """Drive a pin."""
        self._board.pin_write(gpio, level)

    def pin_read(self, gpio):
        """Return the level on a pin."""
        return self._board.pin_read(gpio)

    def adc_read(self, gpio):
        """Return a reading, 0 to 65535."""
        return self._board.analog_read(gpio)

    def exchange(self, gpio, request):
        """Return what the device on a pin answers, at most 255 bytes; b"" if there is none."""
        return self._board.exchange(gpio, request)

    def pwm(self, gpio, frequency, duty_u16):
        """Drive a pin with pulses."""
        self._board.pin(gpio).pwm = (frequency, duty_u16)

    def watchdog(self, timeout_ms):
        """Start the watchdog, or feed it (0)."""
        if timeout_ms:
            self.watchdog_ms = timeout_ms
        else:
            self.feeds += 1

    def deep_sleep(self):
        """Say that the chip goes to sleep; nothing comes after that."""

    def _pin_changed(self, gpio, level):
        if self.on_pin:
            self._changes.append((self.on_pin, (gpio, level)))
            self.serve()

    def _wifi_changed(self, on):
        if self.on_wifi:
            self._changes.append((self.on_wifi, (on,)))
            self.serve()
