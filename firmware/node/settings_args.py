# SPDX-License-Identifier: MIT
"""What each setting may be. What it is for stands in `config_example.py`."""

_LEVELS = ("critical", "error", "warn", "info", "debug")


def _text(default="", longest=64, **more):
    return dict(type="str", default=default, max=longest, **more)


def _number(default, lowest, highest):
    return {"type": "int", "default": default, "min": lowest, "max": highest}


def _choice(default, *choices):
    return {"type": "str", "default": default, "choices": choices}


def _switch(default):
    return {"type": "bool", "default": default}


def _wiring():
    keys = {name: {"type": "int", "min": 0, "max": 48} for name in _WIRES}
    keys["phy_type"] = {"type": "str"}
    keys["phy_addr"] = {"type": "int", "min": 0, "max": 31}
    keys["ref_clk_out"] = {"type": "bool"}
    return keys


_WIRES = ("mdc", "mdio", "power", "ref_clk")
SETTINGS = {
    "WIFI_SSID": _text(longest=32),
    "WIFI_PASSWORD": _text(longest=64),
    "WIFI_HOSTNAME": _text(longest=32, chars="-"),
    "WIFI_COUNTRY": _text(),
    "WIFI_STRONGEST": _switch(False),
    "STATIC_ADDRESS": {"type": "list", "default": [], "item": {"type": "str"}},
    "ETHERNET": {"type": "dict", "default": {}, "keys": _wiring()},
    "MQTT_HOST": _text(longest=253),
    "MQTT_PORT": _number(0, 0, 65535),
    "MQTT_USER": _text(longest=256),
    "MQTT_PASSWORD": _text(longest=1024),
    "MQTT_TLS": _switch(False),
    "MQTT_TLS_CA": _text(longest=128),
    "MQTT_TLS_VERIFY": _switch(True),
    "MQTT_KEEPALIVE": _number(60, 5, 3600),
    "MQTT_HOME": _text("home", 64, min=1, chars="_-./"),
    "MQTT_AWAKE_MS": _number(250, 0, 10000),
    "MQTT_PACKET_LIMIT": _number(4096, 512, 65536),
    "DISCOVERY_PREFIX": _text("homeassistant", 64, chars="_-./"),
    "DISCOVERY_FORM": _choice("device", "device", "entity"),
    "NODE_ID": _text(longest=32, chars="_-"),
    "NODE_NAME": _text(longest=64),
    "COMMAND_TTL_MS": _number(1500, 50, 60000),
    "COMMAND_BUFFER": _number(64, 1, 1024),
    "RPC": _switch(True),
    "ON_LOST_S": _number(60, 1, 86400),
    "CALL_INTERVAL": {"type": "float", "default": 600, "min": 0.01, "max": 518400},
    "ALIVE_INTERVAL": _number(60, 1, 3600),
    "STATUS_INTERVAL": _number(60, 1, 86400),
    "NTP_HOST": _text(longest=253),
    "TIME_ZONE": _text("UTC0", longest=64),
    "LOG_LEVEL": _choice("info", *_LEVELS),
    "LOG_MQTT_LEVEL": _choice("warn", *_LEVELS),
    "LOG_LEVELS": {"type": "dict", "default": {}},
    "LOG_RING": _number(32, 1, 256),
    "LOG_FILE_KB": _number(0, 0, 512),
    "FAILED_JOINS": _number(20, 0, 10000),
    "FACTORY_RESET_PIN": _number(-1, -1, 48),
    "UPDATE_KEY": _text(longest=128),
    "CONFIG_KEY": _text(longest=128),
    "CONFIG_TRIAL_S": _number(120, 10, 3600),
    "WATCHDOG_S": _number(0, 0, 3600),
}
