# SPDX-License-Identifier: MIT
"""node/wifi.py, wifi_tuned.py and lan.py: the node joins its network as the settings say."""

import asyncio

import network
from board_link import attach

from fake_node import FakeLog
from harness import run_until
from node import wifi as wifi_module
from node.lan import LAN
from node.wifi import WiFi
from node.wifi_tuned import TunedWiFi
from scripted_time import ScriptedTime
from yard.model.board import Board

HOME = ["192.168.1.20", "255.255.255.0", "192.168.1.1", "192.168.1.1"]
WIRING = {"phy_type": "LAN8720", "phy_addr": 1, "mdc": 23, "mdio": 18, "power": 12}


class Settings:
    WIFI_SSID = "home"
    WIFI_PASSWORD = "secret"
    WIFI_COUNTRY = ""
    WIFI_STRONGEST = False
    STATIC_ADDRESS = []

    def __init__(self, **changed):
        for name, value in changed.items():
            setattr(self, name, value)


def board_with(*access_points):
    """Return a board in reach of (name, bssid, rssi)."""
    board = attach(Board([]))
    board.access_points[:] = [
        [name, bssid, 1, rssi, network.AUTH_WPA2_PSK] for name, bssid, rssi in access_points
    ]
    return board


async def joined(wifi):
    """Run an interface until it is connected, return what was told by on_joined."""
    told = []
    wifi.connected.clear()
    wifi.on_joined = lambda: told.append(wifi.address())
    task = asyncio.create_task(wifi.run())
    try:
        await run_until(wifi.connected.is_set, 4000)
    finally:
        task.cancel()
    return told


async def test_a_station_joins_under_its_name():
    board_with(("home", "0a0000000001", -60))
    wifi = WiFi("home", "secret", "node-1", FakeLog())
    assert await joined(wifi) == ["127.0.0.1"]
    assert wifi.rssi() == -60
    assert network.hostname() == "node-1"


async def test_the_address_may_be_fixed():
    board_with(("home", "0a0000000001", -60))
    wifi = TunedWiFi(Settings(STATIC_ADDRESS=HOME), "n", FakeLog())
    assert await joined(wifi) == ["192.168.1.20"]
    assert network.WLAN(network.STA_IF).ifconfig() == tuple(HOME)


async def test_the_country_is_told_to_the_radio():
    board_with(("home", "0a0000000001", -60))
    TunedWiFi(Settings(WIFI_COUNTRY="DE"), "n", FakeLog())
    assert network.country() == "DE"


async def test_the_strongest_access_point_of_the_name_is_joined():
    board_with(
        ("other", "0a0000000009", -20),
        ("home", "0a0000000001", -80),
        ("home", "0a0000000002", -50),
        ("home", "0a0000000003", -70),
    )
    for strongest, rssi in ((False, -80), (True, -50)):
        wifi = TunedWiFi(Settings(WIFI_STRONGEST=strongest), "n", FakeLog())
        network.WLAN(network.STA_IF).disconnect()
        await joined(wifi)
        assert wifi.rssi() == rssi


async def test_when_the_strongest_has_gone_the_next_is_joined():
    board = board_with(("home", "0a0000000001", -80), ("home", "0a0000000002", -50))
    log = FakeLog()
    wifi = TunedWiFi(Settings(WIFI_STRONGEST=True), "n", log)
    await joined(wifi)
    network.WLAN(network.STA_IF).disconnect()
    del board.access_points[1]
    await joined(wifi)
    assert wifi.rssi() == -80
    assert [text for _, _, text in log.records if "strongest" in text] == [
        "home with -50 dBm is the strongest",
        "home with -80 dBm is the strongest",
    ]


class Busy:
    """A station that cannot look around now, else like `station`."""

    def __init__(self, station):
        self._station = station

    def scan(self):
        raise OSError("WiFi Scan Failed")

    def __getattr__(self, name):
        return getattr(self._station, name)


async def test_any_access_point_will_do_while_the_radio_cannot_look_around():
    board_with(("home", "0a0000000001", -80))
    wifi = TunedWiFi(Settings(WIFI_STRONGEST=True), "n", FakeLog())
    wifi._station = Busy(wifi._station)
    wifi._station.disconnect()
    await joined(wifi)
    assert wifi.rssi() == -80


async def test_a_name_that_is_hidden_is_asked_for_all_the_same():
    board_with(("other", "0a0000000009", -20))
    failures = []
    wifi = TunedWiFi(Settings(WIFI_STRONGEST=True), "n", FakeLog())
    wifi.on_failed = failures.append
    task = asyncio.create_task(wifi.run())
    await run_until(lambda: failures, 8000)
    task.cancel()
    assert wifi.reason() == "no such network in reach"


class Scripted(WiFi):
    """Joins, or does not, as `results` say, and then never ends. Loses the network at once."""

    def __init__(self, results):
        super().__init__("home", "secret", "n", FakeLog())
        self._results = results

    async def join(self):
        if not self._results:
            await asyncio.Event().wait()
        return self._results.pop(0)


async def test_pauses_between_attempts_to_join_grow_to_a_limit_and_differ():
    board_with()
    with ScriptedTime(wifi_module) as clock:
        results = [False] * 8 + [True] + [False] * 2
        wifi = Scripted(results)
        failures = []
        wifi.on_failed = failures.append
        task = asyncio.create_task(wifi.run())
        await run_until(lambda: len(clock.pauses) == 10)
        task.cancel()
    steps = [1, 2, 4, 8, 16, 30, 30, 30, 1, 2]
    jitter = [pause - 1000 * step for pause, step in zip(clock.pauses, steps)]
    assert 0 <= min(jitter) and max(jitter) < 512, clock.pauses
    assert len(set(jitter)) > 3
    assert failures == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]


async def test_a_cable_is_as_good_as_a_radio():
    attach(Board([]))
    log = FakeLog()
    lan = LAN(WIRING, [], "node-1", log)
    told = []
    lan.on_joined = lambda: told.append(lan.address())
    task = asyncio.create_task(lan.run())
    await run_until(lambda: told)
    assert told == ["127.0.0.1"] and lan.connected.is_set() and lan.rssi() is None
    assert network.hostname() == "node-1"
    interface = network.LAN()
    interface.cable = False
    await run_until(lambda: not lan.connected.is_set(), 3000)
    interface.cable = True
    await run_until(lambda: len(told) == 2, 3000)
    task.cancel()
    assert [text for _, _, text in log.records] == [
        "joined as 127.0.0.1",
        "link lost",
        "joined as 127.0.0.1",
    ]


def test_the_address_of_a_cable_may_be_fixed():
    attach(Board([]))
    assert LAN(WIRING, HOME, "n", FakeLog()).address() == "192.168.1.20"


def test_wrong_wiring_is_told_in_words():
    for wrong, reason in (
        ({"phy_addr": 0}, "esp_eth_driver_install failed"),
        ({"phy_type": "LAN87"}, "unknown phy_type LAN87; known are "),
        ({"mdc": 24}, "ETHERNET: "),
    ):
        attach(Board([]))
        lan = LAN(dict(WIRING, **wrong), [], "n", FakeLog())
        assert reason in lan.reason(), lan.reason()
