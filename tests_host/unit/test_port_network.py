# SPDX-License-Identifier: MIT
"""tools/yard/port: the WLAN station and what its loss does to sockets, as on the ESP32."""

import asyncio
import errno
import os
import select
import socket
import time
from random import getrandbits

import network
import usocket
from board_link import attach
from network import WLAN
from network._station import JOIN_MS

from harness import Skip, raises, run_until
from yard.model.board import Board

SOCKETS = True

SSID = "switchyard"


def station():
    """A fresh board and its station, switched on."""
    board = attach(Board([]))
    wlan = WLAN(network.STA_IF)
    wlan.active(True)
    return board, wlan


async def joined():
    board, wlan = station()
    wlan.connect(SSID, "secret")
    await run_until(wlan.isconnected, 2000)
    return board, wlan


async def test_joining_takes_a_while_and_gives_an_address():
    _, wlan = station()
    assert wlan.status() == network.STAT_IDLE == 1000
    assert wlan.ifconfig()[0] == "0.0.0.0"
    wlan.connect(SSID, "secret")
    assert not wlan.isconnected()
    assert wlan.status() == network.STAT_CONNECTING == 1001
    await run_until(wlan.isconnected, 2000)
    assert wlan.status() == network.STAT_GOT_IP == 1010
    assert wlan.ifconfig()[0] == "127.0.0.1"
    assert wlan.status("rssi") == -52
    assert wlan.config("channel") == 6


def test_joining_goes_on_in_code_that_blocks():
    _, wlan = station()
    wlan.connect(SSID, "secret")
    started = time.ticks_ms()
    while not wlan.isconnected() and time.ticks_diff(time.ticks_ms(), started) < 2000:
        time.sleep_ms(10)
    assert wlan.isconnected()


async def test_an_unknown_network_is_not_found():
    _, wlan = station()
    wlan.connect("elsewhere", "secret")
    await run_until(lambda: wlan.status() == network.STAT_NO_AP_FOUND, 2000)
    assert not wlan.isconnected()


async def test_a_wrong_password_is_told():
    _, wlan = station()
    os.putenv("YARD_WIFI_PASSWORD", "right")
    try:
        wlan.connect(SSID, "wrong")
        await run_until(lambda: wlan.status() == network.STAT_WRONG_PASSWORD, 2000)
        wlan.disconnect()
        assert wlan.status() == network.STAT_IDLE
        wlan.connect(SSID, "right")
        await run_until(wlan.isconnected, 2000)
    finally:
        os.unsetenv("YARD_WIFI_PASSWORD")


async def test_a_second_attempt_during_the_first_is_an_error():
    _, wlan = station()
    wlan.connect("elsewhere", "secret")
    assert str(raises(OSError, wlan.connect, SSID, "secret")) == "Wifi Internal Error"
    await run_until(lambda: wlan.status() == network.STAT_NO_AP_FOUND, 2000)
    # It tries again by itself, so this is still so.
    raises(OSError, wlan.connect, SSID, "secret")
    wlan.disconnect()
    wlan.connect(SSID, "secret")
    await run_until(wlan.isconnected, 2000)


async def test_it_gives_up_after_the_configured_number_of_attempts():
    _, wlan = station()
    wlan.config(reconnects=0)
    assert wlan.config("reconnects") == 0
    wlan.connect("elsewhere", "secret")
    await run_until(lambda: wlan.status() == network.STAT_NO_AP_FOUND, 2000)
    wlan.connect(SSID, "secret")
    await run_until(wlan.isconnected, 2000)


async def test_after_a_loss_it_comes_back_by_itself():
    board, wlan = await joined()
    board.set_wifi(False)
    assert not wlan.isconnected()
    assert wlan.ifconfig()[0] == "0.0.0.0"
    assert str(raises(OSError, wlan.status, "rssi")) == "Wifi Not Connected"
    board.set_wifi(True)
    await run_until(wlan.isconnected, 3000)


async def test_disconnecting_is_for_good():
    _, wlan = await joined()
    wlan.disconnect()
    assert not wlan.isconnected()
    assert wlan.status() == network.STAT_IDLE
    await asyncio.sleep_ms(JOIN_MS + 50)
    assert not wlan.isconnected()


async def test_switching_off_disconnects():
    _, wlan = await joined()
    wlan.active(False)
    assert not wlan.isconnected()
    assert str(raises(OSError, wlan.connect, SSID, "secret")) == "Wifi Not Started"


def test_a_scan_shows_the_access_points():
    board, wlan = station()
    ((ssid, bssid, channel, rssi, authmode, hidden),) = wlan.scan()
    assert (ssid, len(bssid), channel, rssi, authmode) == (b"switchyard", 6, 6, -52, 3)
    assert hidden is False
    board.set_wifi(False)
    assert wlan.scan() == []
    wlan.active(False)
    assert str(raises(OSError, wlan.scan)) == "STA must be active"


def test_interfaces_exist_once():
    attach(Board([]))
    assert WLAN() is WLAN(network.STA_IF)
    assert WLAN(network.AP_IF) is not WLAN(network.STA_IF)
    raises(ValueError, WLAN, 2)


def test_settings_are_kept_and_unknown_ones_refused():
    board, wlan = station()
    assert wlan.config("mac") == board.unique_id
    wlan.config(pm=WLAN.PM_NONE, txpower=8.5)
    assert (wlan.config("pm"), wlan.config("txpower")) == (0, 8.5)
    for wrong in (lambda: wlan.config(power=1), lambda: wlan.config("power")):
        assert str(raises(ValueError, wrong)) == "unknown config param"
    raises(TypeError, lambda: wlan.config("mac", txpower=1))
    raises(TypeError, wlan.config)
    raises(TypeError, lambda: wlan.connect(ssid=SSID))
    raises(TypeError, wlan.connect, SSID, "secret", "more")
    assert str(raises(OSError, lambda: wlan.config(ssid="mine"))) == "AP required"
    assert str(raises(OSError, WLAN(network.AP_IF).connect, SSID)) == "STA required"
    raises(TypeError, network.LAN)


def test_the_host_name_has_a_longest_length():
    attach(Board([]))
    network.hostname("a" * 32)
    assert network.hostname() == "a" * 32
    raises(ValueError, network.hostname, "a" * 33)


class Peer:
    """A server on this computer that is not the node's, and a connection of the node to it."""

    def __init__(self):
        self.server = usocket.socket()
        self.address = self._bind()
        self.server.listen(2)
        self.node = socket.socket()
        self.node.connect(self.address)
        self.far, _ = self.server.accept()

    def _bind(self):
        for port in range(20_000 + getrandbits(13), 30_000):
            try:
                address = usocket.getaddrinfo("127.0.0.1", port)[0][-1]
                self.server.bind(address)
                return address
            except OSError as e:
                if e.errno != errno.EADDRINUSE:
                    raise
        raise Skip("no free port")

    def close(self):
        for s in (self.far, self.node, self.server):
            s.close()


def arrives(s, timeout_ms=100):
    """Whether something can be read within the time."""
    poll = select.poll()
    poll.register(s, select.POLLIN)
    return bool(poll.poll(timeout_ms))


async def test_a_lost_network_silences_open_connections_both_ways():
    board, wlan = await joined()
    peer = Peer()
    try:
        board.set_wifi(False)
        peer.far.send(b"to the node")
        peer.node.send(b"from the node")
        assert not arrives(peer.node)
        assert not arrives(peer.far)
        board.set_wifi(True)
        await run_until(wlan.isconnected, 3000)
        assert arrives(peer.node, 20_000)
        assert arrives(peer.far, 20_000)
        assert peer.node.recv(20) == b"to the node"
        assert peer.far.recv(20) == b"from the node"
    finally:
        peer.close()


async def test_closing_during_the_loss_is_not_heard():
    board, _ = await joined()
    peer = Peer()
    try:
        board.set_wifi(False)
        peer.node.close()
        assert not arrives(peer.far)
    finally:
        peer.close()


async def test_without_a_network_nothing_is_reached():
    board, _ = await joined()
    peer = Peer()
    try:
        board.set_wifi(False)
        error = raises(OSError, socket.socket().connect, peer.address)
        assert error.errno in (errno.EHOSTUNREACH, 101)  # 101: ENETUNREACH
        assert raises(OSError, socket.getaddrinfo, "localhost", 1883).errno == -202
        assert socket.getaddrinfo("127.0.0.1", 1883)
    finally:
        peer.close()


def test_before_the_station_is_connected_there_is_no_network():
    station()
    assert raises(OSError, socket.getaddrinfo, "localhost", 1883).errno == -202


async def test_a_name_that_does_not_exist_is_the_error_of_the_esp32():
    await joined()
    error = raises(OSError, socket.getaddrinfo, "no such name", 1883)
    assert error.errno == -202


def test_sockets_are_the_hosts_own():
    s = socket.socket()
    assert type(s) is usocket.socket
    s.close()
