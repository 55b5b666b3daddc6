# SPDX-License-Identifier: MIT
"""Every setting of a node with its default. Copy this to the board as config.py and change it.

What is left out keeps its default. What belongs to nobody else (passwords) may stand in a file
credentials.py instead, which is read after config.py and overrides it.
A setting that is unknown or wrong is reported on the log at start and keeps its default.

What a node has only if you want it is no setting but a component: status LED, console, buttons for
restart and identify, deep sleep, log level over MQTT (docs/components.md).
"""

# -- Wi-Fi ----------------------------------------------------------------------------------

# Name of the network.
WIFI_SSID = ""

# Its password; "" for an open network.
WIFI_PASSWORD = ""

# Name of the node in the network: letters, digits and "-". "" means NODE_ID.
WIFI_HOSTNAME = ""

# Country of the radio, two letters such as "DE": channels 12 and 13 need it. "" is the default.
WIFI_COUNTRY = ""

# Join the strongest of several access points of the same name, not the first one that is found.
# While it looks for them, for about 2 s at each attempt to join, the node does nothing else.
WIFI_STRONGEST = False

# Address of the node, netmask, gateway and DNS server, for instance
# ["192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1"]; [] asks the router (DHCP).
STATIC_ADDRESS = []

# Wired Ethernet instead of Wi-Fi: the PHY, its address and its GPIOs, for instance
# {"phy_type": "LAN8720", "phy_addr": 1, "mdc": 23, "mdio": 18, "power": 12, "ref_clk": 17,
# "ref_clk_out": True}. The last three are optional. {} is Wi-Fi.
ETHERNET = {}

# -- Broker ---------------------------------------------------------------------------------

# Name or address of the MQTT broker.
MQTT_HOST = ""

# TCP port, up to 65535; 0 means 1883, with TLS 8883.
MQTT_PORT = 0

# User and password; "" when the broker asks for none.
MQTT_USER = ""
MQTT_PASSWORD = ""

# Encrypt the connection.
MQTT_TLS = False

# File on the board with the certificate (PEM or DER) of the authority that signed the broker's.
MQTT_TLS_CA = ""

# Refuse a broker whose certificate is not signed by MQTT_TLS_CA. False encrypts, but anybody may
# pretend to be the broker.
MQTT_TLS_VERIFY = True

# Seconds of silence after which the broker takes the node for dead, 5 to 3600. The node notices a
# dead broker in the same time.
MQTT_KEEPALIVE = 60

# First part of every topic, <MQTT_HOME>/<NODE_ID>/...: letters, digits and "_-./", no slash at
# the beginning or end.
MQTT_HOME = "home"

# Milliseconds after traffic during which the node does not sleep, so that what follows is handled
# at once; 0 to 10000. Costs current, saves up to 10 ms per command.
MQTT_AWAKE_MS = 250

# Largest packet in bytes that is accepted from the broker, 512 to 65536.
MQTT_PACKET_LIMIT = 4096

# -- Home Assistant -------------------------------------------------------------------------

# Discovery prefix of Home Assistant; "" announces nothing.
DISCOVERY_PREFIX = "homeassistant"

# "device": one announcement per device (Home Assistant 2024.11 or newer); "entity": one for each
# entity.
DISCOVERY_FORM = "device"

# -- Node -----------------------------------------------------------------------------------

# Name in topics: letters, digits and "_-", at most 32. "" means "sy-" and the last six digits of
# the chip's id.
NODE_ID = ""

# Name for people, shown by Home Assistant. "" means NODE_ID.
NODE_NAME = ""

# -- Commands -------------------------------------------------------------------------------

# Milliseconds after which a command that could not be carried out is forgotten, 50 to 60000.
COMMAND_TTL_MS = 1500

# Commands that may wait for one bus, 1 to 1024. When there are more, the oldest is dropped.
COMMAND_BUFFER = 64

# Answer requests on the topic <MQTT_HOME>/<NODE_ID>/rpc/request (docs/topics.md). `yard pins` and
# `yard scan` need it. Who may publish there can do what he can by the command topics, and besides
# make an output of a pin that the configuration leaves free.
RPC = True

# Seconds without broker, 1 to 86400, after which outputs with "on_lost" are switched.
ON_LOST_S = 60

# -- Intervals ------------------------------------------------------------------------------

# Seconds between two calls of a component's call_function_regularly without a call_interval, 0.01
# to 518400.
CALL_INTERVAL = 600

# Seconds between two messages on the topic "alive", 1 to 3600.
ALIVE_INTERVAL = 60

# Seconds between two messages on the topic "status", 1 to 86400.
STATUS_INTERVAL = 60

# -- Time of day ----------------------------------------------------------------------------

# Name or address of a time server, such as "pool.ntp.org"; "" is none. The node itself needs no
# time of day; components of your own may (docs/configuration.md).
NTP_HOST = ""

# Rules of the local time as POSIX writes them (TZ), for instance "CET-1CEST,M3.5.0,M10.5.0/3" in
# central Europe.
TIME_ZONE = "UTC0"

# -- Log ------------------------------------------------------------------------------------

# Least important level on the serial console: critical, error, warn, info or debug.
LOG_LEVEL = "info"

# The same for the topics <MQTT_HOME>/log/<level>/<NODE_ID>.
LOG_MQTT_LEVEL = "warn"

# Levels of single sources (what stands before the colon of a record) on the console and over MQTT,
# such as {"wifi": "debug", "chip20": "error"}.
LOG_LEVELS = {}

# Records that are kept while there is no connection to the broker, 1 to 256.
LOG_RING = 32

# Size in kB of the files log.txt and log.old together, which keep what the console shows, up to
# 512; 0 writes none. Flash wears: better not with the level debug.
LOG_FILE_KB = 0

# -- First boot -----------------------------------------------------------------------------

# Failed attempts to join the Wi-Fi after which the console asks for a minute whether somebody
# wants to change it, up to 10000; 0 is never.
FAILED_JOINS = 20

# GPIO (0 to 48) of a button to ground: held for 5 s from power-on, the credentials are forgotten.
# -1: none.
FACTORY_RESET_PIN = -1

# -- Updates --------------------------------------------------------------------------------

# Secret that `yard update` must know to bring a new firmware, 16 to 128 characters, different for
# each node or the same for all. "": updates are refused. It belongs into credentials.py.
UPDATE_KEY = ""

# Secret that `yard config` must know to change components.json or config.py over MQTT, 16 to 128
# characters. "": the configuration can neither be read nor changed that way. It belongs into
# credentials.py.
CONFIG_KEY = ""

# Seconds that each of three starts with a new configuration may take until the node is online.
# Then the old configuration comes back. 10 to 3600.
CONFIG_TRIAL_S = 120

# -- Safety ---------------------------------------------------------------------------------

# Seconds after which a node that hangs is restarted by the hardware watchdog, up to 3600; 0 is
# never.
WATCHDOG_S = 0
