# SPDX-License-Identifier: MIT
"""The pin table on the whole terminal, with keys."""

import asyncio
import contextlib
import signal

import aiomqtt
from rich.console import Console
from rich.live import Live as Screen
from rich.text import Text

from yard.broker_address import BrokerAddress
from yard.follow import follow
from yard.pins.cursor import Cursor
from yard.pins.keys import keys
from yard.pins.table import Pin, PinTable
from yard.pins.view import lines
from yard.printable import printable
from yard.rpc import ANSWERS, read_answer

_ASK_S = 5.0  # at which what has no topic, and what was missed, is asked for
_AGE_S = 1.0  # at which the ages are shown anew
_TOGETHER_S = 0.03  # in which changes are shown together
_BESIDES = 4  # lines besides the pins: heading, titles, note, help
_HELP = "↑↓ pin   ←→ chip   Enter toggle   p pulse   q quit"
_COMMANDS = {"c-m": "TOGGLE", "c-j": "TOGGLE", " ": "TOGGLE", "p": "PULSE"}  # c-m, c-j: Enter
_ENDS = ("q", "c-c", "closed")
_LOG_STYLES = {"critical": "bold red", "error": "red", "warn": "yellow"}


class Live:
    """One run on the terminal of `console`."""

    def __init__(self, broker: BrokerAddress, table: PinTable, console: Console) -> None:
        self._broker = broker
        self._table = table
        self._console = console
        self._cursor = Cursor()
        self._note = Text("connecting", "dim")
        self._client: aiomqtt.Client | None = None  # None without connection
        self._asked = ""  # id of the newest request
        self._changed = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        home, self._node, _ = table.base.rsplit("/", 2)
        self._logs = {
            f"{home}/log/{level}/{self._node}": style for level, style in _LOG_STYLES.items()
        }

    async def run(self) -> None:
        """Show the table and obey keys until one of them cancels this task.

        Raises:
            Fault: the broker refuses us.
        """
        task = asyncio.current_task()
        assert task
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._changed.set)
        topics = [*self._table.topics, self._table.base + ANSWERS, *self._logs]
        try:
            with (
                Screen(console=self._console, screen=True, auto_refresh=False) as screen,
                keys(lambda key: self._key(key, task)),
            ):
                async with self._tasks:
                    self._tasks.create_task(self._show_regularly(screen))
                    self._tasks.create_task(self._ask_regularly())
                    await follow(
                        self._broker, topics, self._message, self._connected, self._trouble
                    )
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    # -- what is shown --------------------------------------------------------------------

    async def _show_regularly(self, screen: Screen) -> None:
        while True:
            self._changed.clear()
            screen.update(self._picture(), refresh=True)
            await asyncio.sleep(_TOGETHER_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGE_S):
                    await self._changed.wait()

    def _picture(self) -> Text:
        width, height = self._console.size
        titles, *pins = lines(self._table, width)
        part = self._cursor.part(max(1, height - _BESIDES), len(pins))
        if pins:
            here = pins[self._cursor.at]
            here.pad_right(width - here.cell_len)
            here.stylize("reverse")
        blank = [Text()] * (height - _BESIDES - len(pins[part]))
        shown = [self._heading(), titles, *pins[part], *blank, self._note, Text(_HELP, "dim")]
        return Text("\n", no_wrap=True, overflow="crop").join(shown)

    def _heading(self) -> Text:
        online = ("online", "bold green") if self._table.online else ("offline", "bold red")
        place = f"  {self._cursor.at + 1} of {len(self._table.pins)} pins"
        return Text.assemble((printable(self._node), "bold"), "  ", online, (place, "dim"))

    def _tell(self, text: str, style: str = "") -> None:
        self._note = Text(printable(text), style)
        self._changed.set()

    # -- what the broker brings -----------------------------------------------------------

    def _connected(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._tell(f"connected to {self._broker}", "dim")
        self._ask()

    def _trouble(self, reason: str) -> None:
        self._client = None
        self._tell(f"no broker at {self._broker}: {reason}; trying again", "bold red")

    def _message(self, topic: str, payload: bytes, _retained: bool) -> None:
        if topic in self._logs:
            self._tell(payload.decode(errors="backslashreplace"), self._logs[topic])
        elif topic == self._table.base + ANSWERS:
            self._answer(payload)
        else:
            was_online = self._table.online
            self._table.message(topic, payload)
            if self._table.online and not was_online:
                self._ask()
        self._changed.set()

    def _answer(self, payload: bytes) -> None:
        answer = read_answer(payload)
        if answer and answer.id == self._asked:
            try:
                self._table.set_chip(answer)
            except ValueError as error:
                self._tell(str(error), "red")

    async def _ask_regularly(self) -> None:
        while True:
            await asyncio.sleep(_ASK_S)
            self._ask()

    def _ask(self) -> None:
        asked = self._table.request()
        self._asked = asked.id
        self._publish(asked.topic, asked.payload)

    def _publish(self, topic: str, payload: str) -> None:
        if self._client and self._table.online:
            self._tasks.create_task(self._send(self._client, topic, payload))

    async def _send(self, client: aiomqtt.Client, topic: str, payload: str) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # `follow` finds and tells it, too
            await client.publish(topic, payload)

    # -- what a person wants --------------------------------------------------------------

    def _key(self, key: str, task: asyncio.Task[None]) -> None:
        pins = self._table.pins
        if key in _ENDS:
            task.cancel()
        elif key in _COMMANDS and pins:
            self._command(pins[self._cursor.at], _COMMANDS[key])
        elif self._cursor.move(key, pins):
            self._changed.set()

    def _command(self, pin: Pin, word: str) -> None:
        name = f"{pin.chip.name} {pin.label}"
        if pin.direction != "out":
            self._tell(f"{name} is an input", "yellow")
        elif not pin.key:
            self._tell(f"{name} is no entity: no topic switches it", "yellow")
        elif not self._client or not self._table.online:
            self._tell(f"{name} cannot be switched now", "yellow")
        else:
            word = "PRESS" if pin.function == "button" else word
            self._publish(f"{self._table.base}{pin.key}/set", word)
            self._tell(f"{pin.key}: {word}")
