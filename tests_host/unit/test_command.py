# SPDX-License-Identifier: MIT
"""node/command.py: what a command payload may say."""

import random

from harness import raises
from node.command import parse

ON, OFF, TOGGLE, PULSE = 1, 0, 2, 3
WORDS = {b"ON": ON, b"OFF": OFF, b"TOGGLE": TOGGLE, b"PULSE": PULSE}


def refusal(payload):
    return str(raises(ValueError, parse, WORDS, payload))


def test_words_are_taken_in_any_case_and_with_spaces_around():
    assert parse(WORDS, b"on") == (ON, None, None, None)
    assert parse(WORDS, b" Toggle\n") == (TOGGLE, None, None, None)


def test_other_spellings_of_on_and_off_are_taken():
    for payload in (b"1", b"true", b"True", b"TRUE"):
        assert parse(WORDS, payload) == (ON, None, None, None)
    for payload in (b"0", b"false", b"False", b'{"state": "0"}'):
        assert parse(WORDS, payload) == (OFF, None, None, None)
    raises(ValueError, parse, {b"PRESS": PULSE}, b"1")


def test_a_pulse_carries_its_length():
    assert parse(WORDS, b"PULSE:250") == (PULSE, 250, None, None)
    assert parse(WORDS, b"pulse:1") == (PULSE, 1, None, None)


def test_an_object_carries_state_pulse_ttl_and_id():
    assert parse(WORDS, b'{"state": "ON"}') == (ON, None, None, None)
    assert parse(WORDS, b'{"state": "ON", "pulse": 250, "ttl": 800, "id": "x"}') == (
        PULSE,
        250,
        800,
        "x",
    )
    assert parse(WORDS, b'{"pulse": 40}') == (PULSE, 40, None, None)
    assert parse(WORDS, b'{"state": true}') == (ON, None, None, None)


def test_a_refusal_says_what_would_be_right():
    assert refusal(b"ONN") == "unknown command 'ONN'; known are OFF, ON, PULSE, TOGGLE"
    assert refusal(b"ON:5") == "ON takes no number"
    assert refusal(b"PULSE:x") == "PULSE takes a whole number as in PULSE:250, not 'x'"
    assert refusal(b"PULSE:0") == "PULSE must be a whole number of ms from 1 to 3600000"
    assert refusal(b'{"state": "ON"') == "not valid JSON"
    assert refusal(b'{"stat": "ON"}').startswith("unknown key 'stat'; known are state, ")
    assert refusal(b"{}") == "a command needs one of state, pulse"
    assert refusal(b'{"state": 7}') == '"state" must be text'
    assert refusal(b'{"state": "OFF", "pulse": 5}').startswith('"pulse" goes with the state ON')
    assert refusal(b'{"state": "ON", "ttl": -1}').startswith('"ttl" must be a whole number')
    assert refusal(b'{"state": "ON", "ttl": true}').startswith('"ttl" must be a whole number')
    assert refusal(b"\xff\xfe") == "not UTF-8 text"
    assert refusal(b"O" * 300) == "300 bytes are more than a command can have (256)"


def test_an_entity_can_have_numbers_of_its_own():
    position = 4
    words = {b"OPEN": ON, b"POSITION": position, b"STOP": 2}
    for payload in (b"POSITION:30", b"position:30", b'{"position": 30}'):
        assert parse(words, payload) == (position, 30, None, None)
    assert parse(words, b'{"position": 0, "ttl": 90, "id": 1}') == (position, 0, 90, 1)
    for payload, reason in (
        (b"STOP:3", "STOP takes no number"),
        (b"POSITION:-1", "POSITION must be a whole number from 0 to 3600000"),
        (b'{"position": 0.5}', '"position" must be a whole number from 0 to 3600000'),
        (b'{"pulse": 3}', "unknown key 'pulse'; known are state, ttl, id, position"),
        (b'{"state": "OPEN", "position": 3}', '"position" goes with the state ON, not OPEN'),
    ):
        assert str(raises(ValueError, parse, words, payload)) == reason


def test_a_pulse_can_be_repeated_with_a_gap_that_is_else_as_long_as_the_pulse():
    train = b'{"state": "PULSE", "pulse": 250, "repeat": 3, "gap": 100}'
    assert parse(WORDS, train) == (PULSE, (250, 3, 100), None, None)
    assert parse(WORDS, b'{"pulse": 40, "repeat": 2}') == (PULSE, (40, 2, 40), None, None)


def test_repetitions_without_end_or_without_a_pulse_are_refused():
    times = '"repeat" must be a whole number from 1 to 100'
    needs = '"repeat" needs "pulse", and "gap" needs both'
    for text, reason in (
        (b'"pulse": 5, "repeat": 0', times),
        (b'"pulse": 5, "repeat": 101', times),
        (b'"pulse": 5, "repeat": true', times),
        (b'"pulse": 5, "repeat": 2.5', times),
        (b'"state": "PULSE", "repeat": 2', needs),
        (b'"state": "OFF", "repeat": 2', needs),
        (b'"pulse": 5, "gap": 3', needs),
    ):
        assert refusal(b"{%s}" % text) == reason
    assert refusal(b'{"pulse": 5, "repeat": 2, "gap": 0}').startswith('"gap" must be a whole')


def test_a_command_has_one_number_at_most():
    words = {b"ON": ON, b"PULSE": PULSE, b"DURATION": 4}
    error = raises(ValueError, parse, words, b'{"pulse": 3, "duration": 4}')
    assert str(error) == "only one of duration, pulse is possible"


def test_any_bytes_give_a_command_or_one_line_of_refusal():
    random.seed(2017)
    pieces = (
        b"ON",
        b"PULSE",
        b":",
        b"{",
        b"}",
        b'"state"',
        b'"pulse"',
        b"12",
        b"\x00",
        b"\xff",
        b",",
    )
    for _ in range(2000):
        payload = b"".join(random.choice(pieces) for _ in range(random.randrange(8)))
        try:
            action, value, _, _ = parse(WORDS, payload)
        except ValueError as e:
            assert str(e) and "\n" not in str(e)
        else:
            assert action in (ON, OFF, TOGGLE, PULSE)
            assert value is None or 1 <= value <= 3600000
