# SPDX-License-Identifier: MIT
"""How a node starts. Used once."""

import gc

from import_once import import_once
from micropython import const

from node import VERSION
from node.app import Node

# Bytes allocated; more often would cost a burst of commands a third of its speed.
_COLLECT_EVERY = const(65536)


def make():
    """Return a node with the settings of this board."""
    faults = []
    node = Node(import_once("node.settings").load(faults.append))
    node.log.info("node", "Switchyard %s as %s, %s", VERSION, node.id, node.reset_cause)
    for fault in faults:
        node.log.error("settings", "%s", fault)
    return node


async def start(node):
    """Start what the settings and `components.json` of `node` name."""
    settings = node.settings
    if settings.LOG_LEVELS:
        from node.log import LEVELS

        node.log.levels = {s: LEVELS.index(name) for s, name in settings.LOG_LEVELS.items()}
    if settings.LOG_FILE_KB:
        from node.log_file import LogFile

        node.log.file = LogFile(node, 1024 * settings.LOG_FILE_KB)
    import_once("node.reset_reason").report(node)
    if settings.WATCHDOG_S:
        from node import watchdog

        node.spawn("watchdog", watchdog.run, node, settings.WATCHDOG_S)
    asked = import_once("node.board").setup_asked()
    complete = (settings.WIFI_SSID or settings.ETHERNET) and settings.MQTT_HOST
    if asked or settings.FACTORY_RESET_PIN >= 0 or not complete:
        import_once("node.provision").begin(node, asked)
    if settings.MQTT_HOST:
        import_once("node.session_setup").set_up(node)
    else:
        node.log.error("settings", "MQTT_HOST: no broker is set; only local functions work")
    if settings.NTP_HOST:
        from node import ntp

        ntp.begin(node)
    await import_once("node.loader").Loader(node).load()
    node.settled = node.log.settled = True
    gc.collect()
    gc.threshold(_COLLECT_EVERY)
    if node.session:
        node.session.start()
