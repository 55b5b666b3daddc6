# SPDX-License-Identifier: MIT
"""The chip model under CPython: the data-sheet facts, and random traffic against a reference.

The facts are the tests that MicroPython runs from tests_host/unit/test_chip_model.py. The
reference is written on its own: registers by name in dictionaries, pins one at a time.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yard.model.mcp23017 import MCP23017

FACTS = Path(__file__).resolve().parents[1] / "unit" / "test_chip_model.py"


def facts() -> dict[str, object]:
    """The test functions of the facts by name."""
    spec = importlib.util.spec_from_file_location("chip_model_facts", FACTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


@pytest.mark.parametrize("fact", [pytest.param(test, id=name) for name, test in facts().items()])
def test_fact_of_the_data_sheet(fact) -> None:
    fact()


PORT_REGISTERS = "IODIR IPOL GPINTEN DEFVAL INTCON IOCON GPPU INTF INTCAP GPIO OLAT".split()
BANK_0 = {2 * i + k: (r, "AB"[k]) for i, r in enumerate(PORT_REGISTERS) for k in (0, 1)}
BANK_1 = {0x10 * k + i: (r, "AB"[k]) for i, r in enumerate(PORT_REGISTERS) for k in (0, 1)}


class Reference:
    """What the chip does, told as plainly as possible."""

    def __init__(self) -> None:
        self.registers = {
            (r, p): 0xFF if r == "IODIR" else 0 for r in PORT_REGISTERS for p in "AB"
        }
        self.outside: dict[tuple[str, int], int | None] = {}
        self.pointer = 0
        self.last_cleared = {p: self.levels(p) for p in "AB"}

    def bit(self, register: str, port: str, n: int) -> int:
        return self.registers[register, port] >> n & 1

    def level(self, port: str, n: int) -> int:
        if not self.bit("IODIR", port, n):
            return self.bit("OLAT", port, n)
        driven = self.outside.get((port, n))
        return self.bit("GPPU", port, n) if driven is None else driven

    def levels(self, port: str) -> int:
        return sum(self.level(port, n) << n for n in range(8))

    def differs(self, port: str, n: int) -> bool:
        if not self.bit("GPINTEN", port, n) or not self.bit("IODIR", port, n):
            return False
        if self.bit("INTCON", port, n):
            return self.level(port, n) != self.bit("DEFVAL", port, n)
        return self.level(port, n) != self.last_cleared[port] >> n & 1

    def look(self) -> None:
        for port in "AB":
            causes = [n for n in range(8) if self.differs(port, n)]
            if causes and not self.registers["INTF", port]:
                self.registers["INTF", port] = sum(1 << n for n in causes)
                self.registers["INTCAP", port] = self.levels(port)

    def iocon(self, mask: int) -> bool:
        return bool(self.registers["IOCON", "A"] & mask)

    def here(self) -> tuple[str, str] | None:
        return (BANK_1 if self.iocon(0x80) else BANK_0).get(self.pointer)

    def step(self) -> None:
        if self.iocon(0x20):
            if not self.iocon(0x80):
                even = self.pointer % 2 == 0
                self.pointer += 1 if even else -1
        elif self.pointer == max(BANK_1 if self.iocon(0x80) else BANK_0):
            self.pointer = 0
        else:
            self.pointer = (self.pointer + 1) % 256

    def write(self, value: int) -> None:
        here = self.here()
        if here is not None:
            register, port = here
            if register == "IOCON":
                self.registers["IOCON", "A"] = self.registers["IOCON", "B"] = value - value % 2
            elif register == "GPIO":
                self.registers["OLAT", port] = value
            elif register not in ("INTF", "INTCAP"):
                self.registers[register, port] = value
            self.look()
        self.step()

    def read(self) -> int:
        here, value = self.here(), 0
        if here is not None:
            register, port = here
            value = self.registers[here]
            if register == "GPIO":
                value = self.levels(port) ^ self.registers["IPOL", port]
            if register in ("GPIO", "INTCAP"):
                self.registers["INTF", port] = 0
                self.last_cleared[port] = self.levels(port)
                self.look()
        self.step()
        return value

    def drive(self, pin: int, level: int | None) -> None:
        self.outside["AB"[pin // 8], pin % 8] = level
        self.look()

    def outputs(self) -> tuple[int | None, int | None]:
        active = [self.registers["INTF", port] != 0 for port in "AB"]
        if self.iocon(0x40):
            active = [any(active)] * 2
        if self.iocon(0x04):
            a, b = (0 if one else None for one in active)
        else:
            a, b = (int(one == self.iocon(0x02)) for one in active)
        return a, b


register_address = st.integers(0, 0x1F) | st.integers(0, 255)
iocon_at_any_address = st.sampled_from([0x05, 0x0A, 0x0B, 0x15])
data = st.binary(max_size=6)
steps = st.lists(
    st.tuples(st.just("write"), register_address, data)
    | st.tuples(st.just("write"), iocon_at_any_address, st.binary(min_size=1, max_size=1))
    | st.tuples(st.just("read"), st.none() | register_address, st.integers(1, 8))
    | st.tuples(st.just("drive"), st.integers(0, 15), st.sampled_from([0, 1, None])),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(steps)
def test_any_traffic_has_the_effects_that_the_reference_predicts(traffic) -> None:
    chip, reference = MCP23017(), Reference()
    for kind, where, what in traffic:
        if kind == "write":
            chip.transfer(bytes((where,)) + what, None)
            reference.pointer = where
            for value in what:
                reference.write(value)
        elif kind == "read":
            received = bytearray(what)
            chip.transfer(None if where is None else bytes((where,)), received)
            reference.pointer = reference.pointer if where is None else where
            assert list(received) == [reference.read() for _ in received]
        else:
            chip.drive(where, what)
            reference.drive(where, what)
        assert chip.levels() == reference.levels("A") | reference.levels("B") << 8
        assert chip.int_outputs() == reference.outputs()


@settings(max_examples=200, deadline=None)
@given(steps)
def test_latch_reports_add_up_to_the_latch(traffic) -> None:
    chip = MCP23017()
    latch = 0

    def changed(_chip: MCP23017, old: int, new: int) -> None:
        nonlocal latch
        assert old == latch
        assert new != old
        latch = new

    chip.on_latch_change = changed
    for kind, where, what in traffic:
        if kind == "write":
            chip.transfer(bytes((where,)) + what, None)
    registers = chip.registers()
    assert latch == registers["OLATA"] | registers["OLATB"] << 8
