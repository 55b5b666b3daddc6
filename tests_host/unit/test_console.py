# SPDX-License-Identifier: MIT
"""components/network/console.py and lib/line_server.py over real sockets."""

import asyncio

import line_server
import schema

from components.network.console import Console
from components.network.console_args import ARGS
from harness import raises, run_until
from node.component import ConfigError
from pin_desk import Desk
from scripted_time import ScriptedTime

SOCKETS = True

KEY = "correct horse"
TABLE = [
    {"pin": 0, "type": "switch", "name": "Pump", "id": "pump"},
    {"pin": 1, "type": "switch", "id": "low", "invert": True},
    {"pin": 3, "type": "output"},
    {"pin": 8, "type": "binary_sensor", "id": "button", "invert": True, "debounce": 0},
]


class Terminal:
    """A client of the console. Attribute `lines`: what it has read and not been asked for."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def send(self, data):
        self.writer.write(data if isinstance(data, bytes) else data.encode())
        await self.writer.drain()

    async def line(self, timeout=20):
        """Return the next line, None at the end."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), timeout)
        except OSError:
            return None
        return line.decode().strip() if line else None

    async def ask(self, text, count=1):
        """Return the answer to a command, which has `count` lines."""
        await self.send(text + "\n")
        if count == 1:
            return await self.line()
        lines = []
        for _ in range(count):
            lines.append(await self.line())
        return lines

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


class ConsoleDesk(Desk):
    """A desk with a console that listens on `port`."""

    port = 18023

    def __init__(self, **args):
        super().__init__({0x20: TABLE})
        self.args = dict({"bind": "127.0.0.1", "key": None, "max_clients": 2}, **args)
        self.terminals = []

    async def __aenter__(self):
        await self.start()
        for _ in range(20):
            try:
                await self._listen()
                return self
            except ConfigError:
                ConsoleDesk.port += 1
        raise OSError("no free port")

    async def _listen(self):
        self.console = Console(port=self.port, **self.args)
        await self.node.start("console", self.console)
        self.node.components["console"] = self.console

    async def __aexit__(self, *_):
        for terminal in self.terminals:
            await terminal.close()
        self.stop()
        await asyncio.sleep_ms(10)
        ConsoleDesk.port += 1

    async def terminal(self):
        terminal = await Terminal().open(self.port)
        self.terminals.append(terminal)
        return terminal


# -- commands -------------------------------------------------------------------------------


async def test_pins_are_set_and_read_by_number_and_by_entity():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        for text, latch in (
            ("on chip20.0", 0b11),
            ("off chip20/pump", 0b10),
            ("toggle 0x20.0", 0b11),
            ("ON chip20/low", 0b01),
            ("off chip20.1", 0b11),
        ):
            assert await t.ask(text) == "OK"
            assert d.registers("OLAT") == latch
        assert await t.ask("read chip20.0") == "on"
        assert await t.ask("read chip20/low") == "off"
        d.models[0x20].drive(8, 0)
        assert await t.ask("read chip20/button") == "on"


async def test_a_pulse_ends():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        assert await t.ask("pulse chip20.3 30") == "OK"
        assert d.registers("OLAT") & 8
        await run_until(lambda: not d.registers("OLAT") & 8)


async def test_what_is_wrong_is_told_and_the_connection_goes_on():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        for text, answer in (
            ("frobnicate", "error: unknown command; try help"),
            ("on", "error: usage: on PIN"),
            ("read a b", "error: usage: read PIN"),
            ("on chip20.8", "error: 8 is an input, which cannot be set"),
            ("on chip20.16", "error: 16 is no pin (0 to 15)"),
            ("on chip21.1", "error: 'chip21' is no number; chips are chip20"),
            ("on 0x27.1", "error: 0x27 is not in components.json"),
            ("on lamp", 'error: "lamp" is no pin: expected CHIP.NUMBER or CHIP/ENTITY'),
            ("pulse chip20.3 0", "error: 0 is no time in ms (1 to 3600000)"),
            ("pulse chip20.3 x", "error: 'x' is no number"),
        ):
            assert await t.ask(text) == answer
        assert d.registers("OLAT") == 0b10


async def test_a_command_that_is_not_carried_out_says_why():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        d.models[0x20].power(False)
        await run_until(lambda: d.node.available["chip20"][-1] is False, 6000)
        assert await t.ask("on chip20.0") == "error: expired"
        assert await t.ask("read chip20.0") == "error: 0x20 does not answer"


async def test_the_pin_table_shows_function_state_and_last_change():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        await t.ask("on chip20.0")
        lines = await t.ask("pins chip20", 16)
        assert lines[0].split() == [
            "chip20.0",
            "out",
            "switch",
            "on",
            "0",
            "s",
            "chip20/pump",
            "Pump",
        ]
        assert lines[3].split() == ["chip20.3", "out", "output", "off"]
        assert lines[8].split() == ["chip20.8", "in", "binary_sensor", "off", "chip20/button"]
        assert lines[15].split() == ["chip20.15", "out", "free", "off"]


async def test_a_watched_pin_is_told_to_whoever_watches():
    async with ConsoleDesk() as d:
        one, two = await d.terminal(), await d.terminal()
        assert await one.ask("watch chip20/pump") == "OK"
        assert await two.ask("watch all") == "OK"
        assert await two.ask("on chip20.3", 2) == ["chip20.3 on", "OK"]
        assert await two.ask("on chip20/pump", 2) == ["chip20.0 on chip20/pump", "OK"]
        assert await one.line() == "chip20.0 on chip20/pump"
        d.models[0x20].drive(8, 0)
        assert await two.line() == "chip20.8 on chip20/button"
        assert await one.ask("unwatch") == "OK"
        assert await one.ask("off chip20.0") == "OK"


async def test_what_a_client_watched_is_forgotten_with_it():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        await t.ask("watch all")
        chip = d.node.components["chip20"].chip
        before = len(chip.watches)
        assert await t.ask("quit") is None
        assert len(chip.watches) == before - 1


async def test_the_bus_the_components_and_the_statistics_are_shown():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        lines = await t.ask("scan", 10)
        assert lines[0] == "i2c:" and lines[4].startswith("20: 20 -- --")
        assert await t.ask("components", 3) == [
            "chip20           running",
            "x                check",
            "bad",
        ]
        assert await t.ask("stats") == "uptime: 7"
        lines = await t.ask("help", 14)
        assert "pulse PIN MS" in lines and "watch PIN|all" in lines


async def test_a_component_can_bring_commands_of_its_own():
    async with ConsoleDesk() as d:
        d.console.add_command("sum", lambda args: str(sum([int(word) for word in args])))
        d.console.add_command("two", lambda args: "a\nb")
        d.console.add_command("bad", lambda args: {}["x"])
        t = await d.terminal()
        assert await t.ask("sum 1 2 3") == "6"
        assert await t.ask("two", 2) == ["a", "b"]
        assert (await t.ask("sum x")).startswith("error: invalid syntax for integer")
        assert await t.ask("bad") == "error: failed, see the log"
        assert d.node.log.records[-1][0] == "error"
        assert await t.ask("sum 1") == "1"
        for name in ("pins", "sum", "a b", ""):
            raises(ValueError, d.console.add_command, name, None)


# -- the key --------------------------------------------------------------------------------


async def test_nothing_works_without_the_key():
    async with ConsoleDesk(key=KEY) as d:
        t = await d.terminal()
        assert await t.line() == "key?"
        assert await t.ask("on chip20.0", 2) == ["wrong", "key?"]
        assert d.registers("OLAT") == 0b10
        await t.send(KEY + "\n")
        assert await t.ask("on chip20.0") == "OK"


async def test_three_wrong_keys_end_the_connection_and_each_costs_time():
    async with ConsoleDesk(key=KEY) as d:
        t = await d.terminal()
        with ScriptedTime(line_server) as clock:
            assert await t.line() == "key?"
            assert await t.ask(KEY[:-1], 2) == ["wrong", "key?"]
            assert await t.ask(KEY + "x", 2) == ["wrong", "key?"]
            assert await t.ask("x", 1) == "wrong"
            assert await t.line() is None
        assert clock.pauses == [1000, 2000, 4000]
        assert len([r for r in d.node.log.records if "wrong key" in r[2]]) == 3


def test_a_console_that_the_network_can_reach_needs_a_key():
    assert raises(ConfigError, Console).key == "key"
    assert raises(ConfigError, Console, "192.168.1.2").key == "key"
    Console("127.0.0.1")
    Console(key=KEY)


async def test_a_port_that_is_used_is_refused_with_the_reason():
    async with ConsoleDesk() as d:
        second = Console(bind="127.0.0.1", port=d.port)
        try:
            await d.node.start("second", second)
            raise AssertionError("not refused")
        except ConfigError as e:
            assert e.key == "port" and str(d.port) in str(e)


def test_the_description_of_the_arguments_refuses_what_cannot_be():
    spec = {"type": "dict", "keys": ARGS["Console"]}
    for wrong in ({"key": "short"}, {"port": 0}, {"max_clients": 5}, {"idle": 1}):
        (fault,) = schema.check(wrong, spec, "")
        assert fault.startswith(next(iter(wrong)) + ":"), fault


# -- clients that mean no good --------------------------------------------------------------


async def test_more_clients_than_allowed_are_sent_away():
    async with ConsoleDesk() as d:
        one, _ = await d.terminal(), await d.terminal()
        third = await d.terminal()
        assert await third.line() == "no more clients"
        assert await third.line() is None
        await one.ask("quit")
        fourth = await d.terminal()
        assert await fourth.ask("stats") == "uptime: 7"


async def test_a_line_that_is_too_long_ends_the_connection():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        await t.send(b"x" * 10000)
        assert await t.line() == "a line has at most 128 bytes"
        assert await t.line() is None
        t = await d.terminal()
        assert await t.ask("stats " + " " * 121) == "uptime: 7"


async def test_bytes_that_are_no_text_end_the_connection_only():
    async with ConsoleDesk() as d:
        t = await d.terminal()
        await t.send(b"\xff\xfe\x80\n")
        assert await t.line() == "expected UTF-8 text"
        assert await t.line() is None
        t = await d.terminal()
        assert await t.ask("stats") == "uptime: 7"


async def test_a_client_that_says_nothing_is_disconnected_unless_it_watches():
    async with ConsoleDesk(idle=1) as d:
        one, two = await d.terminal(), await d.terminal()
        await two.send("watch all\nun")
        assert await two.line() == "OK"
        assert await one.line() is None
        assert await two.line() == "still watching"
        # Half a line survives the pause.
        assert await two.ask("watch") == "OK"
