# SPDX-License-Identifier: MIT
"""Rows of a pin table with several pins, on one chip or on any mix of them."""

from components.machine.gpio import GPIO
from entity_desk import Desk
from harness import run_until


def cover(pin, close_pin, **more):
    row = {"pin": pin, "type": "cover", "id": "blind", "close_pin": close_pin}
    row.update({"travel_up": 1, "travel_down": 1})
    row.update(more)
    return row


async def faults_of(*rows):
    """Return the faults of a pin table and what is left of it."""
    with Desk() as desk:
        chip = await desk.chip(list(rows))
        claimed = [number for number in range(16) if chip.chip.users[number] is not None]
        return desk.faults(), sorted(desk.node.entities), claimed


async def test_the_further_pins_of_a_row_are_claimed_for_its_entity():
    with Desk() as desk:
        chip = await desk.chip([cover(0, "GPA1", open_end={"pin": 8, "invert": True})])
        assert desk.faults() == []
        blind = desk.node.entities[b"chip20/blind"]
        users = chip.chip.users
        assert users[0] is blind
        assert users[1].owner is users[8].owner is blind
        assert users[0].pin.interlock is users[1].pin.interlock is not None
        assert (chip.chip.outputs, chip.chip.inputs) == (0b11, 1 << 8)
        # Pulled up and inverted: an open contact is off.
        assert chip.chip.level & 1 << 8 == 0


async def test_further_outputs_are_inverted_as_the_pin_is_unless_they_say_otherwise():
    with Desk() as desk:
        rows = [
            cover(0, 1, invert=True),
            cover(2, {"pin": 3, "invert": False}, id="other", invert=True),
        ]
        await desk.chip(rows)
        assert desk.latch() == 0b0111


async def test_each_fault_of_a_row_with_several_pins_is_one_line_and_claims_nothing():
    missing = cover(0, 1)
    del missing["close_pin"]
    for row, fault in (
        (cover(3, 3), "pins[0].close_pin: 3 is used by pin already"),
        (cover(3, "GPA3"), "pins[0].close_pin: GPA3 is used by pin already"),
        (missing, "pins[0].close_pin: required, but missing"),
        (cover(0, 16), "pins[0].close_pin: 16 is not a pin of an MCP23017 (0..15 or GPA0..GPB7)"),
        (cover(0, 1, travel_up=0), "pins[0].travel_up: 0 is below the lowest value 0.1"),
        (
            cover(0, 1, pause=900, ttl=900),
            "pins[0].pause: must be shorter than a command may",
        ),
        (cover(0, 1, interlock="mine"), 'pins[0]: unknown key "interlock"'),
        (cover(0, 1, restore="on"), 'pins[0]: unknown key "restore"'),
        (cover(0, {"pin": 1, "invrt": True}), 'pins[0].close_pin: unknown key "invrt"'),
        (cover(0, {"invert": True}), "pins[0].close_pin.pin: required, but missing"),
        (cover(0, 1, open_end=7), "pins[0].open_end: 7 cannot be an input: "),
        (cover(0, 1, open_end=1), "pins[0].open_end: 1 is used by close_pin already"),
        (cover(0, 1, speeds=[2]), 'pins[0]: unknown key "speeds"'),
        ({"pin": 0, "type": "switch", "close_pin": 1}, 'pins[0]: unknown key "close_pin"'),
        ({"pin": 0, "type": "fan", "speeds": [1, 1]}, "pins[0].speeds[1]: 1 is used by speeds[0]"),
        ({"pin": 0, "type": "fan", "speeds": []}, "pins[0].speeds: length 0 is below the lowest"),
        (
            {"pin": 0, "type": "sensed_switch", "feedback": 1, "pulse": 400, "timeout": 300},
            "pins[0].timeout: must be longer than the pulse, 400 ms",
        ),
    ):
        faults, keys, claimed = await faults_of(row, {"pin": 12, "type": "switch"})
        assert len(faults) == 1, faults
        assert faults[0].startswith(fault), faults
        assert (keys, claimed) == ([b"chip20/pin12"], [12]), (fault, keys, claimed)


async def test_two_rows_with_one_pin_are_told_with_both_places():
    faults, keys, claimed = await faults_of(
        cover(0, 1), {"pin": 1, "type": "switch"}, cover(4, 0, id="b"), cover(4, 5, id="c")
    )
    assert faults == [
        "pins[1].pin: 1 is used by pins[0].close_pin already",
        "pins[2].close_pin: 0 is used by pins[0] already",
    ]
    assert keys == [b"chip20/blind", b"chip20/c"]
    assert claimed == [0, 1, 4, 5]


async def test_an_id_that_is_used_twice_leaves_all_pins_of_the_row_alone():
    faults, keys, claimed = await faults_of(cover(0, 1), cover(2, 3))
    assert faults == ["pins[1].id: chip20/blind is used twice"]
    assert claimed == [0, 1]
    faults, keys, claimed = await faults_of(
        {"pin": 4, "type": "switch", "id": "door_problem"},
        {"pin": 5, "type": "lock", "id": "door", "feedback": 6},
    )
    assert faults == ["pins[1].id: chip20/door_problem is used twice"]
    assert (keys, claimed) == ([b"chip20/door_problem"], [4])


async def test_a_further_pin_may_be_one_of_another_chip():
    with Desk((0x20, 0x21)) as desk:
        other = await desk.chip([{"pin": 9, "type": "output"}], "chip21", 0x21)
        pin = other.pin(9)
        chip = await desk.chip([cover(0, pin)])
        assert desk.faults() == []
        blind = desk.node.entities[b"chip20/blind"]
        assert other.chip.users[9].owner is blind is chip.chip.users[0]


async def test_references_to_pins_that_cannot_be_had_are_told_and_take_nothing():
    with Desk((0x20, 0x21)) as desk:
        rows = [{"pin": 0, "type": "output"}, {"pin": 1, "type": "input"}]
        other = await desk.chip(rows + [{"pin": 2, "type": "switch"}], "chip21", 0x21)
        pins = [other.pin(number) for number in range(3)]
        chip = await desk.chip(
            [
                cover(0, pins[1], id="a"),
                cover(0, pins[2], id="b"),
                cover(0, {"pin": pins[0], "invert": True}, id="c"),
                cover(0, pins[0], open_end=pins[0], id="d"),
                cover(0, 1, open_end=pins[0], id="e"),
                cover(0, pins[0], id="f"),
                cover(2, pins[0], id="g"),
            ]
        )
        used = "it is used already; its own table must have it as output or input"
        assert desk.faults() == [
            "pins[0].close_pin: it is no output",
            "pins[1].close_pin: " + used,
            "pins[2].close_pin: more of this pin is said in its own table",
            "pins[3].open_end: it is used by close_pin already",
            "pins[4].open_end: it is no input",
            "pins[6].close_pin: it is used by pins[5].close_pin already",
        ]
        assert [n for n in range(16) if chip.chip.users[n] is not None] == [0]


async def test_the_own_pin_of_a_row_is_one_of_its_table():
    with Desk((0x20, 0x21)) as desk:
        other = await desk.chip([{"pin": 0, "type": "output"}], "chip21", 0x21)
        await desk.chip([{"pin": other.pin(0), "type": "switch"}, cover(0, other), cover(1, None)])
        assert desk.faults() == [
            "pins[0].pin: pins of other tables are for a Table",
            "pins[1].close_pin: expected a pin",
            "pins[2].close_pin: expected a pin",
        ]


async def test_a_reference_that_the_loader_has_told_of_is_not_told_again():
    faults, keys, claimed = await faults_of(
        cover(0, "@chip21.3"), cover(0, 1, open_end={"pin": "@x"})
    )
    assert (faults, keys, claimed) == ([], [], [])


async def test_a_table_makes_entities_on_pins_of_any_chips():
    with Desk((0x20, 0x21)) as desk:
        a = await desk.chip([{"pin": 3, "type": "output"}, {"pin": 4, "type": "input"}])
        b = await desk.chip([{"pin": 5, "type": "output"}], "chip21", 0x21)
        rows = [
            {"pin": a.pin(3), "type": "fan", "id": "fan", "speeds": [b.pin(5)], "pause": 10},
            {"pin": a.pin(4), "type": "binary_sensor", "name": "Window", "device_class": "window"},
        ]
        await desk.table(rows)
        assert desk.faults() == []
        assert desk.keys("table") == [b"table/fan", b"table/window"]
        desk.send(b"table/fan", b"SPEED:2")
        await run_until(lambda: desk.latch(0x21) == 1 << 5)
        desk.send(b"table/fan", b"SPEED:1")
        await run_until(lambda: (desk.latch(0x20), desk.latch(0x21)) == (1 << 3, 0))
        desk.models[0x20].drive(4, 0)
        await run_until(lambda: desk.shown(b"table/window") == b"OFF")


async def test_the_nodes_own_pins_have_the_same_types():
    with Desk() as desk:
        levels = {}
        desk.board.pin_listeners.append(levels.__setitem__)
        rows = [cover(25, {"pin": 26, "invert": True}, pause=0), {"pin": 27, "type": "output"}]
        esp = desk.components["esp"] = await desk.node.start("esp", GPIO(rows))
        chip = await desk.chip([{"pin": 3, "type": "output"}])
        fan = {"pin": chip.pin(3), "type": "fan", "id": "fan", "speeds": [esp.pin(27)]}
        await desk.table([fan])
        assert desk.faults() == []
        assert (levels.get(25, 0), levels[26]) == (0, 1)
        desk.send(b"esp/blind", b"CLOSE")
        await run_until(lambda: levels[26] == 0)
        desk.send(b"esp/blind", b"OPEN")
        await run_until(lambda: (levels.get(25), levels[26]) == (1, 1))
        desk.send(b"table/fan", b"ON")
        await run_until(lambda: desk.latch() == 1 << 3)
        desk.send(b"table/fan", b"SPEED:2")
        await run_until(lambda: desk.latch() == 0 and levels.get(27) == 1)


async def test_the_rows_of_a_table_have_references_and_what_belongs_to_the_entity():
    with Desk() as desk:
        chip = await desk.chip([{"pin": 3, "type": "output"}, {"pin": 4, "type": "output"}])
        three, four = chip.pin(3), chip.pin(4)
        await desk.table(
            [
                {"pin": 3, "type": "switch"},
                {"pin": three, "type": "output"},
                {"pin": three, "type": "switch", "invert": True},
                {"pin": three, "type": "binary_sensor"},
                {"pin": three, "type": "switch", "id": "lamp", "ttl": 700},
                {"pin": three, "type": "light"},
                {"pin": four, "type": "siren"},
            ]
        )
        faults = desk.faults()
        assert faults[0] == 'rows[0].pin: 3 is no reference such as "@chip20.3"'
        assert faults[1].startswith('rows[1].type: unknown value "output"')
        assert faults[2].startswith('rows[2]: unknown key "invert"')
        assert faults[3:] == [
            "rows[3].pin: it is no input",
            "rows[5].pin: it is used by rows[4] already",
        ]
        assert desk.keys("table") == [b"table/lamp", b"table/pin4"]
