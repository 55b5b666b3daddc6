# SPDX-License-Identifier: MIT
"""`yard config`."""

import asyncio
import difflib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from yard.broker_address import BrokerAddress
from yard.check.run import check
from yard.config.proposal import COMPONENTS, CONFIG, SETTINGS, Proposal, TakingBack
from yard.config.remote import Remote, Running
from yard.fault import Fault
from yard.rpc import choose_node
from yard.update.progress import shown
from yard.update.sender import Result, Sender, Show


class Command:
    """What the commands have in common.

    Args:
        address: of the broker.
        home: first part of the topics.
        wanted: id of the node, None for the only one.
        as_json: whether scripts read what is printed.
    """

    def __init__(
        self, address: BrokerAddress, home: str, wanted: str | None, as_json: bool
    ) -> None:
        self._address = address
        self._home = home
        self._wanted = wanted
        self._json = as_json
        self._node = ""

    def show(self, last: bool) -> None:
        """Print what the node runs, or what it ran before.

        Raises:
            Fault: it does not tell.
        """
        running, text = asyncio.run(self._read(last))
        if self._json:
            fields = {"seconds": running.seconds, "last": running.last, "text": text}
            self._print(sha256=running.sha256, size=running.size, **fields)
        else:
            print(text, end="" if text.endswith("\n") else "\n")

    def diff(self, path: Path) -> int:
        """Print how a components.json differs from what the node runs.

        Returns:
            0 if it does not, else 1.

        Raises:
            Fault: it is settings, or the node does not tell what it runs.
        """
        if path.suffix == ".py":
            raise Fault(f"{path}: a node tells its {COMPONENTS} only, not its {SETTINGS}")
        _, text = asyncio.run(self._read(last=False))
        new = path.read_text(encoding="utf-8")
        lines = list(
            difflib.unified_diff(
                text.splitlines(), new.splitlines(), f"{self._node}", str(path), lineterm=""
            )
        )
        if self._json:
            self._print(same=not lines, diff=lines)
        else:
            print("\n".join(lines), end="\n" if lines else "")
        return 1 if lines else 0

    def push(self, path: Path, key: str, checked: bool) -> None:
        """Propose a file; return when the node runs with it.

        Args:
            path: components.json or config.py.
            key: the CONFIG_KEY of the node.
            checked: whether it is checked here before.

        Raises:
            Fault: the node does not run with it, or only in part.
        """
        proposal = Proposal.of_file(path)
        if checked and proposal.version == COMPONENTS:
            faults = check(path)
            if faults:
                more = f" (and {len(faults) - 1} more: yard check {path})" if faults[1:] else ""
                raise Fault(f"nothing was sent: {faults[0]}{more}")
        self._propose(proposal, key)

    def rollback(self, file: str, key: str) -> None:
        """Have the node run with what a file was before.

        Raises:
            Fault: it does not.
        """
        self._propose(TakingBack.of_name(file), key)

    def _propose(self, proposal: Proposal, key: str) -> None:
        result = asyncio.run(self._send(proposal, key))
        if self._json:
            fields = {"changed": result.changed, "sent": result.sent}
            self._print(file=proposal.version, failed=result.failed, **fields)
        elif result.changed:
            print(f"{self._node} runs with the new {proposal.version}")
        else:
            print(f"{self._node} has this {proposal.version} already")
        if result.failed:
            names = ", ".join(result.failed)
            raise Fault(
                f"{proposal.version} is kept, since {self._node} is online with it, but these "
                f"components have faults: {names}; yard config rollback takes it back"
            )

    async def _send(self, proposal: Proposal, key: str) -> Result:
        async with self._connection() as (client, base, show):
            sender = Sender(client, base, show, CONFIG)
            await sender.find()
            running = await Remote(client, base).running()
            if proposal.version == COMPONENTS and proposal.digest == running.sha256:
                return Result(0, changed=False)
            return await sender.update(proposal, key, running.seconds)

    async def _read(self, last: bool) -> tuple[Running, str]:
        async with self._connection() as (client, base, show):
            await Sender(client, base, show, CONFIG).find()
            remote = Remote(client, base)
            running = await remote.running()
            show(f"{COMPONENTS} is read", None)
            content = await (remote.last() if last else remote.text())
            return running, content.decode(errors="replace")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[aiomqtt.Client, str, Show]]:
        async with self._address.connection() as client:
            self._node = await choose_node(client, self._home, self._wanted)
            with shown() as show:
                yield client, f"{self._home}/{self._node}/", show

    def _print(self, **fields: object) -> None:
        print(json.dumps({"node": self._node, **fields}, ensure_ascii=False))
