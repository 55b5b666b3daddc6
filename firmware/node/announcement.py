# SPDX-License-Identifier: MIT
"""What a node tells of itself: when it connects, once a minute, when its components change.

Not kept in memory.
"""

import asyncio
import gc
import json
from random import getrandbits

from import_once import import_once
from micropython import const

from node import VERSION

_FIRST_PAUSE_MS = const(1000)
_LONGEST_PAUSE_MS = const(60000)
# Of these the status has the highest of all buses, of the others the sum.
_HIGHEST = const(("queue_high_water", "i2c_longest_us"))


async def connect(session):
    """Connect to the broker, however long that takes."""
    node = session._node
    pause = _FIRST_PAUSE_MS
    while True:
        await node.link_ready()
        try:
            await session.client.connect()
            return
        except OSError as e:
            server = session.client.server
            node.log.warn("mqtt", "cannot connect to broker %s: %s", server, e)
        await asyncio.sleep_ms(pause + getrandbits(9))
        pause = min(2 * pause, _LONGEST_PAUSE_MS)


async def come_online(session):
    """Subscribe to what the node listens to, and tell that it is there."""
    client = session.client
    node = session._node
    await client.subscribe(node.base + "+/+/set", 0)
    if node.settings.RPC:
        await client.subscribe(node.base + "rpc/request", 0)
    if session._birth:
        await client.subscribe(session._birth.decode(), 0)
    if session.subscriptions:
        await session.subscriptions.renew()
    session.come_back()
    await announce(node)
    await client.publish(node.base + "available", "online", True)
    node.log.info("mqtt", "online as %s", node.base[:-1])


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
    # As they are now: they may change while they wait for room.
    rows = list(_row_pieces(node.rows))
    await publish_pieces(node, node.base + "components", tuple, rows)


async def publish_pieces(node, topic, pieces, *args):
    """Publish a payload that is made piece by piece, retained.

    pieces: function; `pieces(*args)` returns an iterable of bytes, the same each time.
    """
    length = sum(len(piece) for piece in pieces(*args))
    await node.session.client.publish_stream(topic, length, pieces(*args), True)


def fault(node, name, phase, message):
    """Do what `Node.fault` says."""
    node.log.error("loader", "%s (%s): %s", name, phase, message)
    row = _row(node, name)
    row["phase"] = phase
    row.setdefault("errors", []).append(import_once("node.crashes").cut(message))
    node.rows_changed()


def loaded(node, name, package, version):
    """Do what `Node.loaded` says."""
    row = _row(node, name)
    row["package"] = package
    if version:
        row["version"] = version
    if row.get("phase", "start") == "start":
        row["phase"] = "running"
    node.log.info("loader", "%s: %s runs", name, package)
    node.rows_changed()


def _row(node, name):
    return node.rows.setdefault(name, {"name": name})


def statistics(node):
    """Do what `Node.statistics` says."""
    status = {
        "version": VERSION,
        "uptime": node.uptime(),
        "rssi": node.wifi.rssi() if node.wifi else None,
        "heap_free": gc.mem_free(),
        "heap_used": gc.mem_alloc(),
        "reset_cause": node.reset_cause,
        "log_lost": node.log.lost,
        "log_muted": node.log.muted,
    }
    for key in ("task_crashes", "dropped", "refused", "refused_retained", "i2c_errors"):
        status[key] = 0
    status.update(node.counters)
    status.update(_of_session(node.session))
    for source in node.components.values():
        if hasattr(source, "statistics"):
            for key, value in source.statistics().items():
                sofar = status.get(key, 0)
                status[key] = max(sofar, value) if key in _HIGHEST else sofar + value
    return status


def _of_session(session):
    if not session:
        return {}
    counters = {"mqtt_downtimes": session.downtimes, "mqtt_downtime_s": session.downtime}
    for name in ("reads", "writes", "wakes", "skipped", "protocol_errors"):
        value = getattr(session.client, name, None)
        if value is not None:
            counters["mqtt_" + name] = value
    return counters


def _row_pieces(rows):
    separator = b"["
    for name in sorted(rows):
        yield separator + json.dumps(rows[name]).encode()
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
