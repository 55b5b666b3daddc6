# SPDX-License-Identifier: MIT
"""lib/interrupt_line.py: whom it asks, in what order, and when it gives up asking."""

from interrupt_line import InterruptLine

from i2c_desk import PERIOD, Clock


class Reader:
    """A chip that holds the line low until it has been read."""

    def __init__(self, bench, name):
        self.bench = bench
        self.name = name
        self.waits = False
        self.ready = True

    def ask(self):
        if self.ready:
            self.bench.asked.append(self)
        return self.ready


class Bench:
    """A line with chips, each of which is read as soon as it is asked; `reads` has their names."""

    def __init__(self, names="ABCD", start_ms=0):
        self.clock = Clock(start_ms)
        self.stuck = False
        self.asked = []
        self.reads = ""
        self.told = []
        self.line = InterruptLine(self.level, self.clock)
        self.line.on_polling = self.told.append
        self.chips = {name: Reader(self, name) for name in names}
        for name in names:
            self.line.readers.append(self.chips[name])
            self.line.served(self.chips[name], False, self.clock.ticks_ms())

    def level(self):
        return 0 if self.stuck or any(chip.waits for chip in self.chips.values()) else 1

    def signal(self, names, edge=True):
        """Let chips want to be read; return the names of the chips that were, in their order."""
        for name in names:
            self.chips[name].waits = True
        if edge:
            self.line.pending = True
            self.line.signalled()
        self.reads = ""
        self.serve()
        return self.reads

    def serve(self):
        while self.asked:
            reader = self.asked.pop(0)
            self.reads += reader.name
            self.clock.us += 1000
            signalled, reader.waits = reader.waits, False
            self.line.served(reader, signalled, self.clock.ticks_ms())
            assert len(self.reads) < 1000


def test_chips_are_asked_one_after_the_other_while_the_line_is_low():
    assert Bench().signal("C") == "ABC"
    assert Bench().signal("BD") == "ABCD"
    assert Bench("A").signal("A") == "A"


def test_the_chip_that_signalled_last_is_asked_first():
    bench = Bench()
    bench.signal("C")
    assert bench.signal("C") == "C"
    bench.signal("D")
    assert bench.signal("D") == "D"


def test_an_edge_that_is_over_costs_nothing():
    assert Bench().signal("") == ""


def test_chips_that_cannot_be_read_are_left_out():
    bench = Bench()
    bench.chips["A"].ready = bench.chips["C"].ready = False
    assert bench.signal("D") == "BD"


def test_the_chips_are_polled_when_the_line_stays_low():
    bench = Bench(start_ms=PERIOD - 20)
    bench.stuck = True
    reads = bench.signal("")
    assert 40 <= len(reads) <= 60  # 1 ms each
    assert bench.told == ["it stays low"]
    assert bench.line.polling


def poll(bench, ms):
    for _ in range(ms // 20):
        bench.clock.us += 20_000
        for reader in bench.line.readers:
            bench.line.served(reader, False, bench.clock.ticks_ms())


def test_polling_ends_when_the_line_has_been_high_for_a_second():
    bench = Bench()
    bench.stuck = True
    bench.signal("")
    poll(bench, 3000)
    bench.stuck = False
    poll(bench, 900)
    assert bench.told == ["it stays low"]
    poll(bench, 200)
    assert bench.told == ["it stays low", None]
    assert bench.signal("A") == "A"


def test_polling_because_of_a_lost_interrupt_ends_after_one_that_came():
    bench = Bench()
    bench.line.lost(bench.clock.ticks_ms())
    poll(bench, 5000)
    assert bench.told == ["an interrupt did not come"]
    bench.signal("A")
    poll(bench, 1100)
    assert bench.told == ["an interrupt did not come", None]


def test_a_low_line_without_an_edge_is_left_to_the_checks_of_its_chips():
    bench = Bench()
    bench.chips["B"].waits = True
    bench.line.served(bench.chips["A"], False, bench.clock.ticks_ms())
    bench.serve()
    assert bench.reads == ""


def test_a_line_that_is_low_from_the_beginning_is_served():
    bench = Bench("")
    bench.chips["A"] = reader = Reader(bench, "A")
    bench.chips["B"] = Reader(bench, "B")
    bench.line.readers += [reader, bench.chips["B"]]
    bench.chips["B"].waits = True
    bench.line.served(reader, False, 0)
    bench.serve()
    assert bench.reads[-1] == "B"
    assert bench.level() == 1


def test_a_chip_that_leaves_while_it_is_asked_passes_the_turn_on():
    bench = Bench("AB")
    bench.chips["B"].waits = True
    bench.line.pending = True
    bench.line.signalled()
    assert bench.asked == [bench.chips["A"]]
    bench.asked.clear()
    bench.line.remove(bench.chips["A"])
    bench.serve()
    assert bench.reads == "B"
