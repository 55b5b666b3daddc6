# SPDX-License-Identifier: MIT
"""node/log.py: records reach MQTT in order, also those made while there was no link."""

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
