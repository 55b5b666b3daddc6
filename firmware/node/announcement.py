# SPDX-License-Identifier: MIT
"""What a node publishes after each connection, and when its components change. Not kept."""

import asyncio
import json

from import_once import import_once


async def announce(node):
    """Publish discovery, where it is wanted, the loader's report, and every state."""
    if node.settled:  # else what is not there yet would be taken for gone
        await import_once("node.stale").remove(node, publish_pieces)
    if node.settings.DISCOVERY_PREFIX:
        await import_once("node.discovery").publish(node, publish_pieces)
    await publish_rows(node)
    node.publish_reports()
    for entity in tuple(node.entities.values()):
        node.session.state_changed(entity)
        await asyncio.sleep_ms(0)


async def publish_rows(node):
    """Publish which components run and why others do not."""
    await publish_pieces(node, node.base + "components", _row_pieces, node.rows)


async def publish_pieces(node, topic, pieces, *args):
    """Publish a payload that is made piece by piece, retained.

    pieces: function; `pieces(*args)` returns an iterable of bytes, the same each time.
    """
    length = sum(len(piece) for piece in pieces(*args))
    await node.session.client.publish_stream(topic, length, pieces(*args), True)


def _row_pieces(rows):
    separator = b"["
    for name in sorted(rows):
        yield separator + json.dumps(rows[name]).encode()
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
