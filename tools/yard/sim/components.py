# SPDX-License-Identifier: MIT
"""The node's configuration of chips: makes one, and reads which chips a given one names."""

import importlib.util
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from yard.model.native import LAST_GPIO
from yard.places import FIRMWARE

FIRST_ADDRESS = 0x20
LAST_ADDRESS = 0x27
DEFAULT_ADDRESSES = (0x20, 0x21)

_CHIP_PACKAGE = ".devices.mcp23017"
_ADDRESSES = {
    _CHIP_PACKAGE: (*range(FIRST_ADDRESS, LAST_ADDRESS + 1),),
    ".devices.mcp23008": (*range(FIRST_ADDRESS, LAST_ADDRESS + 1),),
    ".devices.pcf8574": (*range(0x20, 0x28), *range(0x38, 0x40)),
}
_PINS = 16
_INPUTS = 6  # of the second chip of the default board
_LIGHTS = 4  # of the first one
_INT_GPIO = 4
_WALL_BUTTONS = 2  # of the inputs: on when they are pressed, and bound to the first two lights

# One line per pin, because a person may want to change them.
_ORDER = '  "_order": %s'
_BUS = """\
  "i2c": {
    "package": ".machine.i2c",
    "component": "I2C",
    "constructor_args": {"scl": 22, "sda": 21, "freq": 100000}
  }"""
_CHIP = """\
  "%s": {
    "package": "%s",
    "component": "MCP23017",
    "constructor_args": {
      "i2c": "@i2c",
      "address": "0x%02x",%s
      "pins": [
%s
      ]
    }
  }"""

# Pressed, the first input toggles a light; the second one lights the other as long as it is held.
_WALL = """\
  "wall": {
    "package": ".logic.bindings",
    "component": "Bindings",
    "constructor_args": {
      "rows": [
        {"input": "@chip21.0", "do": "toggle", "output": "@chip20.0"},
        {"input": "@chip21.1", "do": "follow", "output": "@chip20.1"}
      ]
    }
  }"""

_INT_LINE = f"""
      "int_pin": {_INT_GPIO},"""

Pin = dict[str, Any]


def default_components() -> str:
    """Return a components.json with 16 outputs on 0x20, 10 outputs and 6 inputs on 0x21.

    The first two inputs are buttons that are bound to the first two lights.
    """
    lights = [_output(pin, "light", f"Light {pin + 1}") for pin in range(_LIGHTS)]
    relays = [_output(pin, "switch", f"Relay {pin + 1}") for pin in range(_LIGHTS, _PINS)]
    buttons = [_input(pin) for pin in range(_INPUTS)]
    more_relays = [
        _output(pin, "switch", f"Relay {pin + _PINS + 1}") for pin in range(_INPUTS, _PINS)
    ]
    for button in buttons[:_WALL_BUTTONS]:
        button["invert"] = True
    return _text([lights + relays, buttons + more_relays], {"wall": _WALL})


def output_components(chips: int) -> str:
    """Return a components.json with 16 outputs on each of `chips` (1 to 8) chips from 0x20 on."""
    return _text(
        [_output(pin, "switch", f"Relay {chip * _PINS + pin + 1}") for pin in range(_PINS)]
        for chip in range(chips)
    )


def chip_addresses(content: bytes) -> tuple[int, ...]:
    """Return the addresses of the MCP23017 to simulate for a components.json.

    What cannot be understood is left out, and a file that cannot be read to its end gives the
    chips of the default board too: it is the node that tells what is wrong with it.
    """
    components, whole = read_members(content)
    found = {chip_address(component, _CHIP_PACKAGE) for component in components.values()}
    if not whole:
        found.update(DEFAULT_ADDRESSES)
    return tuple(sorted(address for address in found if address is not None))


def int_wiring(content: bytes) -> dict[int, list[tuple[int, str]]]:
    """Return, by GPIO, which INT outputs of MCP23017 a components.json has wired to it."""
    wiring: dict[int, list[tuple[int, str]]] = {}
    for component in read_members(content)[0].values():
        address = chip_address(component, _CHIP_PACKAGE)
        if address is not None:
            gpio = component["constructor_args"].get("int_pin")
            if type(gpio) is int and 0 <= gpio <= LAST_GPIO:
                wiring.setdefault(gpio, []).append((address, "INTA"))
    return wiring


def first_output(content: bytes) -> str | None:
    """Return `<component>/<object>` of the first output that a components.json names, or None."""
    for name, component in read_members(content)[0].items():
        if chip_address(component) is not None:
            pins = component["constructor_args"].get("pins")
            for pin in pins if isinstance(pins, list) else ():
                if isinstance(pin, dict) and pin.get("type") in ("light", "switch"):
                    return f"{name}/{pin.get('id', '')}"
    return None


def read_members(content: bytes) -> tuple[dict[str, Any], bool]:
    """Return the members of a components.json up to the first fault, and whether there is none.

    Read by the node's own reader, which allows comments.
    """
    json_stream = firmware_module("json_stream")
    members = {}
    try:
        for key, value, _ in json_stream.members(io.BytesIO(content)):
            members[key] = value
    except json_stream.JSONError:
        return members, False
    return members, True


def read_arguments(content: bytes) -> Iterator[tuple[str, str, Pin]]:
    """Yield name, package and component as one text, and arguments of each member."""
    for name, component in read_members(content)[0].items():
        if isinstance(component, dict):
            arguments = component.get("constructor_args", {})
            if isinstance(arguments, dict):
                yield name, f"{component.get('package')} {component.get('component')}", arguments


def firmware_module(name: str) -> Any:
    """Return a module of `firmware/lib` that runs under CPython, too."""
    spec = importlib.util.spec_from_file_location(name, FIRMWARE / "lib" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _text(chips: Iterable[list[Pin]], more: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the text of a file with `chips`; more: members besides, by name."""
    rows = {
        f"chip{address:02x}": (address, pins) for address, pins in enumerate(chips, FIRST_ADDRESS)
    }
    members = [_ORDER % json.dumps(["i2c", *rows, *more]), _BUS]
    for name, (address, pins) in rows.items():
        lines = ",\n".join("        " + json.dumps(pin) for pin in pins)
        int_line = _INT_LINE if any(pin["type"] == "binary_sensor" for pin in pins) else ""
        members.append(_CHIP % (name, _CHIP_PACKAGE, address, int_line, lines))
    return "{\n" + ",\n".join([*members, *more.values()]) + "\n}\n"


def _output(pin: int, kind: str, name: str) -> Pin:
    return {"pin": pin, "type": kind, "name": name, "id": f"out{pin}"}


def _input(pin: int) -> Pin:
    return {"pin": pin, "type": "binary_sensor", "name": f"Input {pin + 1}", "id": f"in{pin}"}


def chip_address(component: object, *packages: str) -> int | None:
    """Return the address of a member that is an expander which can be simulated, else None.

    packages: those that count, all if none are given.
    """
    if not isinstance(component, dict):
        return None
    package = str(component.get("package"))
    try:
        address = number(component["constructor_args"]["address"])
    except (KeyError, TypeError, ValueError):
        return None
    known = package in (packages or _ADDRESSES) and address in _ADDRESSES[package]
    return address if known else None


def number(value: object) -> int:
    """Return a whole number that may be written as text, such as "0x20".

    Raises:
        ValueError: it is none.
    """
    whole = int(value, 0) if isinstance(value, str) else value
    if type(whole) is not int:
        raise ValueError(f"{value!r} is no whole number")
    return whole
