# SPDX-License-Identifier: MIT
"""The board around a node: chips on an I2C bus, interrupt lines, native pins and the air."""

from yard.model.bus import Bus
from yard.model.mcp23017 import MCP23017
from yard.model.native import (
    IN,
    LAST_GPIO,
    OPEN_DRAIN,
    OUT,
    PULL_DOWN,
    PULL_NONE,
    NativePin,
)
from yard.model.voltage import Voltage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from yard.model.hc595 import HC595
    from yard.model.mcp23008 import MCP23008
    from yard.model.pcf8574 import PCF8574

    class Wired(Protocol):
        """What can be wired to a native pin; what a request means is its own affair."""

        def exchange(self, request: bytes) -> bytes: ...

    Chip = MCP23017 | MCP23008 | PCF8574
    Wiring = dict[int, list[tuple[int, str]]]


class Board:
    """I/O expanders and whatever else is attached to `bus`, wired to native pins.

    The node uses `bus`, the `pin_*` methods, `analog` and `wifi`; the world outside uses
    `chips[address].drive()`, `.power()`, `drive_pin()` and `set_wifi()`.

    Args:
        chips: addresses of MCP23017, 0x20 to 0x27; others come by `add_chip`.
        frequency: I2C clock in Hz until the node sets it.
        wiring: native GPIO number to the interrupt outputs, (address, "INTA" or "INTB"), that
            share the line on it. The line has a pull-up; a low output wins.

    Attributes:
        buses: bus id to bus; `bus`, with the chips, is number 0.
        pins: native pins that are used so far, by GPIO number.
        chips: all expanders by address.
        wiring: as given, and as `wire` has added to it.
        cut: GPIO numbers whose interrupt line is cut.
        analog: reading (0 to 65535) of an analog input by GPIO number, or the Voltage there.
        chains: name to a chain of shift registers, for those who want to see it.
        sensors: name to what measures, for those who want to change the weather.
        wired: device that speaks a protocol of its own on a native pin, by GPIO number.
        access_points: rows as from `network.WLAN.scan`, the BSSID as hexadecimal text.
        pin_listeners, wifi_listeners, chip_listeners: called after a change with
            (gpio, level), (on,) and (address, levels); a chip reports its interrupt outputs
            through the pins that they are wired to.

    Raises:
        ValueError: an address, a GPIO number or an output name that cannot be.
    """

    def __init__(
        self,
        chips: "Iterable[int]",
        frequency: int = 100_000,
        wiring: "Wiring | None" = None,
    ) -> None:
        self.bus = Bus(frequency)
        self.buses = {0: self.bus}
        self.chips: dict[int, Chip] = {}
        self.pins: dict[int, NativePin] = {}
        self.analog: dict[int, int | Voltage] = {}
        self.chains: dict[str, HC595] = {}
        self.sensors: dict[str, object] = {}
        self.wired: dict[int, Wired] = {}
        self.wifi = True
        self.unique_id = b"\x24\x6f\x28\x00\x00\x01"
        self.access_points: list[tuple[str, str, int, int, int, bool]] = [
            ("switchyard", "020000000001", 6, -52, 3, False)
        ]
        self.pin_listeners: list[Callable[[int, int], None]] = []
        self.wifi_listeners: list[Callable[[bool], None]] = []
        self.chip_listeners: list[Callable[[int, int], None]] = []
        self.wiring: Wiring = {}
        self.cut: set[int] = set()
        self._pin_levels: dict[int, int] = {}
        self._chip_levels: dict[int, int] = {}
        for address in chips:
            if not 0x20 <= address <= 0x27:
                raise ValueError(f"an MCP23017 has address 0x20 to 0x27, not 0x{address:02x}")
            self.add_chip(address, MCP23017())
        for gpio, outputs in (wiring or {}).items():
            for output in outputs:
                self.wire(gpio, *output)

    def add_chip(self, address: int, chip: "Chip") -> None:
        """Put an expander on the bus.

        Raises:
            ValueError: the address is reserved or taken.
        """
        self.bus.attach(address, chip)
        self.chips[address] = chip
        self._chip_levels[address] = chip.levels()
        chip.on_change = lambda changed: self._chip_changed(address, changed)

    def wire(self, gpio: int, address: int, output: str) -> None:
        """Wire an interrupt output of an expander to a native pin; several share the line.

        Raises:
            ValueError: there is no such output or GPIO number.
        """
        if address not in self.chips or output not in self.chips[address].INT_OUTPUTS:
            raise ValueError(f"gpio {gpio}: there is no {output} at 0x{address:02x}")
        self.pin(gpio)
        self.wiring.setdefault(gpio, []).append((address, output))
        self._settle_line(gpio)

    def pin(self, gpio: int) -> NativePin:
        """Return a native pin.

        Raises:
            ValueError: no ESP32 has this GPIO number.
        """
        if gpio not in self.pins:
            if not 0 <= gpio <= LAST_GPIO:
                raise ValueError(f"gpio must be 0 to {LAST_GPIO}, not {gpio!r}")
            self.pins[gpio] = NativePin()
            self._pin_levels[gpio] = self.pins[gpio].level()
        return self.pins[gpio]

    def pin_mode(self, gpio: int, mode: int, pull: int) -> int:
        """Configure a pin as the node does; return its level.

        Args:
            gpio: GPIO number.
            mode: IN, OUT or OPEN_DRAIN.
            pull: PULL_NONE, PULL_UP or PULL_DOWN.

        Raises:
            ValueError: a value out of range.
        """
        if mode not in (IN, OUT, OPEN_DRAIN):
            raise ValueError(f"mode must be 0 in, 1 out or 2 open drain, not {mode!r}")
        if not PULL_NONE <= pull <= PULL_DOWN:
            raise ValueError(f"pull must be 0 none, 1 up or 2 down, not {pull!r}")
        pin = self.pin(gpio)
        pin.mode, pin.pull, pin.pwm = mode, pull, None
        return self._settle_pin(gpio)

    def pin_write(self, gpio: int, level: int) -> None:
        """Set the level that the node drives; it shows on the pin when that is an output."""
        self.pin(gpio).output = 1 if level else 0
        self._settle_pin(gpio)

    def pin_read(self, gpio: int) -> int:
        """Return the level (0 or 1) on a native pin."""
        return self.pin(gpio).level()

    def analog_read(self, gpio: int) -> int:
        """Return the reading (0 to 65535) of an analog input, 0 where nothing is wired to it."""
        source = self.analog.get(gpio, 0)
        return source if isinstance(source, int) else source.reading()

    def drive_pin(self, gpio: int, level: "int | None") -> None:
        """Put a level on a native pin from outside; None lets it go.

        Raises:
            ValueError: GPIO number or level out of range.
        """
        if level not in (0, 1, None):
            raise ValueError(f"level must be 0, 1 or None, not {level!r}")
        self.pin(gpio).drive = level
        self._settle_pin(gpio)

    def cut_line(self, gpio: int, cut: bool) -> None:
        """Cut the wire from the interrupt outputs to a native pin, or mend it.

        Raises:
            ValueError: no interrupt line goes to this pin.
        """
        if gpio not in self.wiring:
            raise ValueError(f"gpio {gpio}: no interrupt line is wired to it")
        if cut:
            self.cut.add(gpio)
        else:
            self.cut.discard(gpio)
        self._settle_line(gpio)

    def exchange(self, gpio: int, request: bytes) -> bytes:
        """Return what the device on a native pin answers, nothing if there is none."""
        device = self.wired.get(gpio)
        return device.exchange(request) if device else b""

    def set_wifi(self, on: bool) -> None:
        """Let the access points appear or vanish."""
        if on != self.wifi:
            self.wifi = on
            for listener in self.wifi_listeners:
                listener(on)

    def release_pins(self) -> None:
        """Make every native pin an input again, as a reset of the node's chip does."""
        for gpio, pin in tuple(self.pins.items()):
            pin.release()
            self._settle_pin(gpio)

    def _chip_changed(self, address: int, chip: "Chip") -> None:
        for gpio, outputs in self.wiring.items():
            if any(wired == address for wired, _ in outputs):
                self._settle_line(gpio)
        levels = chip.levels()
        if levels != self._chip_levels[address]:
            self._chip_levels[address] = levels
            for listener in self.chip_listeners:
                listener(address, levels)

    def _settle_line(self, gpio: int) -> None:
        line = 1  # the pull-up
        for address, output in self.wiring[gpio]:
            chip = self.chips[address]
            low = chip.int_outputs()[chip.INT_OUTPUTS.index(output)] == 0
            if low and gpio not in self.cut:
                line = 0
        self.pins[gpio].line = line
        self._settle_pin(gpio)

    def _settle_pin(self, gpio: int) -> int:
        level = self.pins[gpio].level()
        if level != self._pin_levels[gpio]:
            self._pin_levels[gpio] = level
            for listener in self.pin_listeners:
                listener(gpio, level)
        return level
