# SPDX-License-Identifier: MIT
"""`yard scan`: what answers on the buses of a node, as i2cdetect shows it."""

import asyncio
import json
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from yard.broker_address import BrokerAddress
from yard.fault import Fault
from yard.printable import printable
from yard.rpc import Answer, Conversation, choose_node, request

_ADDRESSES = range(0x08, 0x78)  # the others are reserved


@dataclass(frozen=True)
class Bus:
    """One I2C bus. found: addresses that answer. reason: why it could not be scanned, or empty."""

    name: str
    found: frozenset[int]
    reason: str


@dataclass(frozen=True)
class Scan:
    """What answers, and what should. names: address to the components that use it."""

    buses: list[Bus]
    names: dict[int, list[str]]

    @property
    def missing(self) -> list[int]:
        """Addresses that a component uses and that answer on no bus."""
        return sorted(self.names.keys() - frozenset().union(*(bus.found for bus in self.buses)))

    @property
    def is_good(self) -> bool:
        """Whether something answers on each bus, and every chip of a component."""
        return not self.missing and all(bus.found and not bus.reason for bus in self.buses)


def run(broker: BrokerAddress, home: str, node: str | None, as_json: bool) -> int:
    """Scan the buses of a node and show what answers.

    Args:
        broker: where.
        home: the beginning of the topics.
        node: its id, None for the only one that is online.
        as_json: one JSON object for each address that answers or that a component uses.

    Returns:
        0, or 1 if nothing answers or a chip of a component does not.

    Raises:
        Fault: no broker or node, or the node does not answer.
    """
    scan = asyncio.run(_scan(broker, home, node))
    (_print_json if as_json else _print_table)(scan)
    return 0 if scan.is_good else 1


async def _scan(broker: BrokerAddress, home: str, node: str | None) -> Scan:
    async with broker.connection() as client:
        base = f"{home}/{await choose_node(client, home, node)}/"
        conversation = Conversation(client, base)
        await conversation.start()
        buses = await conversation.ask(request(base, "SCAN"))
        chips = await conversation.ask(request(base, "PINS"))
    try:
        return Scan([_bus(answer) for answer in buses], _names(chips))
    except (TypeError, ValueError, KeyError) as error:
        raise Fault(f"{base}rpc: an answer that cannot be understood: {error!r}") from error


def _bus(answer: Answer) -> Bus:
    if "bus" not in answer.fields:
        raise Fault(f"nothing can be scanned: {answer.reason}")
    found = frozenset(int(address, 16) for address in answer.fields.get("found", ()))
    return Bus(printable(str(answer.fields["bus"])), found, answer.reason)


def _names(chips: list[Answer]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for fields in (answer.fields for answer in chips):
        if fields.get("board") is not None:
            names.setdefault(int(fields["board"], 16), []).append(printable(str(fields["name"])))
    return names


def _print_json(scan: Scan) -> None:
    found = [(bus.name, address) for bus in scan.buses for address in sorted(bus.found)]
    for bus, address in [*found, *((None, address) for address in scan.missing)]:
        row = {
            "bus": bus,
            "address": f"0x{address:02x}",
            "components": scan.names.get(address, []),
            "answers": bus is not None,
        }
        print(json.dumps(row, ensure_ascii=False))


def _print_table(scan: Scan) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for bus in scan.buses:
        console.print(Text.assemble((bus.name, "bold"), "  ", (bus.reason, "bold red")))
        console.print(_grid(bus, scan))
        for address in sorted(bus.found):
            name = ", ".join(scan.names.get(address, ["no component"]))
            console.print(Text(f"0x{address:02x}  {name}"))
    for address in scan.missing:
        name = ", ".join(scan.names[address])
        console.print(Text(f"0x{address:02x}  {name} does not answer", "bold red"))


def _grid(bus: Bus, scan: Scan) -> Text:
    text = Text("    " + "".join(f" {low:2x}" for low in range(16)), "dim")
    for first in range(0, 0x80, 16):
        text.append(f"\n{first:02x}: ")
        for address in range(first, first + 16):
            if address in bus.found:
                style = "bold green" if address in scan.names else "bold yellow"
                text.append(f" {address:02x}", f"not dim {style}")
            else:
                text.append(" --" if address in _ADDRESSES else "   ")
    return text
