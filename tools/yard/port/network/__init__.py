# SPDX-License-Identifier: MIT
"""`network` as on the ESP32: a WLAN station among the access points of the simulated board.

Joining takes a while, some 100 ms. The password of every access point is
`$YARD_WIFI_PASSWORD`; any will do when that is not set. From the first `WLAN(STA_IF)` on, sockets
reach the world only while the station is connected (see `socket`).
"""

import socket
from binascii import unhexlify

import board_link
from board_link import interrupts

from network._constants import *  # noqa: F403
from network._constants import AP_IF, AUTH_OPEN, MODE_11B, MODE_11G, MODE_11N, STA_IF
from network._lan import LAN  # noqa: F401
from network._station import Station

_LONGEST_HOSTNAME = 32
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_ADDRESS = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")

_hostname = "mpy-esp32"
_country = "XX"
_interfaces = {}


class WLAN:
    """The station (STA_IF) or the access point (AP_IF) interface; each exists once."""

    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface_id=STA_IF):
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        if interface_id not in _interfaces:
            _interfaces[interface_id] = object.__new__(cls)
            _interfaces[interface_id]._set_up(interface_id)
        return _interfaces[interface_id]

    def _set_up(self, interface_id):
        self._is_station = interface_id == STA_IF
        self._station = Station() if self._is_station else None
        self._active = False
        mac = bytearray(unhexlify(board_link.link().about["unique_id"]))
        mac[5] = mac[5] + interface_id & 0xFF
        self._settings = {"mac": bytes(mac), "txpower": 20.0, "pm": self.PM_PERFORMANCE}
        self._settings.update({"protocol": MODE_11B | MODE_11G | MODE_11N, "max_clients": 10})
        if not self._is_station:
            self._settings.update({"ssid": "ESP_%02X%02X%02X" % tuple(mac[3:]), "channel": 1})
            self._settings.update({"hidden": False, "security": AUTH_OPEN, "key": ""})
        self._static = None

    def active(self, *is_active):
        """Return whether the interface is on, or switch it."""
        if is_active:
            self._active = bool(is_active[0])
            if self._is_station and not self._active:
                self._station.leave()
        return self._active

    def connect(self, *ssid_and_key, bssid=None):
        """Join `ssid` with `key`, without arguments those from before; returns at once."""
        station = self._required_station()
        if len(ssid_and_key) > 2:
            raise TypeError("extra positional arguments given")
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        if not self._active:
            raise OSError("Wifi Not Started")
        interrupts.serve()
        if station.joining:
            raise OSError("Wifi Internal Error")  # "sta is connecting, return error"
        station.bssid = bssid
        if ssid_and_key:
            ssid, key = (ssid_and_key + (None,))[:2]
            station.ssid = _text(ssid)
            station.key = _text(key)
        if not station.connected:
            station.join()

    def disconnect(self):
        """Leave the access point."""
        if not self._active:
            raise OSError("Wifi Not Started")
        self._required_station().leave()

    def isconnected(self):
        """Return whether the station has an address."""
        interrupts.serve()
        return self._is_station and self._station.connected

    def status(self, *param):
        """Return one of STAT_*, or what `param` asks for: "rssi", or "stations" of an AP."""
        interrupts.serve()
        if not param:
            return self._station.status() if self._is_station else None
        if param[0] == "stations":
            if self._is_station:
                raise OSError("AP required")
            return []
        if param[0] != "rssi":
            raise ValueError("unknown status param")
        if not self._required_station().connected:
            raise OSError("Wifi Not Connected")
        return self._station.own()[3]

    def scan(self):
        """Return (ssid, bssid, channel, rssi, authmode, hidden) for every access point."""
        if not self._active or not self._is_station:
            raise OSError("STA must be active")
        interrupts.serve()
        if self._station.joining:
            return []  # the radio is busy; the port drops that error
        rows = self._station.access_points
        return [
            (row[0].encode(), unhexlify(row[1]), row[2], row[3], row[4], False) for row in rows
        ]

    def ifconfig(self, *settings):
        """Return (address, netmask, gateway, DNS server), or set them; "dhcp" for automatic."""
        if not settings:
            connected = self._is_station and self.isconnected()
            return self._static or (_ADDRESS if connected else _NO_ADDRESS)
        if settings[0] == "dhcp":
            self._static = None
        elif isinstance(settings[0], (tuple, list)) and len(settings[0]) == 4:
            self._static = tuple(settings[0])
        else:
            raise ValueError("invalid arguments")

    def config(self, *param, **settings):
        """Return one parameter, or set some."""
        if param and settings:
            raise TypeError("either pos or kw args are allowed")
        if settings:
            for name, value in settings.items():
                self._configure(name, value)
            return None
        if len(param) != 1:
            raise TypeError("can query only one param")
        return self._configured(_canonical(param[0]))

    def _configure(self, name, value):
        name = _canonical(name)
        if name == "hostname":
            hostname(value)
        elif name == "reconnects":
            self._required_station().reconnects = value
        elif name in ("ssid", "key", "hidden", "security", "max_clients") and self._is_station:
            raise OSError("AP required")
        elif name in self._settings or name == "channel":
            self._settings[name] = value
        else:
            raise ValueError("unknown config param")

    def _configured(self, name):
        if name == "hostname":
            return hostname()
        if name == "reconnects":
            return self._required_station().reconnects
        if self._is_station and name == "ssid":
            return self._station.ssid
        if self._is_station and name == "channel" and self._station.connected:
            return self._station.own()[2]
        if name in ("hidden", "security") and self._is_station:
            raise OSError("AP required")
        if name not in self._settings or name == "key":
            raise ValueError("unknown config param")
        return self._settings[name]

    def _required_station(self):
        if not self._is_station:
            raise OSError("STA required")
        return self._station


def hostname(*name):
    """Return or set the name that the node gives itself."""
    global _hostname
    if not name:
        return _hostname
    if len(name[0]) > _LONGEST_HOSTNAME:
        raise ValueError
    _hostname = name[0]


def country(*code):
    """Return or set the two-letter code of the country."""
    global _country
    if not code:
        return _country
    if len(code[0]) != 2:
        raise ValueError
    _country = code[0]


def phy_mode(*mode):
    """Do nothing, as on the ESP32."""


def _canonical(name):
    aliases = {"essid": "ssid", "password": "key", "authmode": "security"}
    aliases["dhcp_hostname"] = "hostname"
    return aliases.get(name, name)


def _text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else bytes(value).decode()


def _forget():
    global _hostname
    _interfaces.clear()
    _hostname = "mpy-esp32"
    socket.set_air(True)


board_link.at_fresh_board(_forget)
