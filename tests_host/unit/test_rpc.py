# SPDX-License-Identifier: MIT
"""node/rpc.py: requests with answers, held against the registers of the chips on the board."""

import random
import time

from harness import run_until
from pin_desk import Desk
from scratch import Scratch

OUT = {"pin": 0, "type": "switch", "name": "Pump", "id": "pump"}
LOW = {"pin": 1, "type": "switch", "id": "low", "invert": True}
GATE = {"pin": 2, "type": "button", "id": "gate", "pulse": 150}
RELAY = {"pin": 3, "type": "output"}
BUTTON = {"pin": 8, "type": "binary_sensor", "id": "button", "invert": True}
CONTACT = {"pin": 9, "type": "input"}
TABLE = [OUT, LOW, GATE, RELAY, BUTTON, CONTACT]
OK = "OK"


def desk(*rows):
    return Desk({0x20: rows or TABLE})


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def latch(d, pin):
    return d.registers("OLAT") >> pin & 1


# -- outputs --------------------------------------------------------------------------------


async def test_an_output_is_set_and_cleared_and_its_entity_shows_it():
    async with desk() as d:
        assert await d.reply("SETPIN", "0") == (OK, "0x01")
        assert latch(d, 0) == 1
        assert d.node.states[b"chip20/pump"][-1] == b"ON"
        assert await d.reply("CLRPIN", "0x0") == (OK, "0x00")
        assert latch(d, 0) == 0
        assert d.node.states[b"chip20/pump"][-1] == b"OFF"


async def test_levels_are_those_on_the_wire_whatever_invert_says():
    async with desk() as d:
        assert await d.reply("SETPIN", 1) == (OK, "0x01")
        assert latch(d, 1) == 1
        assert d.node.states[b"chip20/low"][-1] == b"OFF"
        assert await d.reply("CLRPIN", 1) == (OK, "0x00")
        assert latch(d, 1) == 0
        assert d.node.states[b"chip20/low"][-1] == b"ON"


async def test_toggle_and_pulse_switch_on_and_off_again_by_polarity():
    async with desk() as d:
        for command, pin, on in (("TOGGLE", 0, 1), ("TOGGLE", 1, 0), ("PULSE", 2, 1)):
            assert await d.reply(command, pin) == (OK, "0x01")
            assert latch(d, pin) == on
            await run_until(lambda pin=pin, on=on: latch(d, pin) != on)


async def test_toggle_is_over_after_100_ms():
    async with desk() as d:
        await d.reply("TOGGLE", 0)
        start = time.ticks_ms()
        await run_until(lambda: not latch(d, 0))
        assert 80 <= time.ticks_diff(time.ticks_ms(), start) <= 120


async def test_a_pulse_is_as_long_as_it_says():
    async with desk() as d:
        assert (await d.reply("PULSE", 0, ms="60000"))[0] == OK
        assert (await d.reply("PULSE", 3, ms="0x1"))[0] == OK
        await run_until(lambda: not latch(d, 3))
        assert latch(d, 0) == 1


async def test_an_entity_takes_what_it_takes_otherwise():
    async with desk() as d:
        response, value = await d.reply("SETPIN", 2)
        assert (response, value) == ("chip20/gate is a button, which takes PRESS, PULSE", "0x00")
        assert latch(d, 2) == 0


async def test_an_input_cannot_be_set():
    async with desk() as d:
        for pin in (8, 9, 12):
            for command in ("SETPIN", "CLRPIN", "TOGGLE", "PULSE"):
                response, _ = await d.reply(command, pin)
                assert response == "%d is an input, which cannot be set" % pin
        assert d.registers("OLAT") == 0b10


async def test_a_pin_that_a_component_has_taken_is_refused():
    class Cover:
        name = "blind"

        def __init__(self, pin):
            self.pin = pin
            pin.take(self)

        def changed(self):
            pass

    async with desk() as d:
        Cover(d.node.components["chip20"].pin(3))
        assert (await d.reply("SETPIN", 3))[0] == "it belongs to blind"
        assert (await d.reply("SETDBIT", 3))[0] == "it belongs to blind"


async def test_pins_of_a_cover_are_left_to_the_cover():
    cover = {"pin": 4, "type": "cover", "id": "blind", "close_pin": 5}
    cover.update({"travel_up": 20, "travel_down": 20})
    async with desk(OUT, cover) as d:
        assert d.node.faults == []
        for pin in (4, 5):
            assert await d.reply("SETPIN", pin) == ("it belongs to chip20/blind", "0x00")
            assert await d.reply("SETDBIT", pin) == ("it belongs to chip20/blind", "0x00")
        rows = (await d.ask("PINS"))["rows"]
        assert [(row["key"], row["function"]) for row in rows[4:6]] == [
            ("chip20/blind", "cover")
        ] * 2


async def test_an_interlock_holds_for_requests_too():
    rows = [
        {"pin": 4, "type": "output", "interlock": "motor", "interlock_gap": 50},
        {"pin": 5, "type": "switch", "id": "down", "interlock": "motor"},
    ]
    async with desk(*rows) as d:
        together = []
        d.after_transfers(lambda: together.append(d.registers("OLAT") & 0x30))
        await run_until(lambda: d.node.interlocks["motor"].complete)
        for pin in (4, 5, 4, 5):
            assert await d.reply("SETPIN", pin) == (OK, "0x01")
            assert d.registers("OLAT") & 0x30 == 1 << pin
        assert 0x30 not in together
        # The newer wish wins, and the older says that it was not carried out.
        await d.reply("CLRPIN", 5)
        d.request("SETPIN", id=1, board=32, pin=4)
        d.request("SETPIN", id=2, board=32, pin=5)
        said = {answer["id"]: answer["response"] for answer in await d.answers(2)}
        assert said == {1: "replaced", 2: OK}
        assert (await d.reply("SETDBIT", 4))[0] == "it is in an interlock"


async def test_what_cannot_be_carried_out_answers_when_it_expires():
    async with desk() as d:
        d.models[0x20].power(False)
        await run_until(lambda: d.node.available["chip20"][-1] is False, 6000)
        assert await d.reply("SETPIN", 0, ttl=60) == ("expired", "0x00")
        for command in ("GETPIN", "GETDBIT", "SETDBIT"):
            assert (await d.reply(command, 0))[0] in (
                "0x20 does not answer",
                "it does not answer",
                "it belongs to chip20/pump",
            )


async def test_what_comes_together_is_carried_out_in_order_and_in_one_transfer():
    async with desk() as d:
        before = d.node.components["i2c"].worker.transfers
        for i, command in enumerate(("SETPIN", "SETPIN", "GETPIN", "CLRPIN", "GETPIN")):
            d.request(command, id=i, board=0x20, pin=3 if i == 1 else 0)
        answers = await d.answers(5)
        assert [(a["id"], a["datavalue"], a["response"]) for a in answers] == [
            (0, "0x01", OK),
            (1, "0x01", OK),
            (2, "0x01", OK),
            (3, "0x00", OK),
            (4, "0x00", OK),
        ]
        # Two writes and two reads, but for polls of the inputs.
        assert 4 <= d.node.components["i2c"].worker.transfers - before < 10


# -- reading --------------------------------------------------------------------------------


async def test_a_pin_is_read_from_the_chip_when_it_is_asked_for():
    async with desk() as d:
        for pin in (8, 9, 12):
            for level in (0, 1, 0):
                d.models[0x20].drive(pin, level)
                # Long before the debouncing believes it.
                assert await d.reply("GETPIN", pin) == (OK, "0x%02x" % level)


async def test_ports_and_directions_are_read_as_bytes():
    async with desk() as d:
        await d.reply("SETPIN", 0)
        d.models[0x20].drive(15, 1)
        ports = d.registers("GPIO")
        directions = d.registers("IODIR")
        assert directions == 0x7F70
        for reg in (0, 1):
            value = "0x%02x" % (ports >> 8 * reg & 0xFF)
            assert await d.reply("GETIOREG", reg=reg) == (OK, value)
            assert await d.reply("GETIOREG", str(reg)) == (OK, value)
            value = "0x%02x" % (directions >> 8 * reg & 0xFF)
            assert await d.reply("GETDIRREG", reg=str(reg)) == (OK, value)


async def test_the_direction_of_every_pin_is_told():
    async with desk() as d:
        for pin in range(16):
            value = "0x01" if 0x7F70 >> pin & 1 else "0x00"
            assert await d.reply("GETDBIT", pin) == (OK, value)


async def test_identify_asks_the_bus():
    async with Desk({0x20: TABLE}, (0x20, 0x25)) as d:
        for address, there in ((0x20, 1), (0x25, 1), (0x21, 0)):
            assert await d.reply("IDENTIFY", board=address) == (OK, "0x%02x" % there)
        assert await d.reply("IDENTIFY", board="chip20") == (OK, "0x01")
        d.models[0x20].power(False)
        assert await d.reply("IDENTIFY") == (OK, "0x00")


async def test_a_scan_shows_the_table_of_i2cdetect():
    async with Desk({0x20: TABLE}, (0x20, 0x25)) as d:
        answer = await d.ask("SCAN", id="s")
        assert (answer["found"], answer["datavalue"]) == (["0x20", "0x25"], "0x02")
        assert (answer["bus"], answer["left"], answer["response"]) == ("i2c", 0, OK)
        lines = answer["table"].split("\n")
        assert lines[0] == "     0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f"
        assert lines[1] == "00:                         -- -- -- -- -- -- -- --"
        assert lines[3] == "20: 20 -- -- -- -- 25 -- -- -- -- -- -- -- -- -- --"
        assert lines[8].rstrip() == "70: -- -- -- -- -- -- -- --"
        assert (await d.ask("SCAN", bus="x"))["response"] == "bus: no I2C bus of that name"


# -- the pin table --------------------------------------------------------------------------


async def test_pins_are_listed_chip_by_chip():
    async with Desk({0x20: TABLE, 0x21: [OUT]}) as d:
        d.request("PINS", id=1)
        first, second = await d.answers(2)
        assert (first["board"], first["name"], first["left"]) == ("0x20", "chip20", 1)
        assert (second["board"], second["name"], second["left"]) == ("0x21", "chip21", 0)
        for answer in (first, second):
            assert (answer["response"], answer["datavalue"]) == (OK, "0x10")
            assert [row["pin"] for row in answer["rows"]] == list(range(16))
        rows = first["rows"]
        assert rows[0] == {
            "pin": 0,
            "key": "chip20/pump",
            "name": "Pump",
            "function": "switch",
            "direction": "out",
            "state": "OFF",
            "age": None,
        }
        functions = [row["function"] for row in rows]
        assert functions[1:4] == ["switch", "button", "output"]
        assert functions[8:10] == ["binary_sensor", "input"]
        assert functions[10:] == ["free"] * 6
        assert [row["direction"] for row in rows[6:10]] == ["in", "out", "in", "in"]


async def test_the_age_of_a_pin_counts_from_its_last_change():
    async with desk() as d:
        rows = (await d.ask("PINS", board="chip20"))["rows"]
        assert [row["age"] for row in rows] == [None] * 16
        await d.reply("SETPIN", 0)
        rows = (await d.ask("PINS", board="chip20"))["rows"]
        assert (rows[0]["age"], rows[0]["state"]) == (0, "ON")
        assert [row["age"] for row in rows[1:]] == [None] * 15


async def test_pins_of_a_chip_that_does_not_answer_are_listed_without_state():
    async with desk() as d:
        d.models[0x20].power(False)
        await run_until(lambda: d.node.available["chip20"][-1] is False, 6000)
        answer = await d.ask("PINS")
        assert answer["response"] == "0x20 does not answer"
        assert [row["state"] for row in answer["rows"]] == [None] * 16


async def test_a_long_answer_needs_no_large_block():
    async with desk() as d:
        pieces = []
        stream = d.client.publish_stream

        async def publish_stream(topic, length, parts, retain):
            parts = list(parts)
            pieces.extend(parts)
            await stream(topic, length, parts, retain)

        d.client.publish_stream = publish_stream
        await d.ask("PINS")
        assert len(pieces) > 16 and max(len(piece) for piece in pieces) < 256


# -- directions -----------------------------------------------------------------------------


async def test_a_free_pin_becomes_an_output_which_is_low_and_free_again():
    async with desk() as d:
        assert await d.reply("CLRDBIT", 12) == (OK, "0x00")
        assert d.registers("IODIR") >> 12 & 1 == 0 and latch(d, 12) == 0
        assert await d.reply("SETPIN", 12) == (OK, "0x01")
        assert latch(d, 12) == 1
        assert await d.reply("SETDBIT", 12) == (OK, "0x01")
        assert d.registers("IODIR") >> 12 & 1 == 1
        assert (await d.reply("SETPIN", 12))[0] == "12 is an input, which cannot be set"
        assert d.node.stored["directions chip20"] is None


async def test_the_latch_is_low_before_the_direction_changes():
    async with desk() as d:
        seen = []
        d.after_transfers(lambda: seen.append((d.registers("IODIR") >> 12 & 1, latch(d, 12))))
        for _ in range(2):
            await d.reply("CLRDBIT", 12)
            await d.reply("SETPIN", 12)
            await d.reply("SETDBIT", 12)
        outputs = [i for i in range(1, len(seen)) if seen[i][0] == 0 and seen[i - 1][0] == 1]
        assert len(outputs) == 2
        for i in outputs:
            assert seen[i - 1][1] == 0 and seen[i][1] == 0


async def test_other_outputs_keep_their_level_when_a_direction_changes():
    async with desk() as d:
        await d.reply("SETPIN", 0)
        await d.reply("SETPIN", 3)
        levels = []
        d.after_transfers(lambda: levels.append((latch(d, 0), latch(d, 3))))
        await d.reply("CLRDBIT", 12)
        await d.reply("SETDBIT", 12)
        assert set(levels) == {(1, 1)}


async def test_pins_of_the_types_input_and_output_can_be_turned_and_back():
    async with desk() as d:
        assert await d.reply("SETPIN", 3) == (OK, "0x01")
        assert await d.reply("SETDBIT", 3) == (OK, "0x01")
        d.models[0x20].drive(3, 1)
        assert await d.reply("GETPIN", 3) == (OK, "0x01")
        d.models[0x20].drive(3, None)
        assert await d.reply("CLRDBIT", 3) == (OK, "0x00")
        assert latch(d, 3) == 0
        assert await d.reply("CLRDBIT", 9) == (OK, "0x00")
        assert await d.reply("SETPIN", 9) == (OK, "0x01")
        assert await d.reply("SETDBIT", 9) == (OK, "0x01")
        assert d.registers("IODIR") == 0x7F70


async def test_the_direction_of_an_entity_does_not_change():
    async with desk() as d:
        assert (await d.reply("SETDBIT", 0))[0] == "it belongs to chip20/pump"
        assert (await d.reply("CLRDBIT", 8))[0] == "it belongs to chip20/button"
        # What it is already, it may be asked to be.
        assert await d.reply("CLRDBIT", 0) == (OK, "0x00")
        assert await d.reply("SETDBIT", 8) == (OK, "0x01")


async def test_pins_7_and_15_become_no_inputs_unless_the_table_has_them_as_such():
    rows = [RELAY, {"pin": 15, "type": "input", "allow_unsafe_input": True}]
    async with desk(*rows) as d:
        assert "allow_unsafe_input" in (await d.reply("SETDBIT", 7))[0]
        assert await d.reply("CLRDBIT", 7) == (OK, "0x00")
        assert await d.reply("SETPIN", 7) == (OK, "0x01")
        assert "allow_unsafe_input" in (await d.reply("SETDBIT", 7))[0]
        assert latch(d, 7) == 1
        assert await d.reply("CLRDBIT", 15) == (OK, "0x00")
        assert await d.reply("SETDBIT", 15) == (OK, "0x01")


async def test_directions_survive_a_restart_and_no_output_moves():
    async with desk() as d:
        await d.reply("CLRDBIT", 12)
        await d.reply("SETPIN", 12)
        await d.reply("SETDBIT", 3)
        d.stop()
        levels = []
        d.after_transfers(lambda: levels.append((latch(d, 12), d.registers("IODIR") & 0x1008)))
        await d.start(d.node.stored)
        assert set(levels) == {(1, 0x0008)}
        assert await d.reply("CLRPIN", 12) == (OK, "0x00")
        assert await d.reply("CLRDBIT", 3) == (OK, "0x00")
        assert await d.reply("SETDBIT", 12) == (OK, "0x01")


async def test_directions_are_forgotten_when_components_json_has_changed():
    async with desk() as d:
        await d.reply("CLRDBIT", 12)
        d.stop()
        write("components.json", "{}")
        await d.start(d.node.stored)
        assert d.registers("IODIR") == 0x7F70
        assert d.node.stored == {"directions chip20": None}


async def test_a_damaged_file_of_what_was_kept_costs_the_directions_only():
    for damaged in ([1], "x", {"a": 1}, [None, None], 7):
        async with desk() as d:
            d.stop()
            await d.start({"directions chip20": damaged})
            assert await d.reply("GETDBIT", 12) == (OK, "0x01")


async def test_a_pin_that_a_component_watches_keeps_its_direction():
    async with desk() as d:
        watch = d.node.components["chip20"].pin(9).irq(lambda pin: None)
        assert (await d.reply("CLRDBIT", 9))[0] == "another component watches it"
        watch.stop()
        assert await d.reply("CLRDBIT", 9) == (OK, "0x00")


async def test_a_pulse_ends_with_the_output():
    async with desk() as d:
        assert await d.reply("PULSE", 3, ms=100) == (OK, "0x01")
        assert await d.reply("SETDBIT", 3) == (OK, "0x01")
        assert await d.reply("CLRDBIT", 3) == (OK, "0x00")
        assert await d.reply("SETPIN", 3) == (OK, "0x01")
        end = time.ticks_add(time.ticks_ms(), 150)
        await run_until(lambda: time.ticks_diff(time.ticks_ms(), end) > 0)
        assert latch(d, 3) == 1


async def test_a_direction_that_does_not_reach_the_chip_is_as_it_was():
    async with desk() as d:
        await d.reply("SETPIN", 3)
        d.board.bus.nack = {0x20}
        response, _ = await d.reply("SETDBIT", 3)
        assert response == "it does not answer; the direction is left as it was"
        d.board.bus.nack = set()
        await run_until(lambda: d.node.components["chip20"].chip.ready, 5000)
        assert await d.reply("GETPIN", 3) == (OK, "0x01")
        assert d.node.stored == {}


# -- what is wrong with a request -----------------------------------------------------------


async def test_all_faults_of_a_request_are_told_at_once():
    async with desk() as d:
        response, _ = await d.reply("SETPIN", "16", board="0x29", ttl="soon", speed=1)
        assert response == (
            "board: 0x29 is no MCP23017 (0x20 to 0x27); pin: 16 is no pin (0 to 15);"
            " ttl: 'soon' is no number; speed: no argument of this command"
        )
        response, _ = await d.reply("FLASH", -1, board="x")
        assert response.startswith("command: expected one of CLRDBIT, CLRPIN, GETDBIT, ")
        assert response.endswith(
            "; board: 'x' is no number; chips are chip20; pin: -1 is no pin (0 to 15)"
        )


async def test_a_request_that_cannot_be_carried_out_says_why():
    faults = (
        ({"board": "0x21", "pin": 1}, "board: 0x21 is not in components.json"),
        ({"board": "0x20"}, "pin: is missing"),
        ({"pin": 1}, "board: is missing"),
        ({"board": "i2c", "pin": 1}, "board: 'i2c' is no number; chips are chip20"),
        ({"board": 32, "pin": 1.5}, "pin: expected a whole number, also as text like 0x20"),
        ({"board": 32, "pin": True}, "pin: expected a whole number, also as text like 0x20"),
        ({"board": 32, "pin": [1]}, "pin: expected a whole number, also as text like 0x20"),
        ({"board": 32, "pin": "0x1g"}, "pin: '0x1g' is no number"),
        ({"board": 32, "pin": 1, "ttl": 0}, "ttl: 0 is no time in ms (1 to 3600000)"),
        ({"board": 32, "pin": 1, "ms": 5}, "ms: no argument of this command"),
    )
    async with desk() as d:
        for fields, text in faults:
            answer = await d.ask("SETPIN", **fields)
            assert answer["response"] == text, answer
        assert (await d.reply("GETIOREG", reg=2))[0] == "reg: 2 is no port (0 to 1)"
        assert d.registers("OLAT") == 0b10


async def test_the_id_comes_back_as_it_was():
    async with desk() as d:
        for given in (7, -1, "x", 'ä"\\', None, True, [1, {"a": []}], 1 << 70):
            answer = await d.ask("GETPIN", id=given, board=32, pin=0)
            assert answer["id"] == given and answer["response"] == OK


async def test_what_is_no_request_is_answered_with_the_reason():
    async with desk() as d:
        for payload, text in (
            (b"", "not valid JSON"),
            (b"{", "not valid JSON"),
            (b"\xff\xfe", "not valid JSON"),
            (b"[]", "expected a JSON object"),
            (b"7", "expected a JSON object"),
            (b'{"id": "%s"}' % (b"x" * 600), "610 bytes are more than a request can have (512)"),
        ):
            d.rpc.request(payload, False)
            (answer,) = await d.answers(1)
            assert (answer["response"], answer["id"]) == (text, None)


async def test_a_retained_request_is_refused_and_counted():
    async with desk() as d:
        d.rpc.request(b'{"command": "SETPIN", "board": 32, "pin": 0}', True)
        assert await d.reply("GETPIN", 0) == (OK, "0x00")
        assert d.node.counters["refused_retained"] == 1


async def test_more_requests_than_can_wait_are_refused_one_by_one():
    async with desk() as d:
        for i in range(20):
            d.request("GETPIN", id=i, board=32, pin=0)
        answers = await d.answers(20)
        refused = [a["id"] for a in answers if a["response"] == "too many requests wait"]
        assert refused == [16, 17, 18, 19]
        assert sorted(a["id"] for a in answers) == list(range(20))


async def test_an_answer_waits_for_room_in_the_send_buffer():
    async with desk() as d:
        d.client.small = True
        assert await d.reply("SETPIN", 0) == (OK, "0x01")


# -- a stuck bus ----------------------------------------------------------------------------


async def test_a_stuck_bus_is_a_reason():
    async with desk() as d:
        d.board.bus.stuck_sda = True
        assert await d.reply("IDENTIFY") == ("the bus is stuck", "0x00")
        assert await d.reply("SETPIN", 0, ttl=100) == ("expired", "0x00")
        assert await d.reply("GETPIN", 0) == ("0x20 does not answer", "0x00")


# -- properties -----------------------------------------------------------------------------

COMMANDS = (
    "IDENTIFY GETDBIT GETDIRREG SETDBIT CLRDBIT GETPIN GETIOREG SETPIN CLRPIN TOGGLE PULSE"
    " SCAN PINS getpin"
).split() + ["", None, 5]


def anything():
    """Return a value that may stand for an argument."""
    kind = random.getrandbits(4)
    if kind < 8:
        return random.choice(("0x20", 0x20, "chip20", 3, "12", "0x0c", 9, 1, "0"))
    return random.choice(
        (None, True, -1, 1.5, "", "x", [], {}, 1 << 40, "0x28", "16", "99999999999")
    )


async def test_random_requests_never_say_ok_for_what_the_chip_does_not_show():
    random.seed(4)
    async with desk() as d:
        latches = []
        d.after_transfers(lambda: latches.append(d.registers("OLAT")))
        said = {}
        for i in range(300):
            fields = {"id": i, "board": 0x20, "pin": random.getrandbits(4)}
            if random.getrandbits(2) == 0:
                fields[random.choice(("board", "pin", "reg", "ms", "ttl", "x"))] = anything()
            command = random.choice(COMMANDS)
            before = (d.registers("OLAT"), d.registers("IODIR"))
            latches.clear()
            answer = await d.ask(command, **fields)
            assert (answer["id"], answer["command"]) == (i, command)
            value = int(answer["datavalue"], 16)
            said[answer["response"]] = said.get(answer["response"], 0) + 1
            if answer["response"] != OK:
                assert value == 0 and answer["response"]
                assert (d.registers("OLAT"), d.registers("IODIR")) == before
            elif command in ("TOGGLE", "PULSE"):
                await check_pulse(d, fields, before[:1] + tuple(latches))
            else:
                check(d, command, fields, value)
        assert said[OK] > 60 and len(said) > 10


async def test_damaged_requests_are_answered_once_each_and_change_nothing():
    random.seed(5)
    whole = (
        b'{"id": "a", "command": "SETPIN", "board": "0x20", "pin": "9", "ttl": 100, "x": [1, {}]}'
    )
    async with desk() as d:
        for _ in range(300):
            payload = bytearray(whole)
            for _ in range(random.randrange(1, 4)):
                payload[random.randrange(len(payload))] = random.getrandbits(8)
            d.rpc.request(bytes(payload[: random.randrange(1, 100)]), False)
            (answer,) = await d.answers(1)
            assert answer["response"] != OK
        assert d.registers("OLAT") == 0b10
        assert await d.reply("GETPIN", 0) == (OK, "0x00")
        assert d.client.sent == []


async def check_pulse(d, fields, latches):
    pin = pin_of(fields)
    on = 0 if pin == 1 else 1
    assert any(levels >> pin & 1 == on for levels in latches)
    await run_until(lambda: latch(d, pin) != on)


def pin_of(fields):
    """Read the number as the node should."""
    pin = fields["pin"]
    return int(pin, 16 if pin[:2] == "0x" else 10) if isinstance(pin, str) else pin


def check(d, command, fields, value):
    if command in ("IDENTIFY", "SCAN", "PINS"):
        assert value == (16 if command == "PINS" else 1)
    elif command in ("GETDIRREG", "GETIOREG"):
        registers = d.registers("IODIR" if command == "GETDIRREG" else "GPIO")
        assert value == registers >> 8 * int(fields.get("reg", fields["pin"])) & 0xFF
    else:
        pin = pin_of(fields)
        direction = d.registers("IODIR") >> pin & 1
        level = d.registers("GPIO") >> pin & 1
        shown = {
            "SETPIN": (1, latch(d, pin) and not direction),
            "CLRPIN": (0, latch(d, pin) or direction),
            "SETDBIT": (1, direction),
            "CLRDBIT": (0, direction),
            "GETDBIT": (direction, value),
            "GETPIN": (level, value),
        }[command]
        assert value == shown[0] == int(shown[1]), (command, fields, value)


# -- components -----------------------------------------------------------------------------


async def test_what_cannot_be_loaded_or_unloaded_says_why():
    with Scratch():
        await refusals()


async def refusals():
    async with desk() as d:
        d.node.rows_changed = d.node.announce = lambda: None
        for command, name, said in (
            ("LOAD", "i2c", '"i2c" runs already'),
            ("UNLOAD", "x", '"x" does not run'),
            ("RELOAD", "i2c", "no components.json: copy components.json.example to that name"),
        ):
            answer = await d.ask(command, component=name)
            assert answer["response"].startswith(said), answer
            assert answer["datavalue"] == "0x00"
        assert sorted(d.node.components) == ["chip20", "i2c"]


async def test_a_component_is_named_by_text():
    async with desk() as d:
        assert (await d.ask("LOAD"))["response"] == "component: is missing"
        for name in (5, ["x"], True):
            answer = await d.ask("RELOAD", component=name)
            assert answer["response"] == "component: expected the name of a component"
