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
from yard.model.board import Board
from yard.model.htu21d import HTU21D
from yard.model.one_wire import DS18B20
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
    "fields", [{"temperature": "warm"}, {"temperature": True}, {"powered": 1}, {"powered": None}]
)
def test_a_value_of_another_kind_changes_nothing(fields: dict[str, Any]) -> None:
    air = HTU21D()
    with pytest.raises(ValueError, match="must be like"):
        change(air, {"humidity": 1.0, **fields})
    assert air.humidity == 50.0


def test_a_node_talks_to_what_is_on_its_pin() -> None:
    board = board_of(boiler=component(".sensors.ds18", "DS18", pin=13))
    requests = Requests(board, Watchdog(lambda: None))
    assert requests.carry_out(12, bytes((13, 0))) == b"\x01", "somebody answers a reset"
    assert requests.carry_out(12, bytes((14, 0))) == b"", "nobody is there"
