# SPDX-License-Identifier: MIT
"""Sensors on native pins, and one that is elsewhere: numbers from their data sheets."""

import asyncio
import gc
import time
from binascii import hexlify, unhexlify

import esp32
import machine
from onewire import OneWire, OneWireError

from components.machine import ram, ram_args, temperature_args
from components.machine.temperature import ChipTemperature
from components.sensors import (
    battery_args,
    dht22_args,
    ds18,
    ds18_args,
    hcsr04_args,
    remote_sensor_args,
)
from components.sensors.battery import Battery
from components.sensors.dht22 import DHT22
from components.sensors.ds18 import DS18
from components.sensors.hcsr04 import HCSR04
from components.sensors.remote_sensor import RemoteSensor
from harness import raises, run_until
from node.component import ConfigError
from sensor_desk import Desk
from yard.model import dht22 as dht22_model
from yard.model import hcsr04 as hcsr04_model
from yard.model import one_wire as one_wire_model
from yard.model.one_wire import DS18B20, OneWireBus

# Data sheet of the DS18B20, table 1: temperature and what it sends.
EXAMPLES = (
    (125, b"\xd0\x07"),
    (85, b"\x50\x05"),
    (25.0625, b"\x91\x01"),
    (10.125, b"\xa2\x00"),
    (0.5, b"\x08\x00"),
    (0, b"\x00\x00"),
    (-0.5, b"\xf8\xff"),
    (-10.125, b"\x5e\xff"),
    (-25.0625, b"\x6f\xfe"),
    (-55, b"\x90\xfc"),
)


def near(value, wanted, by):
    return value is not None and abs(value - wanted) <= by


async def refusal(cls, description, **args):
    """Return (key, text) of the ConfigError that starting gives."""
    with Desk() as desk:
        try:
            await desk.start(cls, description, **args)
        except ConfigError as e:
            desk.components.clear()
            return e.key, str(e)
    raise AssertionError("not refused")


async def fault(desk):
    await run_until(desk.warnings, 5000)
    return desk.warnings()[0]


# -- DS18B20 --------------------------------------------------------------------------------


def wire(desk, *chips):
    desk.board.wired[13] = bus = OneWireBus(*chips)
    return bus


def test_the_checksum_of_the_1_wire_application_note_27():
    rom = unhexlify("021cb801000000a2")
    assert ds18._crc8(rom) == 0
    assert one_wire_model.crc8(rom[:-1]) == rom[-1]
    assert ds18._crc8(b"\x03" + rom[1:]) != 0


async def test_the_temperatures_of_the_ds18b20_data_sheet():
    chip = DS18B20(1)
    with Desk() as desk:
        wire(desk, chip)
        sensor = await desk.start(DS18, ds18_args, pin=13)
        for temperature, sent in EXAMPLES[:3] + EXAMPLES[-1:]:
            chip.temperature = temperature
            assert await sensor.temperature(max_age=0) == temperature
            assert bytes(chip._scratchpad[:2]) == sent


class Sent:
    """A wire on which these bytes are read."""

    def __init__(self, data):
        self.bytes = list(data)

    def reset(self):
        return True

    def writebyte(self, byte):
        pass

    def readbyte(self):
        return self.bytes.pop(0)


async def test_each_temperature_of_the_data_sheet_is_told_by_its_two_bytes():
    sensor = DS18(13)
    for temperature, sent in EXAMPLES:
        data = sent + b"\x4b\x46\x7f\xff\x10\x10"
        sensor._wire = Sent(data + bytes((one_wire_model.crc8(data),)))
        assert await sensor._read_one("temperature", bytes(8)) == temperature


async def test_a_wire_that_stays_low_or_high_is_no_temperature():
    sensor = DS18(13)
    for level in (b"\x00", b"\xff"):
        sensor._wire = Sent(level * 9)
        text = "x: no answer or a wrong checksum"
        assert await sensor._read_one("x", bytes(8)) == text, level


async def test_a_single_chip_is_found_and_called_temperature():
    with Desk() as desk:
        wire(desk, DS18B20(0x123456, 21.5))
        await desk.start(DS18, ds18_args, pin=13, name="Boiler")
        await run_until(lambda: desk.states("temperature") == [b"21.5"], 5000)
        assert desk.node.entities[b"x/temperature"].name == "Boiler"


async def test_several_chips_are_found_and_called_by_their_codes():
    chips = [DS18B20(number, number) for number in (1, 2, 3, 0x800000000001)]
    with Desk() as desk:
        wire(desk, *chips)
        sensor = await desk.start(DS18, ds18_args, pin=13)
        codes = {hexlify(chip.rom).decode(): chip.temperature for chip in chips}
        assert set(sensor.quantities) == set(codes)
        key = hexlify(chips[1].rom).decode()
        assert await sensor.value(key) == 2
        assert desk.node.entities[b"x/" + key.encode()].name == key


async def test_chips_can_be_named():
    flow, back = DS18B20(1, 55), DS18B20(2, 35)
    rows = [
        {"rom": hexlify(flow.rom).decode().upper(), "id": "flow", "name": "Heating flow"},
        {"rom": hexlify(back.rom).decode(), "id": "return"},
    ]
    with Desk() as desk:
        wire(desk, back, flow, DS18B20(3))
        sensor = await desk.start(DS18, ds18_args, pin=13, sensors=rows)
        assert await desk.node.entities[b"x/flow"].temperature() == 55
        assert await sensor.value("return") == 35
        assert desk.node.entities[b"x/flow"].name == "Heating flow"
        assert set(sensor.quantities) == {"flow", "return"}
        assert flow.conversions == 1, "one conversion for all"


async def test_a_chip_that_fails_costs_only_its_own_value():
    good, bad = DS18B20(1, 20), DS18B20(2, 30)
    rows = [{"rom": hexlify(c.rom).decode(), "id": i} for c, i in ((good, "a"), (bad, "b"))]
    for bad.damaged, bad.powered in ((True, True), (False, False)):
        with Desk() as desk:
            wire(desk, good, bad)
            sensor = await desk.start(DS18, ds18_args, pin=13, sensors=rows)
            assert await sensor.value("a") == 20
            assert await sensor.value("b", max_age=1) is None
            assert await fault(desk) == "cannot be measured: b: no answer or a wrong checksum"


async def test_85_degrees_after_power_on_are_no_temperature():
    chip = DS18B20(1)
    chip.convert = lambda: None  # its supply is too weak for that
    with Desk() as desk:
        wire(desk, chip)
        sensor = await desk.start(DS18, ds18_args, pin=13)
        assert await sensor.temperature() is None
        text = "cannot be measured: temperature: has not measured; is its supply connected?"
        assert desk.warnings() == [text]


async def test_a_chip_that_comes_late_is_found():
    with Desk() as desk:
        bus = wire(desk)
        sensor = await desk.start(DS18, ds18_args, pin=13)
        assert await fault(desk) == "cannot be measured: nothing answers on GPIO 13"
        bus.devices.append(DS18B20(7, 19))
        assert await sensor.temperature() == 19


async def test_a_ds18b20_never_holds_up_the_loop_for_longer_than_a_byte_takes():
    with Desk() as desk:
        wire(desk, DS18B20(1))
        sensor = await desk.start(DS18, ds18_args, pin=13)
        operate = sensor._wire._operate
        held = [0, 0]  # operations since others ran, and the most there were

        def noted(request):
            held[0] += len(request)
            held[1] = max(held)
            return operate(request)

        async def others():
            while True:
                held[0] = 0
                await asyncio.sleep_ms(0)

        sensor._wire._operate = noted
        task = asyncio.create_task(others())
        await sensor.temperature(max_age=0)
        task.cancel()
        assert 8 <= held[1] <= 9, "a reset and a byte"


async def test_wrong_codes_are_refused():
    for rom in ("28ffffffffffffff", "10" + "00" * 7, "zz" * 8):
        key, text = await refusal(DS18, ds18_args, pin=13, sensors=[{"rom": rom}])
        assert key == "sensors[0].rom" and "is no ROM code" in text
    rom = hexlify(DS18B20(1).rom).decode()
    for rows in (
        [{"rom": rom, "id": "a"}, {"rom": rom, "id": "a"}],
        [{"rom": rom, "id": "interval"}],
    ):
        assert (await refusal(DS18, ds18_args, pin=13, sensors=rows))[0] == "sensors"


async def test_a_pin_that_can_only_be_an_input_is_refused():
    key, text = await refusal(DS18, ds18_args, pin=34)
    assert key == "pin" and "can only be an input" in text


def test_the_onewire_module_does_what_that_of_micropython_does():
    with Desk() as desk:
        chips = [DS18B20(number) for number in (5, 6, 0xFFFF)]
        bus = wire(desk, *chips)
        ow = OneWire(machine.Pin(13))
        assert sorted(bytes(rom) for rom in ow.scan()) == sorted(chip.rom for chip in chips)
        assert ow.crc8(chips[0].rom) == 0
        ow.select_rom(chips[1].rom)
        ow.write(b"\x4e\x01\x02\x7f")
        assert bytes(chips[1]._scratchpad[2:5]) == b"\x01\x02\x7f"
        bus.devices = chips[:1]
        ow.reset(True)
        ow.writebyte(0x33)
        rom = bytearray(8)
        ow.readinto(rom)
        assert rom == chips[0].rom
        bus.cut = True
        assert not ow.reset() and ow.scan() == []
        raises(OneWireError, ow.reset, True)
        del desk.board.wired[13]
        assert not ow.reset() and ow.readbyte() == 0xFF


# -- DHT22 ----------------------------------------------------------------------------------


def test_the_example_of_the_am2302_data_sheet():
    model = dht22_model.DHT22(35.1, 65.2)
    assert model.exchange(b"") == b"\x02\x8c\x01\x5f\xee"
    model.temperature = -10.1
    assert model.exchange(b"")[2:4] == b"\x80\x65"


async def test_a_dht22_measures_both():
    model = dht22_model.DHT22(35.1, 65.2)
    with Desk() as desk:
        desk.board.wired[13] = model
        sensor = await desk.start(DHT22, dht22_args, pin=13)
        assert near(await sensor.temperature(), 35.1, 0.001)
        assert near(await sensor.humidity(), 65.2, 0.001)
        await run_until(lambda: desk.states("humidity") == [b"65.2"], 8000)


async def test_a_dht22_rests_two_seconds_between_readings_and_knows_frost():
    model = dht22_model.DHT22(20, 50)
    with Desk() as desk:
        desk.board.wired[13] = model
        sensor = await desk.start(DHT22, dht22_args, pin=13)
        await sensor.temperature()
        model.temperature = -10.1
        before = sensor._asked
        assert near(await sensor.temperature(max_age=0), -10.1, 0.001)
        assert time.ticks_diff(sensor._asked, before) >= 2000


async def test_faults_of_a_dht22():
    model = dht22_model.DHT22()
    model.damaged = True
    with Desk() as desk:
        desk.board.wired[13] = model
        await desk.start(DHT22, dht22_args, pin=13)
        assert await fault(desk) == "cannot be measured: checksum error"
    with Desk() as desk:
        await desk.start(DHT22, dht22_args, pin=13)
        assert await fault(desk) == "cannot be measured: nothing answers on GPIO 13"
    with Desk() as desk:
        desk.board.wired[13] = dht22_model.DHT22(90, 50)
        sensor = await desk.start(DHT22, dht22_args, pin=13)
        assert await fault(desk) == "cannot be measured: temperature 90.0 is not within -40 and 80"
        assert near(await sensor.humidity(), 50, 0.001)


# -- HC-SR04 --------------------------------------------------------------------------------


async def test_an_echo_of_58_us_is_a_centimetre():
    with Desk() as desk:
        model = hcsr04_model.HCSR04(desk.board, 25, 34, 100)
        sensor = await desk.start(HCSR04, hcsr04_args, trigger=25, echo=34)
        assert await sensor.distance() == 100
        model.distance = 2
        assert await sensor.distance(max_age=0) == 2


async def test_what_is_too_far_or_not_there_is_a_fault():
    with Desk() as desk:
        model = hcsr04_model.HCSR04(desk.board, 25, 34, None)
        sensor = await desk.start(HCSR04, hcsr04_args, trigger=25, echo=34, max_distance=50)
        assert await fault(desk) == "cannot be measured: no echo"
        model.distance = 51
        assert await sensor.distance() is None
        model.distance = 49
        assert await sensor.distance() == 49
        model.powered = False
        assert await sensor.distance(max_age=0) is None


async def test_a_hcsr04_that_is_not_triggered_gives_no_pulse():
    with Desk() as desk:
        hcsr04_model.HCSR04(desk.board, 25, 34, 100)
        assert machine.time_pulse_us(machine.Pin(34, machine.Pin.IN), 1, 1000) == -2


def waits_of(sensor):
    """Return the list of how long each reading from now on waits at most, in us."""
    limits = []
    measure = sensor._echo.measure
    sensor._echo.measure = lambda limit_us: limits.append(limit_us) or measure(limit_us)
    return limits


async def test_nobody_waits_longer_than_an_echo_from_the_largest_distance_takes():
    with Desk() as desk:
        hcsr04_model.HCSR04(desk.board, 25, 34, None)
        sensor = await desk.start(HCSR04, hcsr04_args, trigger=25, echo=34, max_distance=100)
        limits = waits_of(sensor)
        assert await sensor.distance(max_age=0) is None
        assert limits == [5800]


async def test_a_short_limit_leaves_the_echo_time_to_begin():
    with Desk() as desk:
        model = hcsr04_model.HCSR04(desk.board, 25, 34, 4)
        sensor = await desk.start(HCSR04, hcsr04_args, trigger=25, echo=34, max_distance=5)
        limits = waits_of(sensor)
        assert await sensor.distance(max_age=0) == 4
        assert limits == [3000]
        model.distance = 6
        assert await sensor.distance(max_age=0) is None
        assert desk.warnings() == ["cannot be measured: no echo"]


async def test_trigger_and_echo_are_two_pins_and_free_again_when_refused():
    key, _ = await refusal(HCSR04, hcsr04_args, trigger=25, echo=25)
    assert key == "echo"
    key, _ = await refusal(HCSR04, hcsr04_args, trigger=34, echo=25)
    assert key == "trigger"
    with Desk() as desk:
        await desk.start(HCSR04, hcsr04_args, trigger=25, echo=26)


# -- battery and chip -----------------------------------------------------------------------


async def test_a_battery_is_measured_in_volts_and_percent():
    with Desk() as desk:
        desk.board.analog[34] = 0x8000  # half of 2.45 V
        args = {"voltage_min": 3.0, "voltage_max": 4.2, "multiplier": 3}
        sensor = await desk.start(Battery, battery_args, pin=34, **args)
        assert near(await sensor.voltage(), 3.675, 0.001)
        assert near(await sensor.battery(), 56.25, 0.1)
        await run_until(lambda: desk.states("battery"))
        assert desk.states("voltage") == [b"3.68"]
        desk.board.analog[34] = 0xFFFF
        assert await sensor.battery(max_age=0) == 100
        desk.board.analog[34] = 0
        assert await sensor.battery(max_age=0) == 0


async def test_a_full_battery_has_more_than_an_empty_one():
    key, _ = await refusal(Battery, battery_args, pin=34, voltage_min=4.2, voltage_max=3)
    assert key == "voltage_max"
    key, text = await refusal(Battery, battery_args, pin=4, voltage_min=3, voltage_max=4.2)
    assert key == "pin" and "while Wi-Fi is on" in text


async def test_the_chip_tells_its_temperature_in_either_scale():
    with Desk() as desk:
        sensor = await desk.start(ChipTemperature, temperature_args, temp_offset=-10)
        assert near(await sensor.temperature(), (128 - 32) / 1.8 - 10, 0.001)
        esp32.mcu_temperature = lambda: 41  # as on an ESP32-C3
        try:
            assert await sensor.temperature(max_age=0) == 31
        finally:
            del esp32.mcu_temperature


async def test_the_memory_that_is_left_is_published():
    with Desk() as desk:
        sensor = await desk.start(ram.RAM, ram_args, interval=60)
        free = await sensor.value("free")
        assert abs(free - gc.mem_free()) < 50000
        await run_until(lambda: desk.states("free"))
        entity = desk.node.entities[b"x/free"]
        assert entity.options["ent_cat"] == "diagnostic"
        assert (entity.name, entity.options["unit_of_meas"]) == ("RAM", "B")
        assert sensor.intervals() == (60, 60)
        assert ram.ram is ram.RAM, "its name in pysmartnode"


# -- elsewhere ------------------------------------------------------------------------------

TOPIC = "home/attic/htu/temperature/state"


async def remote(desk, **args):
    return await desk.start(RemoteSensor, remote_sensor_args, topic=TOPIC, **args)


async def test_a_remote_sensor_has_what_was_published_last():
    with Desk() as desk:
        sensor = await remote(desk)
        assert await sensor.temperature() is None
        desk.node.arrive(TOPIC, b"21.5")
        assert await sensor.temperature() == 21.5
        assert await sensor.temperature(publish=True) == 21.5
        assert desk.node.entities == {}, "Home Assistant knows it already"


async def test_a_remote_value_that_is_too_old_is_none():
    with Desk() as desk:
        sensor = await remote(desk, max_age=60)
        desk.node.arrive(TOPIC, b"21.5")
        assert await sensor.temperature(max_age=0) is None
        assert await sensor.temperature(max_age=30) == 21.5
        sensor.quantities["temperature"].at = time.ticks_add(time.ticks_ms(), -61000)
        assert await sensor.temperature() is None


async def test_a_remote_value_that_is_too_old_is_forgotten_though_nobody_asks():
    """After half a period of the ticks, six days, it would be young again."""
    with Desk() as desk:
        sensor = await remote(desk, max_age=60)
        desk.node.arrive(TOPIC, b"21.5")
        quantity = sensor.quantities["temperature"]
        quantity.at = time.ticks_add(time.ticks_ms(), -61000)
        await run_until(lambda: quantity.value is None)


async def test_what_the_broker_has_kept_counts_only_where_that_is_wanted():
    with Desk() as desk:
        sensor = await remote(desk)
        desk.node.arrive(TOPIC, b"21.5", True)
        assert await sensor.temperature() is None
    with Desk() as desk:
        sensor = await remote(desk, retained=True)
        desk.node.arrive(TOPIC, b"21.5", True)
        assert await sensor.temperature() == 21.5


async def test_a_remote_value_can_be_in_an_object():
    with Desk() as desk:
        sensor = await remote(desk, kind="humidity", key="hum")
        desk.node.arrive(TOPIC, b'{"hum": 48.5, "temp": 20}')
        assert await sensor.humidity() == 48.5


async def test_nonsense_from_elsewhere_is_reported_once_and_changes_nothing():
    with Desk() as desk:
        sensor = await remote(desk, key="t")
        desk.node.arrive(TOPIC, b'{"t": 20}')
        for payload in (
            b"{",
            b"[1]",
            b"7",
            b"null",
            b'{"u": 1}',
            b'{"t": "warm"}',
            b"\xff",
            b"1" * 2000,
        ):
            desk.node.arrive(TOPIC, payload)
        assert await sensor.temperature() == 20
        assert sensor.statistics() == {"sensor_errors": 8}
        assert len(desk.warnings()) == 1


async def test_a_remote_sensor_listens_no_more_once_it_is_stopped():
    with Desk() as desk:
        await remote(desk)
        desk.components.pop("x").stop()
        assert desk.node.listeners == []
