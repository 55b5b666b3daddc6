# SPDX-License-Identifier: MIT
"""lib/bus_worker.py: commands, faults and time; with expanders on model chips."""

import asyncio
import gc
import time

from bus_device import BusDevice
from bus_worker import BusWorker
from command_buffer import OFF, ON, PULSE, TOGGLE
from expander import Expander
from pins import Pin

from harness import raises, run_until
from i2c_desk import PERIOD, Desk, Target


def ready_desk(addresses=(0x20,), **options):
    """Return a desk on which every chip has 16 outputs and runs, and the targets of the first."""
    desk = Desk(addresses, **options)
    targets = {address: desk.outputs(address) for address in addresses}
    desk.run(200)
    for chip in targets.values():
        chip[0].said.clear()
    return desk, targets[addresses[0]]


def transactions(desk, address=0x20):
    return desk.bus.traffic_of[address].transactions


# -- batches --------------------------------------------------------------------------------


def test_a_command_reaches_the_latch_in_one_transfer_and_its_target_is_told():
    desk, pins = ready_desk()
    before = transactions(desk)
    desk.submit(pins[3], ON, tag="x")
    desk.run(2)
    assert desk.latch() == 0x0008
    assert pins[3].said == [("applied", "x")]
    assert transactions(desk) == before + 1


def test_a_burst_on_all_pins_of_a_chip_is_one_transfer():
    desk, pins = ready_desk()
    before = transactions(desk)
    for pin in pins:
        desk.submit(pin, ON)
    desk.run(5)
    assert desk.latch() == 0xFFFF
    assert transactions(desk) == before + 1


def test_a_burst_over_eight_chips_is_one_transfer_for_each():
    desk, _ = ready_desk(tuple(range(0x20, 0x28)), capacity=128)
    before = desk.bus.traffic.transactions
    for number in range(16):
        for chip in desk.chips.values():
            desk.submit(chip.users[number], ON)
    desk.run(20)
    assert [desk.latch(address) for address in desk.chips] == [0xFFFF] * 8
    assert desk.bus.traffic.transactions == before + 8


def test_the_second_change_of_a_pin_is_a_transfer_of_its_own():
    desk, pins = ready_desk()
    seen = []
    desk.models[0x20].on_latch_change = lambda chip, old, new: seen.append(new)
    for action in (ON, OFF, TOGGLE, TOGGLE):
        desk.submit(pins[0], action)
    desk.run(5)
    assert seen == [1, 0, 1, 0]


def test_the_order_of_commands_for_a_chip_holds():
    desk, pins = ready_desk()
    seen = []
    desk.models[0x20].on_latch_change = lambda chip, old, new: seen.append(new)
    for number, action in ((0, ON), (0, OFF), (1, ON)):
        desk.submit(pins[number], action)
    desk.run(5)
    # Pin 1 does not overtake the second change of pin 0.
    assert seen == [0b01, 0b10]


def test_toggle_counts_what_is_in_the_same_batch():
    desk, pins = ready_desk()
    desk.submit(pins[0], OFF)
    desk.submit(pins[0], TOGGLE)
    desk.run(5)
    assert desk.latch() == 1


def test_a_command_that_changes_nothing_costs_no_transfer_but_is_told():
    desk, pins = ready_desk()
    before = transactions(desk)
    desk.submit(pins[0], OFF, tag="x")
    desk.run(2)
    assert pins[0].said == [("applied", "x")]
    assert transactions(desk) == before


def test_a_full_buffer_drops_the_oldest_command_and_tells_its_target():
    desk, pins = ready_desk(capacity=4)
    for tag in range(6):
        desk.submit(pins[tag], ON, tag=tag)
    assert pins[0].said == [("full", 0), ("full", 1)]
    desk.run(5)
    assert desk.latch() == 0b111100
    assert desk.worker.dropped == 2


def test_a_target_may_put_commands_when_it_is_told():
    desk, pins = ready_desk(capacity=2)

    class Chain(Target):
        def applied(self, tag):
            if tag < 6:
                for pin in pins[tag : tag + 2]:
                    desk.submit(pin, ON)
                desk.submit(self, TOGGLE, tag=tag + 1)

    chain = Chain(desk.chips[0x20], 15)
    desk.submit(chain, ON, tag=0)
    desk.submit(pins[14], ON)
    desk.run(20)
    assert desk.latch() & 0x4000
    assert len(desk.worker.buffer) == 0


def test_a_target_that_raises_costs_no_room_in_the_buffer():
    desk, pins = ready_desk(capacity=8)

    class Broken(Target):
        def applied(self, tag):
            raise MemoryError

    for _ in range(3):
        for number in range(8):
            desk.submit(Broken(desk.chips[0x20], number), TOGGLE)
        raises(MemoryError, desk.worker.step)
    for pin in pins[:8]:
        desk.submit(pin, OFF)
    desk.run(5)
    assert desk.latch() == 0
    assert desk.worker.dropped == 0


# -- expiry ---------------------------------------------------------------------------------


def test_a_command_sent_while_the_bus_is_stuck_is_dropped_at_its_deadline():
    desk, pins = ready_desk()
    desk.bus.stuck_sda = True
    desk.run(4100)  # found by the check
    desk.submit(pins[0], ON, tag="x")
    desk.run(1499)
    assert pins[0].said == []
    desk.run(12)
    assert pins[0].said == [("expired", "x")]
    assert desk.worker.dropped == 1
    desk.bus.stuck_sda = False
    desk.run(1000)
    assert desk.latch() == 0


def test_a_command_that_has_not_expired_is_carried_out_when_the_bus_is_back():
    desk, pins = ready_desk()
    desk.bus.stuck_sda = True
    desk.submit(pins[0], ON, tag="old")
    desk.run(1600)
    desk.submit(pins[1], ON, tag="new")
    desk.run(500)
    desk.bus.stuck_sda = False
    desk.run(300)
    assert ("expired", "old") in pins[0].said
    assert ("applied", "new") in pins[0].said
    assert desk.latch() == 0b10


def test_ticks_may_wrap_while_a_command_waits():
    desk, pins = ready_desk(start_ms=PERIOD - 1000)
    desk.run(800)
    desk.bus.nack.add(0x20)
    desk.submit(pins[0], ON, tag="old")
    desk.run(1510)
    assert ("expired", "old") in pins[0].said
    desk.submit(pins[1], ON, tag="new")
    desk.bus.nack.clear()
    desk.run(300)
    assert desk.latch() == 0b10


class SlowTarget:
    """Costs the processor 1 ms each time that it is looked at."""

    def __init__(self, desk, pin):
        self._desk = desk
        self._pin = pin
        self.said = []

    @property
    def pin(self):
        self._desk.clock.us += 1000
        return self._pin

    def applied(self, tag):
        self.said.append("applied")

    def dropped(self, reason, tag):
        self.said.append(reason)


def test_the_deadline_is_checked_immediately_before_the_transfer():
    outcomes = []
    for ttl_ms in range(1, 12):
        desk, pins = ready_desk()
        outcomes += expire_while_the_batch_is_built(desk, SlowTarget(desk, pins[0].pin), ttl_ms)
    assert outcomes.count("applied") > 2
    assert outcomes.count("expired") > 2


def expire_while_the_batch_is_built(desk, target, ttl_ms):
    deadline = desk.clock.us // 1000 + ttl_ms
    written = []
    desk.models[0x20].on_latch_change = lambda chip, old, new: written.append(
        desk.clock.us // 1000
    )
    desk.submit(target, ON, ttl_ms=ttl_ms)
    desk.run(100)
    assert not written or written[0] < deadline
    return target.said


# -- pulses ---------------------------------------------------------------------------------


def pulse_edges(desk):
    """Return a list that gets (simulated ms, latch) of every change from now on."""
    seen = []
    start = desk.clock.us

    def changed(chip, old, new):
        seen.append(((desk.clock.us - start) // 1000, new))

    desk.models[0x20].on_latch_change = changed
    return seen


def test_a_pulse_ends_after_its_time_and_its_user_is_told():
    desk, pins = ready_desk()
    edges = pulse_edges(desk)
    desk.submit(pins[0], PULSE, 250, tag="x")
    desk.run(400)
    assert [level for _, level in edges] == [1, 0]
    assert 250 <= edges[1][0] - edges[0][0] <= 252
    assert pins[0].said == [("applied", "x"), "changed"]


def test_a_second_pulse_makes_the_first_longer_never_shorter():
    desk, pins = ready_desk()
    edges = pulse_edges(desk)
    desk.submit(pins[0], PULSE, 100)
    desk.run(60)
    desk.submit(pins[0], PULSE, 100)
    desk.run(10)
    desk.submit(pins[0], PULSE, 5)
    desk.run(400)
    assert [level for _, level in edges] == [1, 0]
    assert 160 <= edges[1][0] <= 163


def test_a_plain_command_ends_a_pulse():
    desk, pins = ready_desk()
    edges = pulse_edges(desk)
    desk.submit(pins[0], PULSE, 100)
    desk.run(50)
    desk.submit(pins[0], ON)
    desk.run(300)
    assert [level for _, level in edges] == [1]
    desk.submit(pins[0], PULSE, 100)
    desk.run(50)
    desk.submit(pins[0], OFF)
    desk.submit(pins[0], ON)
    desk.run(300)
    assert desk.latch() == 1


def test_the_end_of_a_pulse_never_expires():
    desk, pins = ready_desk()
    desk.submit(pins[0], PULSE, 100, ttl_ms=50)
    desk.run(20)
    desk.bus.nack.add(0x20)
    desk.run(5000)
    assert desk.latch() == 1
    desk.bus.nack.clear()
    desk.run(2100)
    assert desk.latch() == 0


# -- faults of one chip ---------------------------------------------------------------------


def test_a_single_missing_acknowledge_is_repeated_at_once():
    desk, pins = ready_desk()
    desk.bus.fail_next(0x20, 1)
    desk.submit(pins[0], ON)
    desk.run(2)
    assert desk.latch() == 1
    assert (desk.worker.errors, desk.worker.retries) == (1, 1)
    assert desk.chips[0x20].online


def test_single_missing_acknowledges_do_not_add_up():
    desk, pins = ready_desk()
    for i in range(5):
        desk.bus.fail_next(0x20, 1)
        desk.submit(pins[0], TOGGLE)
        desk.run(2)
        assert desk.latch() == (i + 1) & 1
    assert desk.chips[0x20].online
    assert desk.worker.retries == 5


def test_a_second_one_takes_the_chip_offline_until_it_answers():
    desk, pins = ready_desk()
    told = []
    desk.chips[0x20].on_online = told.append
    desk.bus.nack.add(0x20)
    desk.submit(pins[0], ON)
    desk.run(3)
    assert told == [False]
    desk.bus.nack.clear()
    desk.run(150)
    assert told == [False, True]
    assert desk.latch() == 1


def test_a_lost_chip_is_tried_again_less_and_less_often():
    desk, _ = ready_desk()
    desk.bus.nack.add(0x20)
    tried = []
    start = desk.clock.us
    count = transactions(desk)

    def note():
        nonlocal count
        if transactions(desk) != count:
            count = transactions(desk)
            tried.append((desk.clock.us - start) // 1000)

    desk.run(14_000, note)
    pauses = [b - a for a, b in zip(tried, tried[1:])]
    # The check that finds it and its repetition, then the pauses.
    assert pauses[:7] == [0, 100, 200, 400, 800, 1600, 2000]
    assert all(1990 < pause < 2010 for pause in pauses[7:])


def test_a_chip_that_is_lost_again_is_tried_again_soon():
    desk, pins = ready_desk()
    for _ in range(2):
        desk.bus.nack.add(0x20)
        desk.run(20_000)
        desk.bus.nack.clear()
        desk.run(2100)
        assert desk.chips[0x20].online
    desk.bus.nack.add(0x20)
    desk.submit(pins[0], ON, ttl_ms=10)
    desk.run(20)
    desk.bus.nack.clear()
    desk.run(110)
    assert desk.chips[0x20].online


def test_a_command_has_a_lost_chip_tried_again_within_250_ms():
    for late in range(0, 2000, 190):
        desk, pins = ready_desk()
        desk.bus.nack.add(0x20)
        desk.run(20_000 + late)
        desk.bus.nack.clear()
        desk.submit(pins[0], ON)
        desk.run(260)
        assert desk.latch() == 1


def test_while_commands_wait_a_lost_chip_is_tried_every_250_ms():
    desk, pins = ready_desk()
    desk.bus.nack.add(0x20)
    desk.run(20_000)
    desk.submit(pins[0], ON, ttl_ms=2000)
    before = transactions(desk)
    desk.run(1900)
    assert 7 <= transactions(desk) - before <= 8


def test_a_lost_chip_does_not_slow_the_others_down():
    desk, pins = ready_desk((0x20, 0x21))
    other = desk.chips[0x21].users[0]
    desk.bus.nack.add(0x20)
    for i in range(100):
        desk.submit(pins[0], TOGGLE)
        desk.submit(other, TOGGLE)
        desk.run(4)
        assert desk.latch(0x21) == (i + 1) & 1


# -- faults of the bus ----------------------------------------------------------------------


def test_a_stuck_bus_is_freed_by_recovery_at_once_without_going_offline():
    desk, pins = ready_desk()
    told = []
    desk.chips[0x20].on_online = told.append
    desk.bus.stuck_sda = desk.bus.clearable = True
    desk.submit(pins[0], ON)
    desk.run(20)
    assert desk.latch() == 1
    assert desk.recoveries == 1
    assert desk.worker.stuck_count == 1
    assert told == []


def test_recovery_of_a_stuck_bus_is_tried_every_250_ms():
    desk, pins = ready_desk((0x20, 0x21))
    told = []
    for chip in desk.chips.values():
        chip.on_online = told.append
    desk.bus.stuck_sda = True
    desk.submit(pins[0], ON)
    desk.run(1100)
    assert 4 <= desk.recoveries <= 6
    assert told == [False, False]
    assert desk.worker.stuck
    desk.bus.stuck_sda = False
    desk.run(270)
    assert told == [False, False, True, True]
    assert not desk.worker.stuck


def test_the_worker_goes_on_with_the_i2c_that_recovery_returns():
    desk, pins = ready_desk()
    used = []

    class NewI2C:
        def writeto_mem(self, address, register, data):
            used.append("write")

        def readfrom_mem_into(self, address, register, buffer):
            used.append("read")
            raise OSError(5)

    desk.i2c = NewI2C()
    desk.bus.stuck_sda = True
    desk.submit(pins[0], ON)
    desk.run(20)
    assert used == ["read"]


# -- time -----------------------------------------------------------------------------------


class Sensor(BusDevice):
    """A device that is no chip with pins: notes when it is served."""

    def __init__(self, worker, clock, interval):
        super().__init__("sensor", 0x40)
        self.served = []
        self._clock = clock
        self._interval = interval

    def service(self, now):
        self.served.append(self._clock.us // 1000)
        self.due = self._clock.ticks_add(now, self._interval)
        return True


def test_any_device_that_follows_the_protocol_is_served_when_it_is_due():
    desk, _ = ready_desk()
    sensor = Sensor(desk.worker, desk.clock, 100)
    desk.worker.add(sensor)
    desk.run(1000)
    pauses = [b - a for a, b in zip(sensor.served, sensor.served[1:])]
    assert len(pauses) >= 9
    assert all(100 <= pause <= 101 for pause in pauses)


def test_a_flood_of_commands_and_a_busy_device_take_turns():
    desk, pins = ready_desk()
    sensor = Sensor(desk.worker, desk.clock, 0)
    desk.worker.add(sensor)
    for _ in range(20):
        desk.submit(pins[0], TOGGLE)
    writes = []
    desk.models[0x20].on_latch_change = lambda chip, old, new: writes.append(len(sensor.served))
    desk.run(20)
    # Its first turn connects the sensor, each further one serves it.
    assert writes == [0] + list(range(19))


def test_two_devices_with_one_address_are_refused():
    desk, _ = ready_desk()
    other = Expander(desk.worker, "other", 0x20, clock=desk.clock)
    error = raises(ValueError, desk.worker.add, other)
    assert str(error) == '0x20 is used by "chip20" already'


def test_a_removed_device_is_left_alone_and_its_commands_expire():
    desk, pins = ready_desk()
    desk.worker.remove(desk.chips[0x20])
    before = transactions(desk)
    desk.submit(pins[0], ON, tag="x")
    desk.run(5000)
    assert pins[0].said == [("expired", "x")]
    assert transactions(desk) == before


def test_the_source_of_commands_is_told_when_to_pause_and_when_to_go_on():
    desk, pins = ready_desk(capacity=16)
    told = []
    desk.worker.on_crowded = told.append
    for _ in range(13):
        desk.submit(pins[0], TOGGLE)
    assert told == [True]
    desk.run(20)
    assert told == [True, False]


def test_commands_for_a_lost_chip_make_no_source_pause():
    desk, pins = ready_desk(capacity=16)
    told = []
    desk.bus.nack.add(0x20)
    desk.run(5000)
    desk.worker.on_crowded = told.append
    for _ in range(16):
        desk.submit(pins[0], TOGGLE)
    desk.run(10)
    assert told == []


def test_idle_outputs_cost_one_wake_for_all_chips_every_4_s():
    desk, _ = ready_desk(tuple(range(0x20, 0x28)))
    desk.run(4000)
    wakes = []
    before = desk.worker.transfers
    start = desk.clock.us
    while desk.clock.us < start + 40_000_000:
        wait = desk.worker.step()
        if wait > 1:
            wakes.append(wait)
        desk.clock.us += max(1, wait) * 1000
    assert len(wakes) <= 11
    assert desk.worker.transfers - before <= 8 * 11


# -- with asyncio and real time -------------------------------------------------------------


class StillI2C:
    """An I2C without a bus that allocates nothing; a read gives what was written."""

    def __init__(self):
        self.registers = bytearray(22)
        self.writes = 0
        self.reads = 0

    def writeto_mem(self, address, register, data):
        self.writes += 1
        for i in range(len(data)):
            self.registers[register + i] = data[i]

    def readfrom_mem_into(self, address, register, buffer):
        self.reads += 1
        for i in range(len(buffer)):
            buffer[i] = self.registers[register + i]


class Silent:
    """A target that allocates nothing."""

    def __init__(self, pin):
        self.pin = pin
        self.applications = 0

    def applied(self, tag):
        self.applications += 1

    def changed(self):
        pass


class RunningChip:
    """A worker that runs as a task, with a chip of one output."""

    def __init__(self, poll_ms=20, inputs=()):
        self.i2c = StillI2C()
        self.worker = BusWorker(self.i2c)
        self.chip = Expander(self.worker, "chip", 0x20, poll_ms)
        self.target = Silent(Pin(self.chip, 8))
        self.chip.output(8, self.target)
        for number in inputs:
            self.chip.input(number, self.target)
        self.worker.add(self.chip)
        self.task = asyncio.create_task(self.worker.run())

    def submit(self, action, value=0):
        self.worker.submit(self.target, action, value, 1500, None)


async def test_a_command_wakes_the_sleeping_worker_at_once():
    running = RunningChip()
    await run_until(lambda: running.chip.ready)
    for i in range(1, 11):
        await asyncio.sleep_ms(5)
        start = time.ticks_us()
        running.submit(TOGGLE)
        while running.target.applications < i:
            await asyncio.sleep_ms(0)
        # Its own sleep would last for up to 4 s.
        assert time.ticks_diff(time.ticks_us(), start) < 50_000
    running.task.cancel()


async def test_a_cancellation_is_not_lost_when_a_command_comes_at_the_same_time():
    running = RunningChip()
    await run_until(lambda: running.chip.ready)
    await asyncio.sleep_ms(5)
    running.task.cancel()
    running.submit(ON)
    await run_until(running.task.done)
    assert running.target.applications == 0
    running.worker.wake()


async def test_a_closed_worker_ends():
    running = RunningChip()
    await run_until(lambda: running.chip.ready)
    await asyncio.sleep_ms(5)
    running.worker.close()
    await run_until(running.task.done)


async def test_polling_and_debouncing_allocate_nothing():
    running = RunningChip(1, range(7))
    i2c = running.i2c
    await run_until(lambda: i2c.reads > 20)
    gc.collect()
    gc.disable()
    reads = i2c.reads
    before = gc.mem_alloc()
    for i in range(60):
        i2c.registers[0x12] = i & 0x7F
        await asyncio.sleep_ms(5)
    allocated = gc.mem_alloc() - before
    assert i2c.reads - reads > 60
    assert allocated == 0, allocated
    running.task.cancel()


async def test_a_command_allocates_nothing():
    running = RunningChip()
    await run_until(lambda: running.chip.ready)
    running.submit(PULSE, 2)
    await asyncio.sleep_ms(20)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for i in range(50):
        running.submit(PULSE if i & 1 else TOGGLE, 2)
        await asyncio.sleep_ms(1)
    allocated = gc.mem_alloc() - before
    assert allocated == 0, allocated
    assert running.target.applications >= 49
    running.task.cancel()
