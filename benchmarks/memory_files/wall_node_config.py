# SPDX-License-Identifier: MIT
"""Settings of the node of wall_node.json, besides network and broker."""

NODE_NAME = "Ground floor"
NTP_HOST = "127.0.0.1"
TIME_ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
LOG_MQTT_LEVEL = "info"
LOG_LEVELS = {"wifi": "debug"}
UPDATE_KEY = "a secret of the house for updates"
CONFIG_KEY = "a secret of the house for settings"
WATCHDOG_S = 30
ON_LOST_S = 300
