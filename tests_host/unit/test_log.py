# SPDX-License-Identifier: MIT
"""node/log.py: records reach MQTT in order, also those made while there was no link."""

import time

import node.log
from node.log import Log


class Sink:
    def __init__(self, open=True):
        self.records = []
        self.open = open

    def __call__(self, level, text):
        if self.open:
            self.records.append((level, text))
        return self.open


def log_with(sink, **options):
    log = Log("critical", "info", **options)
    log.sink = sink
    return log


def test_records_at_or_above_the_level_reach_the_sink():
    sink = Sink()
    log = log_with(sink)
    log.info("a", "seen %d", 1)
    log.debug("a", "not seen")
    log.error("b", "100%")
    assert sink.records == [("info", "a: seen 1"), ("error", "b: 100%")]


def test_records_made_without_a_link_follow_in_order_when_it_is_back():
    sink = Sink(open=False)
    log = log_with(sink)
    log.info("a", "1")
    log.info("a", "2")
    sink.open = True
    log.info("a", "3")
    assert [text for _, text in sink.records] == ["a: 1", "a: 2", "a: 3"]


def test_a_full_ring_loses_the_oldest_and_counts_it():
    sink = Sink(open=False)
    log = log_with(sink, ring=3)
    for i in range(5):
        log.warn("a", "%d", i)
    sink.open = True
    log.flush()
    assert [text for _, text in sink.records] == ["a: 2", "a: 3", "a: 4"]
    assert log.lost == 2


def test_an_exception_is_recorded_with_its_traceback():
    sink = Sink()
    log = log_with(sink)
    try:
        [][1]
    except IndexError as e:
        log.exception("a", e, "while %s", "reading")
    level, text = sink.records[0]
    assert level == "error"
    assert text.startswith("a: while reading\nTraceback") and "IndexError" in text


def told(text):
    """Return what reaches the sink of a record."""
    sink = Sink()
    log_with(sink).error("a", "%s", text)
    assert {level for level, _ in sink.records} == {"error"}
    return [part for _, part in sink.records]


def test_a_record_that_no_packet_can_hold_is_told_in_parts_that_end_with_a_line():
    lines = ['  File "components/devices/mcp23017.py", line %d, in start' % i for i in range(40)]
    parts = told("\n".join(lines))
    assert 3 <= len(parts) <= 8
    assert "".join(parts) == "a: " + "\n".join(lines)
    assert all(part.startswith("\n  File") for part in parts[1:])


def test_no_part_is_longer_than_a_packet_whatever_the_text_is():
    for text in ("x" * 2000, "\n" * 2000, "\u20ac" * 800, "\n" + "x" * 900, "x" * 900 + "\n"):
        parts = told(text)
        assert max(len(part.encode()) for part in parts) <= 800
        assert "".join(parts) == "a: " + text


def test_a_traceback_of_usual_length_stays_in_one_piece():
    assert len(told("x" * 780)) == 1


def test_a_flood_of_records_is_left_out_and_counted_once_the_node_has_settled():
    sink = Sink()
    log = log_with(sink)
    log.settled = True
    for i in range(100):
        log.warn("command", "nonsense %d", i)
    assert len(sink.records) == 20
    assert sink.records[-1][1] == ("command: nonsense 19 (more of these are left out for 10 s)")
    assert log.muted == 80
    assert log.lost == 0


def test_a_flood_hides_no_other_source_and_no_other_level():
    sink = Sink()
    log = log_with(sink)
    log.settled = True
    for _ in range(50):
        log.warn("command", "nonsense")
    log.warn("wifi", "lost")
    log.error("command", "broken")
    assert sink.records[-2:] == [("warn", "wifi: lost"), ("error", "command: broken")]


def test_records_are_shown_again_after_the_window():
    now = [time.ticks_add(0, -5)]
    real = node.log.ticks_ms
    node.log.ticks_ms = lambda: now[0]
    try:
        sink = Sink()
        log = log_with(sink)
        log.settled = True
        for wait_ms in (0, 9999, 1, 1 << 29):  # the last is days later
            now[0] = time.ticks_add(now[0], wait_ms)
            for _ in range(50):
                log.warn("command", "nonsense")
        assert len(sink.records) == 60
        assert log.muted == 140
    finally:
        node.log.ticks_ms = real


def test_nothing_is_left_out_while_a_node_starts():
    sink = Sink()
    log = log_with(sink)
    for i in range(200):
        log.error("loader", "component %d failed", i)
    assert len(sink.records) == 200


def test_a_source_may_have_a_level_of_its_own():
    sink = Sink()
    log = log_with(sink)
    log.levels = {"wifi": 4, "loader": 1}
    log.debug("wifi", "seen")
    log.debug("mqtt", "not seen")
    log.warn("loader", "not seen")
    log.error("loader", "seen")
    assert [text for _, text in sink.records] == ["wifi: seen", "loader: seen"]


def test_the_console_shows_records_at_or_above_its_level_whether_or_not_there_is_a_link():
    lines = []
    node.log.print = lines.append  # in the place of the built-in
    try:
        log = Log("warn", "critical")
        log.error("a", "%d %%", 1)
        log.info("a", "not shown")
        log.warn("b", "2")
    finally:
        del node.log.print
    assert [line.split(" ", 1)[1] for line in lines] == ["error    a: 1 %", "warn     b: 2"]
    assert all(len(line.split(" ")[0].split(".")[1]) == 3 for line in lines)


def test_what_the_console_shows_goes_to_the_file_too():
    lines = []
    log = Log("warn", "info")
    log.file = lines.append
    log.warn("a", "%d", 1)
    log.info("a", "2")
    assert len(lines) == 1 and lines[0].endswith(" warn     a: 1")
