# SPDX-License-Identifier: MIT
"""Sensors on the simulated board: what a configuration names, what can be changed of them.

Their numbers are tested with the firmware, by the unit tests `test_sensors_*`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from yard.board.requests import Requests
from yard.board.sensors import change, sensor_row
from yard.board.watchdog import Watchdog
from yard.model.bme280 import BME280
from yard.model.bme280_air import BME280InAir
from yard.model.board import Board
from yard.model.ccs811 import CCS811
from yard.model.dht22 import DHT22
from yard.model.hcsr04 import HCSR04
from yard.model.htu21d import HTU21D
from yard.model.one_wire import DS18B20, OneWireBus
from yard.sim import sensors


def component(package: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"package": package, "component": name, "constructor_args": arguments}


def board_of(**members: Any) -> Board:
    board = Board([])
    sensors.attach(board, json.dumps(members).encode())
    return board


def test_a_configuration_brings_its_sensors() -> None:
    codes = [DS18B20(1).rom.hex(), DS18B20(2).rom.hex()]
    board = board_of(
        air=component(".sensors.htu21d", "HTU21D"),
        roof=component(".sensors.bme280", "BME280", address="0x77"),
        cellar=component(".sensors.bme280", "BMP280"),
        gas=component(".sensors.ccs811", "CCS811", address=0x5B),
        boiler=component(".sensors.ds18", "DS18", pin=13),
        pipes=component(".sensors.ds18", "DS18", pin=14, sensors=[{"rom": c} for c in codes]),
        bath=component(".sensors.dht22", "DHT22", pin=27),
        tank=component(".sensors.hcsr04", "HCSR04", trigger=25, echo=26),
    )
    assert board.bus.scan() == [0x40, 0x5B, 0x76, 0x77]
    assert sorted(board.wired) == [13, 14, 26, 27]
    pipes = [f"pipes.{code}" for code in codes]
    assert set(board.sensors) == {
        *("air", "roof", "cellar", "gas", "boiler", "bath", "tank"),
        *pipes,
    }


def test_what_a_configuration_says_wrongly_is_left_out() -> None:
    board = board_of(
        a=component(".sensors.ds18", "DS18", pin="13"),
        b=component(".sensors.ds18", "DS18", pin=13, sensors=[{"rom": "zz"}]),
        c=component(".sensors.dht22", "DHT22"),
        d=component(".sensors.hcsr04", "HCSR04", trigger=1),
        e=component(".sensors.htu21d", "HTU21D", address="x"),
        f=component(".sensors.htu21d", "HTU21D", address=None),
        g=component(".sensors.ds18", "DS18", pin=99),
        h={"package": ".sensors.htu21d", "component": "HTU21D", "constructor_args": [1]},
        i=7,
        j=component(".sensors.other", "Other"),
    )
    assert board.bus.scan() == [] and board.wired == {}


def test_the_weather_can_be_changed() -> None:
    air = HTU21D()
    assert sensor_row(air)["temperature"] == 20.0
    assert change(air, {"temperature": 30, "powered": False})["temperature"] == 30
    assert air.temperature == 30
    assert not air.powered


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"temperature": "warm"}, "temperature: must be like 20.0"),
        ({"temperature": True}, "temperature: must be like 20.0"),
        ({"temperature": None}, "temperature: must be like 20.0"),
        ({"temperature": -274}, "temperature: must be from -100 to 200"),
        ({"temperature": float("nan")}, "temperature: must be from -100 to 200"),
        ({"powered": 1}, "powered: must be like true"),
        ({"powered": None}, "powered: must be like true"),
    ],
)
def test_a_value_that_cannot_be_changes_nothing(fields: dict[str, Any], fault: str) -> None:
    air = HTU21D()
    with pytest.raises(ValueError, match=f"^{fault}$"):
        change(air, {"humidity": 1.0, **fields})
    assert air.humidity == 50.0


def test_nothing_can_be_before_an_ultrasonic_sensor() -> None:
    tank = HCSR04(Board([]), 25, 26)
    assert change(tank, {"distance": None})["distance"] is None
    assert change(tank, {"distance": 12})["distance"] == 12


def test_whatever_the_weather_a_model_can_send_it() -> None:
    for temperature in (-100, 200):
        for humidity in (0, 100):
            weather = {"temperature": temperature, "humidity": humidity}
            bath, air, roof = DHT22(), HTU21D(), BME280InAir()
            change(bath, weather)
            assert len(bath.exchange(b"")) == 5
            for sensor, commands in ((air, b"\xf3"), (roof, b"\xf2\x01\xf4\x25")):
                change(sensor, weather)
                sensor.transfer(commands, None)
                sensor.transfer(None, bytearray(3))
            chip = DS18B20(1)
            change(chip, {"temperature": temperature})
            chip.convert()


def test_what_a_battery_has_is_what_the_node_reads_behind_its_divider() -> None:
    board = board_of(
        cell=component(
            ".sensors.battery", "Battery", pin=34, voltage_min=3, voltage_max=4.2, multiplier=2
        ),
        probe=component(".machine.adc", "ADC", pin=35, attenuation="0dB"),
    )
    assert board.analog_read(34) == round(3.6 / 4.9 * 65535)
    assert (board.analog_read(35), board.analog_read(36)) == (0, 0)
    assert change(board.sensors["probe"], {"voltage": 0.475}) == {"voltage": 0.475}
    assert board.analog_read(35) == round(0.5 * 65535)
    change(board.sensors["cell"], {"voltage": 12})
    assert board.analog_read(34) == 65535, "more than it can tell"


def test_the_models_send_the_numbers_of_their_data_sheets() -> None:
    board = Board([])
    air = HTU21D()
    air.raw = {0xF3: 0x683A}
    gas = CCS811(612, 32)
    board.bus.attach(0x40, air)
    board.bus.attach(0x76, BME280())
    board.bus.attach(0x5A, gas)

    def read(address: int, write: bytes, length: int) -> bytes:
        data = bytearray(length)
        board.bus.transfer(address, write, data)
        return bytes(data)

    assert read(0x40, b"\xf3", 3) == b"\x68\x3a\x7c"
    assert read(0x76, b"\xd0", 1) == b"\x60"
    board.bus.transfer(0x76, b"\xf2\x01\xf4\x25")
    assert read(0x76, b"\xf7", 6) == b"\x65\x5a\xc0\x7e\xed\x00", "415148 and 519888"
    board.bus.transfer(0x5A, b"\xf4")
    board.bus.transfer(0x5A, b"\x01\x10")
    assert read(0x5A, b"\x02", 5) == b"\x02\x64\x00\x20\x98"
    assert DHT22(35.1, 65.2).exchange(b"") == b"\x02\x8c\x01\x5f\xee"
    HCSR04(board, 25, 26, 100.0)
    assert board.exchange(26, b"") == b"", "not triggered"
    board.pin_mode(25, 1, 0)
    board.pin_write(25, 1)
    board.pin_write(25, 0)
    assert int.from_bytes(board.exchange(26, b""), "little") == 5800


def test_a_1_wire_chip_tells_its_code_and_its_temperature() -> None:
    chip = DS18B20(0x123456, -10.125)
    wire = OneWireBus(chip)

    def write(value: int) -> None:
        wire.exchange(bytes(1 + (value >> i & 1) for i in range(8)))

    def read(count: int) -> bytes:
        bits = wire.exchange(bytes([3] * 8 * count))
        return bytes(
            sum(bit << i for i, bit in enumerate(bits[8 * n : 8 * n + 8])) for n in range(count)
        )

    wire.exchange(b"\0")
    write(0x33)
    assert read(8) == chip.rom == bytes.fromhex("28563412000000") + chip.rom[7:]
    for commands in ((0xCC, 0x44), (0xCC, 0xBE)):
        wire.exchange(b"\0")
        for command in commands:
            write(command)
    assert read(2) == b"\x5e\xff"


def test_a_node_talks_to_what_is_on_its_pin() -> None:
    board = board_of(boiler=component(".sensors.ds18", "DS18", pin=13))
    requests = Requests(board, Watchdog(lambda: None))
    assert requests.carry_out(12, bytes((13, 0))) == b"\x01", "somebody answers a reset"
    assert requests.carry_out(12, bytes((14, 0))) == b"", "nobody is there"
