# SPDX-License-Identifier: MIT
import random

from schema import apply, check
from suggestion import suggest

from harness import raises

CHIP = {
    "type": "dict",
    "keys": {
        "i2c": {"type": "ref", "required": True, "of": "I2C"},
        "address": {"type": "int", "default": 0x20, "min": 0x20, "max": 0x27},
        "poll_ms": {"type": "int", "default": 20, "min": 1},
        "scale": {"type": "float", "min": -1.5},
        "id": {"type": "str", "min": 1, "max": 8, "chars": "_-"},
        "pins": {
            "type": "list",
            "default": [],
            "max": 16,
            "item": {
                "type": "dict",
                "keys": {
                    "pin": {"type": "int", "required": True, "min": 0, "max": 15},
                    "type": {"type": "str", "default": "switch", "choices": ("switch", "light")},
                    "invert": {"type": "bool", "default": False},
                },
            },
        },
    },
}


def chip(**more):
    return dict(i2c="@i2c", **more)


def faults(value):
    return check(value, CHIP, "")


def test_a_right_value_has_no_faults():
    value = chip(address=0x21, scale=1, id="a-1", pins=[{"pin": 15, "type": "light"}])
    assert faults(value) == []


def test_a_value_out_of_range():
    pins = [{"pin": 0}, {"pin": 1}, {"pin": 2}, {"pin": 16}]
    assert faults(chip(pins=pins)) == ["pins[3].pin: 16 is above the highest value 15"]
    assert faults(chip(scale=-2)) == ["scale: -2 is below the lowest value -1.5"]


def test_whole_numbers_may_be_written_as_hexadecimal_text():
    assert faults(chip(address="0x27")) == []
    assert faults(chip(address="0x30")) == ["address: 0x30 is above the highest value 0x27"]
    assert faults(chip(address="0xzz")) == ["address: expected a whole number, not text"]
    assert faults(chip(address="32")) == ["address: expected a whole number, not text"]


def test_an_unknown_key_names_the_nearest_known_one():
    assert faults(chip(adress=32)) == ['unknown key "adress"; did you mean "address"?']
    assert faults(chip(pins=[{"pin": 1, "Invert": True}])) == [
        'pins[0]: unknown key "Invert"; did you mean "invert"?'
    ]


def test_an_unknown_key_near_to_none_lists_all():
    assert faults(chip(pins=[{"pin": 1, "colour": 1}])) == [
        'pins[0]: unknown key "colour"; known are invert, pin, type'
    ]


def test_a_missing_key():
    assert faults({}) == ["i2c: required, but missing"]
    assert faults(chip(pins=[{}])) == ["pins[0].pin: required, but missing"]


def test_a_choice_that_does_not_exist():
    pins = [{"pin": 1, "type": "swich"}]
    assert faults(chip(pins=pins)) == [
        'pins[0].type: unknown value "swich"; did you mean "switch"?'
    ]
    levels = {"type": "int", "choices": (1, 2)}
    assert check(7, levels, "level") == ['level: unknown value "7"; known are 1, 2']


def test_characters_and_length_of_text():
    assert faults(chip(id="a b")) == ['id: only letters, digits and "_-" are allowed, not " "']
    assert faults(chip(id="é")) == ['id: only letters, digits and "_-" are allowed, not "é"']
    assert faults(chip(id="")) == ["id: length 0 is below the lowest value 1"]
    assert faults(chip(id="123456789")) == ["id: length 9 is above the highest value 8"]
    assert faults(chip(pins=[{"pin": 1}] * 17)) == [
        "pins: length 17 is above the highest value 16"
    ]


def test_wrong_types_say_what_was_given_and_what_would_be_right():
    for spec, value, want in (
        ("int", True, "expected a whole number, not true or false"),
        ("int", 1.0, "expected a whole number, not a number"),
        ("float", False, "expected a number, not true or false"),
        ("bool", 1, "expected true or false, not a whole number"),
        ("bool", "true", "expected true or false, not text"),
        ("str", None, "expected text, not null"),
        ("list", {}, "expected a list, not an object"),
        ("dict", [], "expected an object, not a list"),
        ("dict", (1,), "expected an object, not tuple"),
        ("ref", 5, 'expected a reference such as "@name", not a whole number'),
        ("ref", None, 'expected a reference such as "@name", not null'),
    ):
        assert check(value, {"type": spec}, "x") == ["x: " + want], check(
            value, {"type": spec}, "x"
        )


def test_values_that_fit_their_types():
    for spec, value in (
        ("int", 1),
        ("float", 1),
        ("float", 1.5),
        ("bool", False),
        ("str", ""),
        ("any", None),
        ("any", [{"x": object()}]),
        ("ref", "@name"),
        ("ref", "name"),
        ("ref", object()),
    ):
        assert check(value, {"type": spec}, "x") == []


def test_a_number_stands_for_a_native_pin_only():
    assert check(5, {"type": "ref", "of": "pin"}, "x") == []
    assert check(5, {"type": "ref", "of": "I2C"}, "x") != []


def test_a_reference_that_leads_to_an_object_is_not_compared():
    assert check(object(), {"type": "ref", "of": "pin"}, "x") == []


def test_all_faults_are_said_at_once():
    value = {"adress": 1, "poll_ms": 0, "pins": [{"pin": 99}, 7, {"type": "x"}]}
    got = faults(value)
    assert len(got) == 7, got
    assert len(set(got)) == 7


def test_no_text_is_shown_that_may_be_secret():
    spec = {"type": "str", "max": 5}
    for value in (["secret"], {"a": "secret"}, "secretsecret"):
        assert "secret" not in check(value, spec, "password")[0]


def test_defaults_are_filled_in_at_every_level():
    value = apply(chip(pins=[{"pin": 3}]), CHIP)
    assert value == {
        "i2c": "@i2c",
        "address": 0x20,
        "poll_ms": 20,
        "pins": [{"pin": 3, "type": "switch", "invert": False}],
    }


def test_hexadecimal_text_becomes_a_number():
    value = apply(chip(address="0x21", id="0x21"), CHIP)
    assert value["address"] == 0x21
    assert value["id"] == "0x21"


def test_a_default_list_is_not_shared():
    first = apply(chip(), CHIP)
    first["pins"].append(1)
    assert apply(chip(), CHIP)["pins"] == []


def test_apply_replaces_texts_by_what_the_visitor_returns():
    seen = []

    def visit(text, kind, path):
        seen.append((path, kind, text))
        return text.upper()

    value = {"i2c": "a", "id": "b", "address": "0x20", "x": [["c"], ""], "pins": [{"type": "d"}]}
    apply(value, CHIP, visit)
    assert sorted(seen) == [
        ("i2c", "ref", "a"),
        ("id", "str", "b"),
        ("pins[0].type", "str", "d"),
        ("x[0][0]", None, "c"),
    ]
    assert (value["i2c"], value["id"], value["x"]) == ("A", "B", [["C"], ""])
    assert value["address"] == 0x20


def test_an_object_may_stand_in_place_of_a_value():
    each = {"type": "int", "min": 0, "required": True}
    pair = {"type": "dict", "keys": {"on": each, "off": dict(each, required=False, default=7)}}
    spec = {"type": "int", "min": 5, "default": 20, "object": pair}
    assert check(5, spec, "x") == check({"on": 1, "off": 2}, spec, "x") == []
    assert check(4, spec, "x") == ["x: 4 is below the lowest value 5"]
    assert check({"on": -1}, spec, "x") == ["x.on: -1 is below the lowest value 0"]
    assert check({"off": 1}, spec, "x") == ["x.on: required, but missing"]
    assert check([], spec, "x") == ["x: expected a whole number, not a list"]
    assert apply({"on": 1}, spec) == {"on": 1, "off": 7}
    assert apply({}, {"keys": {"x": spec}}) == {"x": 20}


def test_suggestions():
    assert suggest("MQTT_HSOT", ("MQTT_HOST", "MQTT_PORT")) == '; did you mean "MQTT_HOST"?'
    assert suggest("x", ("alpha", "beta")) == "; known are alpha, beta"
    assert suggest("x", ()) == ""


def test_a_description_with_an_unknown_type_is_an_error_of_its_author():
    raises(KeyError, check, 1, {"type": "string"}, "x")


def test_whatever_is_given_the_check_returns_lines_of_text():
    random.seed(3)
    values = (None, True, 0, 99, -1.5, "", "@a", "0x21", "x" * 40, [], {}, [{}], object())
    keys = tuple(CHIP["keys"]) + ("pin", "type", "other", "")
    for _ in range(500):
        value = {random.choice(keys): random.choice(values) for _ in range(3)}
        value["pins"] = [{random.choice(keys): random.choice(values)}, random.choice(values)]
        got = faults(value)
        assert got and all("\n" not in text for text in got)
        apply(value, CHIP)
