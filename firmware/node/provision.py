# SPDX-License-Identifier: MIT
"""When the dialogue on the serial console is opened, and what it works on.

It is opened when no network or broker is set, by the key `s` held at power-on, after many failed
attempts to join, and by `import setup` at the REPL. Meanwhile the components run.
"""

import asyncio

from import_once import import_once
from micropython import const

from node import board, credentials
from node.terminal import Abandoned, Terminal

_PATIENCE_S = const(60)  # for whoever may be there


def begin(node, asked):
    """Start what opens the dialogue or forgets what it stored.

    asked: somebody holds the key for it.
    """
    settings = node.settings
    if settings.FACTORY_RESET_PIN >= 0:
        node.spawn("factory reset", _watch_pin, node, settings.FACTORY_RESET_PIN)
    if not ((settings.WIFI_SSID or settings.ETHERNET) and settings.MQTT_HOST):
        node.spawn("setup", _converse, node, None)
    elif asked:
        reopen(node)


def reopen(node):
    """Ask for a moment whether somebody is there to mend what cannot be joined."""
    node.spawn("setup", _converse, node, _PATIENCE_S)


def alone(settings):
    """Run the dialogue without a node, at the REPL; returns when something has been stored."""
    asyncio.run(_dialogue(settings, Terminal(), None))


async def _converse(node, patience_s):
    terminal = Terminal(patience_s)
    log = node.log
    level, log.level = log.level, -1  # records would tear the questions apart
    try:
        await terminal.ask("\nPress Enter to set up Wi-Fi and broker. ")
        await _dialogue(node.settings, terminal, node)
    except Abandoned:
        log.level = level
        log.info("setup", "nobody answers")
        if node.wifi:
            node.spawn("wifi", node.wifi.run)
        return
    finally:
        log.level = level
    log.warn("setup", "new credentials are stored; the node restarts")
    board.reset()


async def _dialogue(settings, terminal, node):
    from node.first_boot import FirstBoot

    answers = {
        "WIFI_SSID": settings.WIFI_SSID,
        "WIFI_PASSWORD": settings.WIFI_PASSWORD,
        "MQTT_HOST": settings.MQTT_HOST,
        "MQTT_PORT": str(settings.MQTT_PORT or (8883 if settings.MQTT_TLS else 1883)),
        "MQTT_USER": settings.MQTT_USER,
        "MQTT_PASSWORD": settings.MQTT_PASSWORD,
        "NODE_ID": settings.NODE_ID or "sy-" + board.unique_id()[-6:],
    }
    found = []

    async def networks():
        if node and node.wifi:
            # Its place is taken, so that it does not try to join while the radio looks around.
            node.spawn("wifi", asyncio.sleep_ms, 0)
        found[:] = import_once("node.wifi_scan").scan()
        return found

    async def trial(answers, say):
        from node import trial
        from node.wifi import WiFi

        wifi = WiFi(answers["WIFI_SSID"], answers["WIFI_PASSWORD"], answers["NODE_ID"], None)
        fault = await trial.network(wifi, say)
        return fault or await trial.broker(answers, settings.MQTT_TLS, say)

    await FirstBoot(terminal, answers, networks, trial, credentials.store).run()


async def _watch_pin(node, number):
    """Forget the credentials when the pin is held low for 5 s from power-on."""
    for _ in range(50):
        if board.pin_level(number):
            return
        await asyncio.sleep_ms(100)
    if credentials.forget():
        node.log.warn("setup", "GPIO %d was held low: the credentials are forgotten", number)
        board.reset()
