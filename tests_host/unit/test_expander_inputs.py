# SPDX-License-Identifier: MIT
"""lib/expander_inputs.py: presses by interrupt and by poll, and what they cost on the bus."""

import random

from harness import allocated
from i2c_desk import PERIOD, Desk

SHARED = (0x20, 0x21, 0x22, 0x23)
SAFETY_MS = 5000
POLL_US = 20_000


def registers(desk, name, address=0x20):
    seen = desk.models[address].registers()
    return seen[name + "A"] | seen[name + "B"] << 8


def desk_of(addresses=(0x20,), numbers=range(7), debounce_ms=2, start_ms=0):
    """Return a desk of 400 kHz with inputs that are polled; all of them are high."""
    desk = Desk(addresses, start_ms, frequency=400_000)
    for address in addresses:
        desk.inputs(address, numbers, debounce_ms=debounce_ms)
    return desk


def wired(addresses=(0x20,), *args, **more):
    """Return the same with all chips on one INT line, and the wire."""
    desk = desk_of(addresses, *args, **more)
    for chip in desk.chips.values():
        chip.check_ms = SAFETY_MS
    wire = desk.wire()
    desk.run(100)
    return desk, wire


def transactions(desk, address=0x20):
    return desk.bus.traffic_of[address].transactions


def watch(desk):
    """Return a list that gets every change of an input from now on: (us, (chip, pin), level)."""
    seen = []

    def note(pin):
        seen.append((desk.clock.us, (pin.chip.address, pin.number), pin.value()))

    for chip in desk.chips.values():
        for user in chip.users:
            if user:
                user.pin.irq(note)
    return seen


def levels(seen):
    return [level for _, _, level in seen]


# -- presses --------------------------------------------------------------------------------


class Presses:
    """Random presses of random inputs, several at a time, and what the node tells of them.

    shortest, longest: of a press in us; gap: the least between two of one pin.
    """

    def __init__(self, desk, shortest, longest, gap):
        self.desk = desk
        self.seen = watch(desk)
        self.range = (shortest, longest)
        self.gap = gap
        self.free_at = dict.fromkeys(self.pins(), 0)

    def pins(self):
        for address, chip in self.desk.chips.items():
            for number in range(16):
                if chip.inputs >> number & 1:
                    yield (address, number)

    def run(self, count):
        """Make so many presses, and keep them as (begin, end, which)."""
        self.seen.clear()
        self.presses = []
        edges = []
        begin = self.desk.clock.us
        while len(self.presses) < count:
            begin += random.randint(0, 80_000)
            which = random.choice([pin for pin in self.free_at if self.free_at[pin] <= begin])
            end = begin + random.randint(*self.range)
            self.free_at[which] = end + self.gap
            self.presses.append((begin, end, which))
            edges += [(begin, which, 0), (end, which, 1)]
        edges.sort()
        for at, (address, number), level in edges:
            self.desk.run_to(at)
            self.desk.models[address].drive(number, level)
        self.desk.run(200)

    def check(self, certain, apart):
        """Each press of at least `certain` us was told exactly once, a shorter one at most once,
        and those that began more than `apart` us after each other in their order."""
        told = []
        for which in self.free_at:
            changes = [(at, level) for at, pin, level in self.seen if pin == which]
            assert [level for _, level in changes] == [0, 1] * (len(changes) // 2)
            for begin, end, pin in self.presses:
                if pin == which:
                    ons = [at for at, on in changes if not on and begin <= at < end + self.gap]
                    assert len(ons) == 1 or (not ons and end - begin < certain)
                    told.extend((at, begin) for at in ons)
        assert 2 * len(told) == len(self.seen)
        latest = 0
        for _, begin in sorted(told):
            assert begin > latest - apart
            latest = max(latest, begin)


FOUR_CHIPS = (SHARED, (0, 1, 2, 3, 9, 10, 11, 12))  # 32 inputs


def test_1000_presses_on_4_chips_that_share_a_line_are_told_once_and_in_order():
    random.seed(11)
    desk, wire = wired(*FOUR_CHIPS, start_ms=PERIOD - 5000)
    presses = Presses(desk, 2_000, 400_000, 30_000)
    assert len(presses.free_at) == 32
    for _ in range(20):
        wire.late_us = random.choice((0, 300, 1000))
        presses.run(50)
        presses.check(5_000, 5_000)
    assert [chip.reader.missed for chip in desk.chips.values()] == [0] * 4
    assert not wire.line.polling


def test_1000_presses_of_two_poll_intervals_are_told_once_and_in_order_without_a_line():
    random.seed(12)
    desk = desk_of(*FOUR_CHIPS, start_ms=PERIOD - 5000)
    desk.run(100)
    presses = Presses(desk, 2 * POLL_US, 400_000, 2 * POLL_US)
    for _ in range(20):
        presses.run(50)
        presses.check(2 * POLL_US, POLL_US + 5_000)


def test_a_press_that_is_over_before_it_is_served_is_on_then_off():
    for inverted in (False, True):
        desk = Desk(frequency=400_000)
        buttons = desk.inputs(numbers=(3, 12), invert=inverted, debounce_ms=0)
        desk.wire()
        desk.run(100)
        seen = watch(desk)
        buttons[0].said.clear()
        for number in (3, 12):  # one of each port
            desk.models[0x20].drive(number, 0)
            desk.models[0x20].drive(number, 1)
        desk.run(10)
        for number in (3, 12):
            told = [level for _, which, level in seen if which == (0x20, number)]
            assert told == [int(inverted), int(not inverted)]
        assert buttons[0].said == ["changed"] * 4


def test_a_press_that_is_over_before_it_is_served_is_a_bounce_for_a_debounced_pin():
    desk, _ = wired(debounce_ms=5)
    seen = watch(desk)
    desk.models[0x20].drive(3, 0)
    desk.models[0x20].drive(3, 1)
    desk.run(50)
    assert seen == []


def test_a_press_that_was_seen_before_a_busy_time_is_not_lost_when_it_is_over_after_it():
    desk, wire = wired(debounce_ms=5)
    seen = watch(desk)
    desk.models[0x20].drive(3, 0)
    desk.run(1)
    desk.clock.us += 10_000  # something else keeps the processor busy
    desk.models[0x20].drive(3, 1)
    desk.run(20)
    assert levels(seen) == [0, 1]


def test_a_bounce_is_none_the_less_when_the_node_has_no_time_for_its_interrupt():
    desk, wire = wired(debounce_ms=5)
    seen = watch(desk)
    desk.models[0x20].drive(3, 0)
    desk.run(1)
    desk.models[0x20].drive(3, 1)
    assert wire.fallen
    desk.clock.us += 10_000
    desk.worker.step()  # before the task of the line
    desk.run(50)
    assert seen == []
    assert desk.chips[0x20].reader.missed == 0


def test_bouncing_is_not_told_but_the_final_level_is():
    random.seed(13)
    desk, _ = wired(debounce_ms=30)
    seen = watch(desk)
    level = 1
    for _ in range(61):
        level ^= 1
        desk.models[0x20].drive(3, level)
        desk.run(random.choice((0.1, 0.5, 2, 9)))
    assert seen == []
    desk.run(100)
    assert levels(seen) == [0]


def test_on_and_off_have_their_own_delay():
    desk, _ = wired(debounce_ms={"on": 40, "off": 5})
    seen = watch(desk)
    start = desk.clock.us
    desk.models[0x20].drive(3, 0)
    desk.run(20)
    desk.models[0x20].drive(3, 1)
    desk.run(60)
    assert levels(seen) == [0, 1]
    assert 5_000 <= seen[0][0] - start < 6_500
    assert 60_000 <= seen[1][0] - start < 61_500


# -- cost -----------------------------------------------------------------------------------


def test_a_press_on_a_line_of_its_own_costs_at_most_3_transactions():
    desk, _ = wired(debounce_ms=20)
    seen = watch(desk)
    for _ in range(20):
        before = transactions(desk)
        desk.models[0x20].drive(3, 0)
        desk.run(100)
        desk.models[0x20].drive(3, 1)
        desk.run(100)
        assert transactions(desk) - before <= 3
    assert len(seen) == 40


def test_a_press_on_a_line_that_4_chips_share_costs_at_most_5_transactions():
    random.seed(15)
    desk, _ = wired(SHARED, debounce_ms=20)
    seen = watch(desk)
    for _ in range(20):
        before = desk.bus.traffic.transactions
        model = desk.models[random.choice(SHARED)]
        model.drive(3, 0)
        desk.run(100)
        model.drive(3, 1)
        desk.run(100)
        # One wire does not say who pulled it: each is asked at the press, one at the release.
        assert desk.bus.traffic.transactions - before <= len(SHARED) + 1
    assert len(seen) == 40


def test_an_idle_line_costs_less_than_one_transaction_in_3_s_for_each_chip():
    desk, _ = wired(SHARED)
    before = [transactions(desk, address) for address in SHARED]
    desk.run(100_000)
    for address, count in zip(SHARED, before):
        assert transactions(desk, address) - count <= 30


def test_a_service_is_one_read_of_the_registers_that_it_needs():
    desk, _ = wired()
    traffic = desk.bus.traffic_of[0x20]
    before = traffic.bytes
    desk.models[0x20].drive(3, 0)
    desk.run(2)
    # Address, register, address; INTF, INTCAP and GPIO of both ports.
    assert traffic.bytes - before == 9


def test_without_a_line_each_poll_is_one_read_of_the_pins():
    desk = desk_of()
    desk.run(100)
    traffic = desk.bus.traffic_of[0x20]
    before = traffic.transactions, traffic.bytes
    desk.models[0x20].drive(3, 0)
    desk.run(1000)
    # One more for the debounce time. Address, register, address; both ports.
    assert traffic.transactions - before[0] in (50, 51)
    assert traffic.bytes - before[1] == 5 * (traffic.transactions - before[0])


def test_the_chip_that_signals_most_is_read_first():
    desk, _ = wired(SHARED)
    desk.models[0x22].drive(0, 0)
    desk.run(50)
    before = desk.bus.traffic.transactions
    desk.models[0x22].drive(0, 1)
    desk.run(50)
    assert desk.bus.traffic.transactions - before == 1


def test_polling_allocates_nothing():
    desk = desk_of()
    desk.run(100)
    bus = StillBus()
    desk.worker._i2c = bus
    quiet(desk.chips[0x20].users)

    def use():
        for i in range(50):
            bus.ports = LOW if i & 4 else HIGH
            desk.worker.step()
            desk.clock.us += 20_000

    assert allocated(use) == 0


def test_a_service_allocates_nothing():
    desk, wire = wired(debounce_ms=1)
    bus = StillBus()
    desk.worker._i2c = bus
    wire.line._level = bus.level
    quiet(desk.chips[0x20].users)
    reader = desk.chips[0x20].reader

    def use():
        for i in range(20):
            bus.ports = LOW if i & 1 else HIGH
            wire.line.pending = True
            bus.waits = True
            wire.line.signalled()
            desk.worker.step()
            desk.clock.us += 2000
            desk.worker.step()

    assert allocated(use) == 0
    assert reader.interrupts == 40


def quiet(users):
    """Keep the lists of Targets from growing."""
    for user in users:
        if user:
            user.changed = int


# INTF, INTCAP and GPIO when pin 3 has become low or high.
LOW = bytearray((8, 0, 0, 0, 0, 0))
HIGH = bytearray((8, 0, 8, 0, 8, 0))


class StillBus:
    """A bus whose only chip has `ports` in its registers; the model bus would allocate."""

    waits = False

    def level(self):
        return 0 if self.waits else 1

    def readfrom_mem_into(self, address, register, buffer):
        self.waits = False
        for i in range(len(buffer)):
            buffer[i] = self.ports[register - 0x0E + i]


# -- the chip -------------------------------------------------------------------------------


def test_only_inputs_in_use_interrupt():
    desk, _ = wired(numbers=(2, 9))
    assert registers(desk, "GPINTEN") == 1 << 2 | 1 << 9
    assert registers(desk, "IODIR") == 0x7F7F


def test_a_chip_without_line_has_no_interrupts():
    desk = desk_of()
    desk.run(100)
    assert registers(desk, "GPINTEN") == 0


def test_a_running_chip_is_adopted_without_a_write():
    desk, _ = wired(SHARED)
    desk.models[0x21].drive(3, 0)
    desk.run(50)
    writes = [sum(model.writes.values()) for model in desk.models.values()]
    desk.models[0x21].drive(4, 0)  # while the node is away; nobody sees its edge
    desk.start_node()
    for address in SHARED:
        desk.inputs(address)
    desk.wire()
    desk.run(10)
    assert [sum(model.writes.values()) for model in desk.models.values()] == writes
    assert desk.chips[0x21].level == 0x7F & ~0b11000
    seen = watch(desk)
    desk.models[0x21].drive(4, 1)
    desk.run(50)
    assert levels(seen) == [1]


def test_a_chip_that_lost_power_is_found_by_the_safety_poll_and_interrupts_again():
    desk, _ = wired()
    desk.models[0x20].power(False)
    desk.models[0x20].power(True)
    desk.run(SAFETY_MS + 200)
    seen = watch(desk)
    desk.models[0x20].drive(3, 0)
    desk.run(10)
    assert levels(seen) == [0]


def test_presses_while_an_output_is_driven_are_told():
    random.seed(14)
    desk = Desk(frequency=400_000)
    lamps = desk.outputs(numbers=range(8, 12))
    desk.inputs(numbers=range(4), debounce_ms=2)
    desk.wire()
    desk.chips[0x20].reader.chatter.limits[1] = 0
    desk.run(100)
    seen = watch(desk)
    presses = 0
    for _ in range(100):
        desk.submit(random.choice(lamps), random.choice((0, 1)))
        desk.models[0x20].drive(1, 0)
        desk.run(random.randint(5, 30))
        desk.models[0x20].drive(1, 1)
        desk.run(random.randint(5, 30))
        presses += 1
    assert levels([row for row in seen if row[1] == (0x20, 1)]) == [0, 1] * presses


# -- lines that mislead ---------------------------------------------------------------------


def reasons(wire):
    told = []
    wire.line.on_polling = told.append
    return told


def test_a_lost_interrupt_is_found_by_the_safety_poll_and_counted():
    desk, wire = wired(SHARED)
    told = reasons(wire)
    reader = desk.chips[0x22].reader
    seen = watch(desk)
    wire.cut = True
    desk.models[0x22].drive(3, 0)
    desk.run(SAFETY_MS + 100)
    assert levels(seen) == [0]
    assert (reader.missed, reader.interrupts) == (1, 0)
    assert told == ["an interrupt did not come"]


def test_a_cut_wire_costs_no_press_but_the_first_and_is_trusted_again_after_an_interrupt():
    desk, wire = wired()
    told = reasons(wire)
    seen = watch(desk)
    wire.cut = True
    desk.models[0x20].drive(3, 0)
    desk.run(SAFETY_MS + 100)
    for level in (1, 0, 1):
        desk.run(3000)
        desk.models[0x20].drive(3, level)
        desk.run(30)
        assert levels(seen)[-1] == level
    assert told == ["an interrupt did not come"]
    wire.cut = False
    desk.models[0x20].drive(3, 0)
    desk.run(2000)
    assert told == ["an interrupt did not come", None]
    before = transactions(desk)
    desk.run(20_000)
    assert transactions(desk) - before <= 5


def test_a_line_that_stays_low_makes_its_chips_polled_until_it_behaves():
    desk, wire = wired(SHARED)
    told = reasons(wire)
    wire.grounded = True
    wire.settle()
    desk.run(100)
    assert told == ["it stays low"]
    seen = watch(desk)
    before = transactions(desk, 0x21)
    for level in (0, 1):
        desk.models[0x21].drive(3, level)
        desk.run(500)
    assert levels(seen) == [0, 1]
    assert transactions(desk, 0x21) - before <= 1000 // 20 + 5
    wire.grounded = False
    wire.settle()
    desk.run(1100)
    assert told == ["it stays low", None]
    before = desk.bus.traffic.transactions
    desk.run(10_000)
    assert desk.bus.traffic.transactions - before <= 2 * len(SHARED)
    assert [chip.reader.missed for chip in desk.chips.values()] == [0] * 4


def test_a_chip_that_is_lost_while_it_signals_does_not_silence_the_others():
    desk, wire = wired(SHARED)
    seen = watch(desk)
    desk.bus.nack.add(0x20)
    desk.models[0x20].drive(3, 0)
    desk.run(500)
    for level in (0, 1):
        desk.models[0x21].drive(3, level)
        desk.run(100)
    assert [(which, level) for _, which, level in seen] == [((0x21, 3), 0), ((0x21, 3), 1)]
    desk.bus.nack.clear()
    desk.run(4000)
    assert not wire.line.polling
    assert not desk.chips[0x20].level & 0b1000


def test_a_chip_that_leaves_the_line_while_it_signals_does_not_silence_the_others():
    desk, wire = wired(SHARED)
    seen = watch(desk)
    desk.worker.remove(desk.chips[0x20])
    wire.line.remove(desk.chips[0x20].reader)
    desk.models[0x20].drive(3, 0)
    desk.run(500)
    desk.models[0x21].drive(3, 0)
    desk.run(100)
    assert levels(seen) == [0]


# -- chatter --------------------------------------------------------------------------------


def chatter(desk, ms, number=3):
    """Let a pin change 50 times in a second for so many ms; it is high in the end."""
    for _ in range(ms // 40):
        for level in (0, 1):
            desk.models[0x20].drive(number, level)
            desk.run(20)


def test_a_pin_that_chatters_is_muted_until_it_is_quiet_and_the_others_go_on():
    for make in (wired, polled):
        desk, _ = make()
        reader = desk.chips[0x20].reader
        told = []
        reader.on_muted = lambda told=told, reader=reader: told.append(reader.chatter.muted)
        chatter(desk, 1000)
        assert told == [1 << 3]
        seen = watch(desk)
        chatter(desk, 2000)
        desk.models[0x20].drive(4, 0)
        desk.run(50)
        assert [which for _, which, _ in seen] == [(0x20, 4)]
        desk.models[0x20].drive(3, 0)
        desk.run(2500)
        assert told == [1 << 3]
        desk.run(2600)
        assert told == [1 << 3, 0]
        assert reader.chatter.count == 1
        assert desk.chips[0x20].level == 0x7F & ~0b11000  # the final level is not lost


def test_presses_that_are_over_before_they_are_served_are_chatter_too():
    desk, _ = wired()
    for _ in range(25):
        desk.models[0x20].drive(3, 0)
        desk.models[0x20].drive(3, 1)
        desk.run(30)
    assert desk.chips[0x20].reader.chatter.muted == 1 << 3


def polled():
    desk = desk_of()
    desk.run(100)
    return desk, None


def test_a_storm_of_interrupts_costs_no_more_than_polling():
    desk, wire = wired()
    told = reasons(wire)
    for i in range(2000):
        desk.models[0x20].drive(3, i & 1)
        desk.run(0.5)
    before = transactions(desk)
    for i in range(2000):
        desk.models[0x20].drive(3, i & 1)
        desk.run(0.5)
    assert transactions(desk) - before <= 1000 // 20 + 5
    assert told == ["a pin chatters"]
    desk.run(6000)
    assert told == ["a pin chatters", None]


# -- everything at once ---------------------------------------------------------------------


def test_whatever_happens_to_bus_chips_and_line_the_final_levels_are_known():
    for seed in range(30):
        storm(seed)


def storm(seed):
    """Presses, commands and faults at random; then nothing, for longer than the safety poll."""
    random.seed(seed)
    desk, wire = wired(SHARED, range(6), random.choice((0, 2, 25)), PERIOD - 3000)
    lamps = []
    for address, chip in desk.chips.items():
        chip.reader.chatter.limits[0] = 0
        lamps += desk.outputs(address, (8, 9))
    for _ in range(200):
        kind = random.randrange(20)
        if kind < 6:
            fault(desk, wire)
        elif kind == 6:
            heal(desk, wire)
        elif kind < 10:
            desk.submit(random.choice(lamps), random.choice((0, 1, 2)))
        else:
            model = desk.models[random.choice(SHARED)]
            model.drive(random.randrange(6), random.getrandbits(1))
        desk.run(random.choice((0, 0.3, 2, 20, 300)))
    heal(desk, wire)
    desk.run(SAFETY_MS + 5000)
    for address, chip in desk.chips.items():
        assert chip.level & chip.inputs == desk.models[address].levels() & chip.inputs
        assert not chip.reader.chatter.muted
    desk.models[0x21].drive(3, 1 - (desk.models[0x21].levels() >> 3 & 1))  # the line is trusted
    desk.run(3000)
    before = desk.bus.traffic.transactions
    desk.run(20_000)
    assert not wire.line.polling
    assert desk.bus.traffic.transactions - before <= 5 * len(SHARED)


def fault(desk, wire):
    address = random.choice(SHARED)
    kind = random.randrange(6)
    if kind == 0:
        desk.bus.nack.add(address)
    elif kind == 1:
        desk.bus.fail_next(address, random.randint(1, 3))
    elif kind == 2:
        desk.bus.stuck_sda = True
        desk.bus.clearable = bool(random.getrandbits(1))
    elif kind == 3:
        desk.models[address].power(False)
        desk.models[address].power(bool(random.getrandbits(1)))
    elif kind == 4:
        wire.cut = not wire.cut
    else:
        wire.grounded = not wire.grounded
        wire.settle()


def heal(desk, wire):
    desk.bus.nack.clear()
    desk.bus.stuck_sda = wire.grounded = wire.cut = False
    wire.settle()
    for model in desk.models.values():
        model.power(True)
