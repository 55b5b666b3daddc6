#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for MicroPython with the firmware, where `yard sim` itself is tested: takes its
arguments, reads config.py, is online, and does what it is told on the topic `test`."""

import os
import runpy
import signal
import subprocess
import sys
import time
from typing import Any

import paho.mqtt.client as mqtt

AVAILABLE = "home/desk/available"


def obey(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
    verb, _, value = message.payload.decode().partition(" ")
    if verb == "exit":
        os._exit(int(value))
    elif verb == "deaf":  # neither SIGTERM nor its own end ends what it left behind
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "600"])
        print("deaf now", flush=True)


def main() -> None:
    print("started with", *map(os.path.basename, sys.argv[1:]), flush=True)
    settings = runpy.run_path("config.py")
    if settings.get("FAKE_SILENT"):
        time.sleep(600)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.will_set(AVAILABLE, "offline", 1, retain=True)
    client.on_message = obey
    client.connect(settings["MQTT_HOST"], settings["MQTT_PORT"])
    client.subscribe("test")
    client.publish(AVAILABLE, "online", 1, retain=True)
    client.loop_forever()


if __name__ == "__main__":
    main()
