# SPDX-License-Identifier: MIT
"""A text console over TCP: read, set, pulse and watch pins from any terminal."""

import asyncio

import bus_jobs
import pin_access
from chip_watch import ChipWatch
from command_buffer import OFF, ON, PULSE, TOGGLE
from line_server import LineServer
from micropython import const

from node.component import Component, ConfigError

_GRACE_MS = const(1000)  # beyond the time that a command may wait
_WATCHES = const(32)  # per client

# Command -> its arguments; those in brackets may be missing. `quit` ends the connection, _ACTIONS
# are for outputs, for the others there are methods.
_USAGE = {
    "help": "",
    "pins": "[CHIP]",
    "read": "PIN",
    "on": "PIN",
    "off": "PIN",
    "toggle": "PIN",
    "pulse": "PIN MS",
    "watch": "PIN|all",
    "unwatch": "",
    "scan": "",
    "components": "",
    "stats": "",
    "quit": "",
}
_ACTIONS = {"on": ON, "off": OFF, "toggle": TOGGLE}


class Console(Component):
    """Serves terminals such as `nc NODE 8023`; `help` there tells the commands.

    bind: address to listen on. port: TCP port. key: what a client has to send first; it may be
    None only where `bind` begins with "127.". max_clients: at a time. idle: seconds without a line
    after which a client that watches nothing is disconnected.
    """

    def __init__(self, bind="0.0.0.0", port=8023, key=None, max_clients=2, idle=600):
        if not key and not bind.startswith("127."):
            text = 'is needed where the network can reach the console; or set "bind": "127.0.0.1"'
            raise ConfigError(text, "key")
        self._bind = bind
        self._port = port
        self._server = LineServer(self, self._report, key, max_clients, idle)
        self._watches = {}  # client -> list of ChipWatch
        self._commands = {}  # name -> handler of a user's own

    async def start(self):
        try:
            await self._server.start(self._bind, self._port)
        except OSError as e:
            text = "cannot listen on %s port %d: %s"
            raise ConfigError(text % (self._bind, self._port, e), "port")
        self.node.spawn("pin ages", pin_access.keep_ages, self.node.components)

    def stop(self):
        self._server.close()

    def add_command(self, name, handler):
        """Let `handler(args)` answer the command `name`.

        args: the words after it, a list of texts. The handler returns the answer, a text of one or
        more lines; a ValueError that it raises is shown to whoever asked. Raises ValueError when
        the name is taken or has a space.
        """
        if name in _USAGE or name in self._commands or " " in name or not name:
            raise ValueError("%r cannot be the name of a command" % name)
        self._commands[name] = handler

    # -- for the server -------------------------------------------------------------------

    async def on_line(self, client, line):
        """Carry out a line; return whether the connection goes on."""
        words = line.split()
        if not words:
            return True
        name, args = words[0].lower(), words[1:]
        if name == "quit":
            return False
        try:
            if name in self._commands:
                await _say_lines(client, str(self._commands[name](args)))
            elif name in _USAGE:
                await self._carry_out(client, name, args)
            else:
                raise ValueError("unknown command; try help")
        except ValueError as e:
            await client.say("error: %s" % e)
        except Exception as e:  # a user's own command must not end the connection
            self.node.log.exception(self.name, e, "command %s failed", name)
            await client.say("error: failed, see the log")
        return True

    def on_idle(self, client):
        """Return whether the connection of a client that says nothing goes on."""
        if client not in self._watches:
            return False
        client.tell("still watching")  # a client that is gone is noticed by this
        return True

    def on_close(self, client):
        """Forget a client."""
        for watch in self._watches.pop(client, ()):
            watch.stop()

    def _report(self, text):
        self.node.log.warn(self.name, "%s", text)

    async def _carry_out(self, client, name, args):
        usage = _USAGE[name]
        least = len([word for word in usage.split() if word[0] != "["])
        if not least <= len(args) <= len(usage.split()):
            raise ValueError("usage: %s %s" % (name, usage))
        if name in _ACTIONS:
            await self._command(client, args[0], _ACTIONS[name])
        else:
            await getattr(self, "_" + name)(client, *args)

    # -- commands -------------------------------------------------------------------------

    async def _help(self, client):
        for name in sorted(_USAGE):
            await client.say("%s %s" % (name, _USAGE[name]))
        for name in sorted(self._commands):
            await client.say(name)
        await client.say("PIN is CHIP.NUMBER or CHIP/ENTITY")

    async def _pins(self, client, board=None):
        components = self.node.components
        if board:
            found = [pin_access.find_component(components, board)]
        else:
            found = pin_access.with_chips(components)
        for component in found:
            try:
                seen = await pin_access.read(component.chip)
            except ValueError as e:
                await client.say("%s: %s" % (component.name, e))
                seen = None
            for row in pin_access.rows(component, seen):
                await client.say(_row_text(component, row))

    async def _read(self, client, text):
        pin = self._find(text)
        _, levels = await pin_access.read(pin.chip)
        await client.say(_word(levels ^ pin.chip.inverted, pin.mask))

    async def _pulse(self, client, text, ms):
        ms = pin_access.in_range(ms, 1, 3600000, "time in ms")
        await self._command(client, text, PULSE, ms)

    async def _command(self, client, text, action, ms=None):
        pin = self._find(text)
        ended = asyncio.Event()
        reasons = []

        def done(reason):
            reasons.append(reason)
            ended.set()

        ttl = pin_access.ttl_ms(pin)
        pin_access.command(pin, action, ms, ttl, done)
        try:
            await asyncio.wait_for_ms(ended.wait(), ttl + _GRACE_MS)
        except asyncio.TimeoutError:
            reasons.append("nothing known of its end")
        if reasons[0]:
            raise ValueError(reasons[0])
        await client.say("OK")

    async def _watch(self, client, text):
        found = pin_access.with_chips(self.node.components)
        mask = -1
        if text != "all":
            pin = self._find(text)
            mask = pin.mask
            found = [component for component in found if component.chip is pin.chip]
        watches = self._watches.setdefault(client, [])
        if len(watches) + len(found) > _WATCHES:
            raise ValueError("%d watches are the most" % _WATCHES)
        for component in found:
            watches.append(ChipWatch(component.chip, mask, _Teller(client, component.name).tell))
        await client.say("OK")

    async def _unwatch(self, client):
        self.on_close(client)
        await client.say("OK")

    async def _scan(self, client):
        components = self.node.components
        for name in sorted(components):
            if not hasattr(components[name], "worker"):
                continue
            try:
                found = await bus_jobs.scan(components[name].worker)
            except OSError:
                await client.say("%s: the bus is stuck" % name)
                continue
            await client.say("%s:" % name)
            for line in bus_jobs.table(found):
                await client.say(line)

    async def _components(self, client):
        rows = self.node.rows
        for name in sorted(rows):
            row = rows[name]
            await client.say("%-16s %s" % (name, row.get("phase", "")))
            for error in row.get("errors", ()):
                await client.say("  " + error)

    async def _stats(self, client):
        values = self.node.statistics()
        for key in sorted(values):
            await client.say("%s: %s" % (key, values[key]))

    def _find(self, text):
        return pin_access.find_pin(self.node.components, self.node.entities, text)


class _Teller:
    """Tells one client of the changes of one chip."""

    def __init__(self, client, name):
        self._client = client
        self._name = name

    def tell(self, chip, number):
        label = pin_access.label(chip, number)
        word = _word(chip.level, 1 << number)
        key = pin_access.key_of(pin_access.entity_of(chip.users[number]))
        self._client.tell("%s.%d %s %s" % (self._name, label, word, key or ""))


def _word(level, mask):
    return "on" if level & mask else "off"


def _row_text(component, row):
    age = "" if row["age"] is None else "%d s" % row["age"]
    pin = "%s.%d" % (component.name, row["pin"])
    state = (row["state"] or "?").lower()
    names = "%s %s" % (row["key"] or "", row["name"] or "")
    text = "%-16s %-3s %-14s %-3s %8s  %s"
    return text % (pin, row["direction"], row["function"], state, age, names)


async def _say_lines(client, text):
    for line in text.split("\n"):
        await client.say(line)
