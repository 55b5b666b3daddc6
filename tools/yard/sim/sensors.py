# SPDX-License-Identifier: MIT
"""Puts the sensors that a components.json names on the simulated board."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from yard.model.bme280_air import BME280InAir
from yard.model.board import Board
from yard.model.ccs811 import CCS811
from yard.model.dht22 import DHT22
from yard.model.hcsr04 import HCSR04
from yard.model.htu21d import HTU21D
from yard.model.native import LAST_GPIO
from yard.model.one_wire import DS18B20, OneWireBus
from yard.model.voltage import Voltage
from yard.sim import components

if TYPE_CHECKING:
    from yard.model.bus import Device

Arguments = dict[str, Any]

# Component -> its model and its usual address.
_ON_I2C: dict[str, tuple[Callable[[], Device], int]] = {
    ".sensors.htu21d HTU21D": (HTU21D, 0x40),
    ".sensors.bme280 BME280": (BME280InAir, 0x76),
    ".sensors.bme280 BMP280": (lambda: BME280InAir(humid=False), 0x76),
    ".sensors.ccs811 CCS811": (CCS811, 0x5A),
}

# By attenuation, as the ADC of an ESP32 has it.
_FULL_V = {"0dB": 0.95, "2.5dB": 1.25, "6dB": 1.75, "11dB": 2.45}


def attach(board: Board, content: bytes) -> None:
    """Attach a model for each sensor of a components.json, and name it in `board.sensors`.

    What cannot be understood is left out: it is the node that tells what is wrong with it.
    """
    for name, kind, arguments in components.read_arguments(content):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            _attach(board, name, kind, arguments)


def _attach(board: Board, name: str, kind: str, arguments: Arguments) -> None:
    if kind in _ON_I2C:
        model, usual = _ON_I2C[kind]
        device = board.sensors[name] = model()
        board.bus.attach(components.number(arguments.get("address", usual)), device)
    elif kind == ".sensors.ds18 DS18":
        chips = _chips(arguments.get("sensors") or [{}])
        board.wired[_gpio(arguments["pin"])] = OneWireBus(*chips)
        for chip in chips:
            board.sensors[name if len(chips) == 1 else f"{name}.{chip.rom.hex()}"] = chip
    elif kind in (".machine.adc ADC", ".sensors.battery Battery"):
        gpio = _gpio(arguments["pin"])
        board.sensors[name] = board.analog[gpio] = _voltage(arguments)
    elif kind == ".sensors.dht22 DHT22":
        sensor = board.sensors[name] = DHT22()
        board.wired[_gpio(arguments["pin"])] = sensor
    elif kind == ".sensors.hcsr04 HCSR04":
        trigger, echo = _gpio(arguments["trigger"]), _gpio(arguments["echo"])
        board.sensors[name] = HCSR04(board, trigger, echo)


def _gpio(number: object) -> int:
    if type(number) is not int or not 0 <= number <= LAST_GPIO:
        raise ValueError(f"{number!r} is no GPIO")
    return number


def _voltage(arguments: Arguments) -> Voltage:
    """Return what an ADC measures, at first 0 V, or a battery, at first half full."""
    full = _FULL_V[arguments.get("attenuation", "11dB")] * arguments.get("multiplier", 1)
    return Voltage(full, (arguments.get("voltage_min", 0) + arguments.get("voltage_max", 0)) / 2)


def _chips(rows: list[Arguments]) -> list[DS18B20]:
    """Return the chips of a wire: those whose ROM codes are given, else one."""
    codes = [bytes.fromhex(row.get("rom", "28" + "01" * 7)) for row in rows]
    return [DS18B20(int.from_bytes(code[1:7], "little"), 20.0 + i) for i, code in enumerate(codes)]
