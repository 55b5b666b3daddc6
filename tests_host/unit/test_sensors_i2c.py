# SPDX-License-Identifier: MIT
"""HTU21D, BME280, BMP280 and CCS811 on the simulated bus, against numbers of their data sheets."""

import errno

from expander import Expander

from components.sensors import bme280, bme280_args, ccs811, ccs811_args, htu21d, htu21d_args
from components.sensors.bme280 import BME280, BMP280
from components.sensors.ccs811 import CCS811
from components.sensors.htu21d import HTU21D
from harness import raises, run_until
from i2c_desk import Target
from node.component import ConfigError
from sensor_desk import Desk
from yard.model import bme280 as bme280_model
from yard.model import bme280_air
from yard.model import ccs811 as ccs811_model
from yard.model import htu21d as htu21d_model
from yard.model.mcp23017 import MCP23017

TEMPERATURE, HUMIDITY = 0xF3, 0xF5  # commands of the HTU21D


def near(value, wanted, by):
    return value is not None and abs(value - wanted) <= by


async def htu(desk, **args):
    return await desk.start(HTU21D, htu21d_args, i2c=await desk.bus(), **args)


async def bme(desk, cls=BME280, **args):
    return await desk.start(cls, bme280_args, i2c=await desk.bus(), **args)


async def ccs(desk, **args):
    return await desk.start(CCS811, ccs811_args, i2c=await desk.bus(), **args)


async def fault(desk):
    """Return the next warning."""
    await run_until(desk.warnings, 6000)
    return desk.warnings()[0]


# -- HTU21D ---------------------------------------------------------------------------------


def test_the_checksums_of_the_htu21d_data_sheet():
    for data in (b"\xdc\x79", b"\x68\x3a\x7c", b"\x4e\x85\x6b"):
        assert htu21d.crc8(data) == 0
        assert htu21d_model.crc8(data[:-1]) == data[-1]
    assert htu21d.crc8(b"\x68\x3b\x7c") != 0


async def test_the_examples_of_the_htu21d_data_sheet():
    model = htu21d_model.HTU21D()
    model.raw = {TEMPERATURE: 0x683A, HUMIDITY: 0x4E85}
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        assert near(await sensor.temperature(), 24.7, 0.05)
        assert near(await sensor.humidity(), 32.3, 0.05)
        await run_until(lambda: desk.states("humidity"))
        assert desk.states("temperature") == [b"24.7"]
        assert desk.states("humidity") == [b"32.3"]


async def test_the_status_bits_of_a_htu21d_are_no_part_of_its_results():
    model = htu21d_model.HTU21D()
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        results = []
        for status in range(4):
            model.raw = {TEMPERATURE: 0x6838 | status, HUMIDITY: 0x4E84 | status}
            results.append((await sensor.temperature(max_age=0), await sensor.humidity()))
        assert results == results[:1] * 4


async def test_a_htu21d_that_is_not_ready_is_asked_again():
    model = htu21d_model.HTU21D(-10.5, 85)
    model.busy = 2
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        assert near(await sensor.temperature(), -10.5, 0.01)
        assert near(await sensor.humidity(), 85, 0.01)


async def test_precision_and_offsets_of_the_first_example_of_pysmartnode():
    with Desk({0x40: htu21d_model.HTU21D(20, 50)}) as desk:
        offsets = {"temp_offset": -2.0, "humid_offset": 10.0}
        await htu(desk, precision_temp=2, precision_humid=1, **offsets)
        await run_until(lambda: desk.states("humidity"))
        assert desk.states("temperature") == [b"18.00"]
        assert desk.states("humidity") == [b"60.0"]


async def test_a_htu21d_is_a_device_of_its_own():
    with Desk({0x40: htu21d_model.HTU21D()}) as desk:
        sensor = await htu(desk)
        await run_until(lambda: desk.node.available.get("x") == [True])
        assert sensor.device == {"mf": "TE Connectivity", "mdl": "HTU21D", "hw": "0x40"}


async def test_humidity_beyond_its_ends_is_none_or_all():
    model = htu21d_model.HTU21D()
    model.raw = {HUMIDITY: 0x0002}
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        assert await sensor.humidity() == 0
        model.raw = {HUMIDITY: 0xFFFE}
        assert await sensor.humidity(max_age=0) == 100


async def test_a_wrong_checksum_is_a_fault():
    model = htu21d_model.HTU21D()
    model.damaged = True
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        assert await fault(desk) == "cannot be measured: checksum is wrong"
        assert await sensor.temperature() is None


async def test_a_chip_that_is_missing_is_a_fault_and_comes_back():
    model = htu21d_model.HTU21D(21)
    model.powered = False
    with Desk({0x40: model}) as desk:
        sensor = await htu(desk)
        assert await fault(desk) == "cannot be measured: 0x40 does not answer"
        assert desk.node.available["x"] == [False]
        model.powered = True
        assert near(await sensor.temperature(), 21, 0.01)
        assert desk.node.available["x"] == [False, True]


async def test_a_stuck_bus_is_freed_by_its_owner_and_a_fault_until_then():
    with Desk({0x40: htu21d_model.HTU21D(21)}) as desk:
        sensor = await htu(desk)
        await run_until(lambda: desk.states("humidity"))
        desk.board.bus.stuck_sda = True
        assert await sensor.temperature(max_age=0) is None
        assert desk.warnings() == ["cannot be measured: the bus is stuck or busy"]
        assert not desk.components["i2c"].alive()
        desk.board.bus.clearable = True
        assert near(await sensor.temperature(max_age=0), 21, 0.01)
        assert desk.components["i2c"].alive()


async def test_one_bus_has_one_sensor_at_an_address():
    with Desk({0x40: htu21d_model.HTU21D()}) as desk:
        await htu(desk)
        try:
            await desk.start(HTU21D, htu21d_args, "y", i2c=await desk.bus())
        except ConfigError as e:
            assert (e.key, str(e)) == ("address", '0x40 on i2c is used by "x" already')
        else:
            raise AssertionError("not refused")


def test_what_is_no_bus_is_refused():
    assert raises(ConfigError, HTU21D, "i2c").key == "i2c"


async def test_while_a_sensor_measures_chips_are_served():
    """Between the two transfers of a measurement others use the bus, and the loop goes on."""
    model = htu21d_model.HTU21D()
    with Desk({0x40: model, 0x20: MCP23017()}) as desk:
        sensor = await htu(desk)
        await run_until(lambda: desk.states("humidity"))
        bus = desk.board.bus
        addresses = []
        transfer = bus.transfer

        def watched(address, *args):
            addresses.append(address)
            transfer(address, *args)

        bus.transfer = watched
        worker = desk.components["i2c"].worker

        chip = Expander(worker, "chip", 0x20, poll_ms=10)
        chip.input(0, Target(chip, 0))
        worker.add(chip)
        await run_until(lambda: chip.online)
        addresses.clear()
        await sensor.temperature(max_age=0)
        first, last = addresses.index(0x40), len(addresses) - 1 - addresses[::-1].index(0x40)
        assert 0x20 in addresses[first:last]


# -- BME280 and BMP280 ----------------------------------------------------------------------


def test_the_example_of_the_bmp280_data_sheet():
    t_fine = bme280.fine_temperature(519888, bme280_model.EXAMPLE)
    assert t_fine == 128422
    assert t_fine * 5 + 128 >> 8 == 2508, "25.08 °C"
    assert near(bme280.pressure(415148, t_fine, bme280_model.EXAMPLE) / 256, 100653.27, 0.05)


def test_a_pressure_that_cannot_be_computed_is_none_at_all():
    assert bme280.pressure(415148, 128422, (27504, 26435, -1000, 0) + (0,) * 8) == 0


def test_the_example_of_the_bmp280_data_sheet_in_floating_point():
    t_fine = bme280_air.fine_temperature(519888)
    assert near(t_fine / 5120, 25.08, 0.005)
    assert near(bme280_air.pressure(415148, t_fine), 1006.5327, 0.0005)


def test_humidity_in_whole_numbers_is_that_in_floating_point():
    trimming = bme280_model.EXAMPLE + (0,) + bme280_model.EXAMPLE_H
    seen = set()
    for t_fine in (-51200, 0, 76800, 128422, 250000, 435200):
        for adc in range(0, 65536, 1021):
            whole = bme280.humidity(adc, t_fine, trimming) / 1024
            exact = bme280_air.humidity(adc, t_fine)
            assert abs(whole - exact) < 0.05, (adc, t_fine, whole, exact)
            seen.add(int(exact) // 10)
    assert len(seen) == 11, "dry to wet"


async def test_a_bme280_measures_all_three():
    model = bme280_model.BME280()
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk)
        assert near(await sensor.temperature(), 25.08, 0.001)
        assert near(await sensor.pressure(), 1006.5327, 0.001)
        wanted = bme280_air.humidity(30000, 128422)
        assert 20 < wanted < 80 and near(await sensor.humidity(), wanted, 0.05)


async def test_a_bme280_measures_any_weather():
    model = bme280_air.BME280InAir()
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk)
        for weather in ((20, 1013, 50), (-39.5, 301, 1), (-5.25, 950, 99), (84.5, 1099, 20)):
            model.temperature, model.pressure, model.humidity = weather
            await sensor.update()
            temperature, pressure, humidity = weather
            assert near(await sensor.temperature(), temperature, 0.01), weather
            assert near(await sensor.pressure(), pressure, 0.05), weather
            assert near(await sensor.humidity(), humidity, 0.1), weather
        assert desk.warnings() == []


async def test_trimming_values_with_a_sign_are_read_as_the_data_sheet_packs_them():
    trimming = (60000, -2, -3, 60001, -5, -6, -7, -8, -9, -10, -11, -12)
    humid = (75, -362, 3, -320, -50, -30)
    model = bme280_model.BME280(trimming, humid)
    with Desk({0x77: model}) as desk:
        sensor = await bme(desk, address="0x77")
        await sensor.update()
        assert sensor._trimming[:12] == trimming
        assert sensor._trimming[13:] == humid


async def test_each_reading_of_a_bme280_is_a_new_measurement():
    model = bme280_model.BME280()
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk)
        await sensor.temperature()
        model.adc_t = 400000
        assert await sensor.temperature(max_age=0) < 0
        transfers = desk.board.bus.traffic_of[0x76].transactions
        await sensor.temperature(max_age=0)
        assert desk.board.bus.traffic_of[0x76].transactions - transfers == 5, "no trimming again"


async def test_a_bme280_that_does_not_end_is_a_fault():
    model = bme280_model.BME280()
    model.busy = 99
    with Desk({0x76: model}) as desk:
        await bme(desk)
        assert await fault(desk) == "cannot be measured: does not end its measurement"


async def test_a_bmp280_has_no_humidity_and_is_told_from_a_bme280():
    model = bme280_model.BME280(humidity=None)
    with Desk({0x76: model}) as desk:
        await bme(desk)
        text = 'cannot be measured: 0x76 is a BMP280: use the component "BMP280"'
        assert await fault(desk) == text
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk, BMP280)
        assert near(await sensor.pressure(), 1006.5327, 0.001)
        assert not hasattr(sensor, "humidity")
    with Desk({0x76: bme280_model.BME280()}) as desk:
        await bme(desk, BMP280)
        assert "0x76 is a BME280" in await fault(desk)


async def test_a_bme280_that_lost_its_power_within_a_measurement_is_a_fault():
    model = bme280_model.BME280()
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk)
        await sensor.temperature()
        measure = model._measure
        model._measure = lambda control: model.reset()
        assert await sensor.temperature(max_age=0) is None
        assert await fault(desk) == "cannot be measured: did not measure"
        model._measure = measure
        assert near(await sensor.temperature(max_age=0), 25.08, 0.001)


async def test_a_humidity_that_was_not_measured_is_not_told():
    model = bme280_model.BME280()
    with Desk({0x76: model}) as desk:
        sensor = await bme(desk)
        await sensor.humidity()
        transfer = model.transfer

        def interrupted(write, read_into):
            if write and write[0] == 0xF4:
                model.reset()  # the supply fails between the two writes of a measurement
            transfer(write, read_into)

        model.transfer = interrupted
        assert await sensor.humidity(max_age=0) is None
        assert near(await sensor.temperature(max_age=0), 25.08, 0.001)


# -- CCS811 ---------------------------------------------------------------------------------


def test_the_examples_of_environment_data_in_the_ccs811_data_sheet():
    assert ccs811.environment(25, 50) == ccs811_model.DEFAULT_ENV_DATA
    assert ccs811.environment(23.5, 48.5) == b"\x61\x00\x61\x00"
    assert ccs811.environment(None, None) == ccs811_model.DEFAULT_ENV_DATA
    assert ccs811.environment(-30, 0) == bytes(4), "colder than it can say"
    assert ccs811.environment(125, 100) == b"\xc8\x00\xfe\x00"


async def test_a_ccs811_leaves_its_boot_loader_and_measures():
    with Desk({0x5A: ccs811_model.CCS811(612, 32)}) as desk:
        sensor = await ccs(desk)
        assert (await sensor.co2(), await sensor.tvoc()) == (612, 32)
        await run_until(lambda: desk.states("tvoc"))
        assert desk.states("co2") == [b"612"]


async def test_a_ccs811_is_started_anew_after_it_lost_its_power():
    model = ccs811_model.CCS811(612, 32)
    with Desk({0x5A: model}) as desk:
        sensor = await ccs(desk)
        await sensor.co2()
        model.reset()
        model.co2 = 700
        assert await sensor.co2(max_age=0) == 700


async def test_a_ccs811_compensates_by_another_sensor():
    model = ccs811_model.CCS811()
    air = htu21d_model.HTU21D(23.5, 48.5)
    with Desk({0x5A: model, 0x40: air}) as desk:
        other = await desk.start(HTU21D, htu21d_args, "air", i2c=await desk.bus())
        sensor = await ccs(desk, temperature=other, humidity=other)
        await sensor.co2()
        humidity, temperature = model.environment[0], model.environment[2]
        assert (humidity, temperature) in ((0x61, 0x61), (0x60, 0x61), (0x61, 0x60), (0x60, 0x60))
        air.powered = False
        for quantity in other.quantities.values():
            quantity.forget()
        model.environment = b"as it was"
        assert await sensor.co2(max_age=0) == 400
        assert model.environment == b"as it was", "a sensor that fails compensates nothing"


async def test_what_cannot_compensate_is_refused():
    with Desk({0x40: htu21d_model.HTU21D()}) as desk:
        bus = await desk.bus()
        assert raises(ConfigError, lambda: CCS811(bus, humidity=bus)).key == "humidity"


async def test_without_a_new_result_the_old_one_stays():
    model = ccs811_model.CCS811(500, 1)
    model.fresh = False
    with Desk({0x5A: model}) as desk:
        sensor = await ccs(desk)
        assert await sensor.co2() == 500
        assert await sensor.co2(max_age=0) is None, "nothing newer is to be had"
        assert await sensor.co2() == 500
        assert desk.warnings() == []


async def test_a_ccs811_says_what_is_wrong_with_it():
    model = ccs811_model.CCS811()
    model.fault = 0x30
    with Desk({0x5A: model}) as desk:
        await ccs(desk)
        text = "the current of its heater is out of range, its heater has no voltage"
        assert await fault(desk) == "cannot be measured: " + text
    model = ccs811_model.CCS811()
    model.app_valid = False
    with Desk({0x5A: model}) as desk:
        await ccs(desk)
        assert await fault(desk) == "cannot be measured: it has no firmware"


async def test_a_fault_of_a_ccs811_that_is_over_is_forgotten():
    model = ccs811_model.CCS811(612, 32)
    with Desk({0x5A: model}) as desk:
        sensor = await ccs(desk)
        await sensor.co2()
        model.fault = 0x01  # stays until ERROR_ID has been read
        assert await sensor.co2(max_age=0) is None
        assert await sensor.co2(max_age=0) == 612
        text = "a register was written that does not exist"
        assert desk.warnings() == ["cannot be measured: " + text]


async def test_a_result_that_the_ccs811_cannot_give_is_a_fault():
    with Desk({0x5A: ccs811_model.CCS811(0, 0)}) as desk:
        sensor = await ccs(desk)
        assert await fault(desk) == "cannot be measured: co2 0 is not within 400 and 29206"
        assert await sensor.tvoc() == 0


async def test_a_transfer_on_a_bus_that_is_lost_raises_nothing_but_a_fault():
    with Desk({0x40: htu21d_model.HTU21D()}) as desk:
        sensor = await htu(desk)
        await run_until(lambda: desk.states("humidity"))
        for code in (errno.ENODEV, errno.ETIMEDOUT):

            def broken(*args, code=code):
                raise OSError(code)

            desk.board.bus.transfer = broken
            assert await sensor.temperature(max_age=0) is None
