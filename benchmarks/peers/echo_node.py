# SPDX-License-Identifier: MIT
# mypy: ignore-errors
"""MQTT echo on Peter Hinch's mqtt_as, without any bus. MicroPython code.

`micropython echo_node.py PORT PREFIX`: what comes to `<prefix>/<n>/set` goes to
`<prefix>/<n>/state`.
"""

import asyncio
import sys

from mqtt_as import MQTTClient, config

_QUEUE = 2048  # commands; more than a burst or an overload brings, so that none is lost here


async def main(port, prefix):
    config["server"] = "127.0.0.1"
    config["port"] = port
    config["client_id"] = prefix.encode()
    config["ssid"] = "switchyard"
    config["wifi_pw"] = "any password will do"
    config["queue_len"] = _QUEUE
    client = MQTTClient(config)
    await client.connect(quick=True)
    await client.subscribe(prefix + "/+/set", 0)
    await client.publish(prefix + "/available", "online")
    async for topic, message, _ in client.queue:
        await client.publish(topic[: -len("set")] + b"state", message)


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
