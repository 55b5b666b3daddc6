# SPDX-License-Identifier: MIT
"""MQTT 3.1.1 client for asyncio with the interface of Peter Hinch's mqtt_as, version 0.8.

    from mqtt_as import MQTTClient, config

    config["server"] = "192.168.0.2"
    config["queue_len"] = 8
    client = MQTTClient(config)
    await client.connect()
    await client.subscribe("lamp/set", 1)
    async for topic, msg, retained in client.queue:
        await client.publish("lamp/state", msg)

It sleeps in the poller instead of asking the socket every few milliseconds, takes all packets that
a read brought at once, and sends all that a pass of the loop produced in one write. It does not
join Wi-Fi; whoever does also ends the connection sooner than `keepalive` would, if need be.

What the original does not have: `on_message`, `publish_nowait`, `publish_stream`, `pause_reading`,
`resume_reading`, `session_present`, `last_error` and the counters of MQTTClient, and the keys of
`config` that say so.
"""

import asyncio
from asyncio import core
from collections import deque
from random import randrange

from micropython import const
from mqtt_connection import Connection
from mqtt_packet import DISCONNECT, ProtocolError, put_connect
from mqtt_session import Session, as_bytes, check_qos

VERSION = (0, 8, 3)  # of the interface

_CONNACK = const(0x20)
_REFUSALS = (
    "protocol version",
    "client id",
    "server unavailable",
    "user name or password",
    "not authorised",
)


async def _nothing(*_):
    pass


config = {
    "client_id": "",
    "server": None,
    "port": 0,  # 0: 1883, with ssl 8883
    "user": "",
    "password": "",
    "keepalive": 60,  # s; 0: the broker waits for ever
    "ping_interval": 0,  # s; 0: a quarter of keepalive, as is what exceeds it
    "ssl": False,
    # server_hostname, cert_reqs, cadata, cert, key. Ours: context, an SSLContext instead of those.
    "ssl_params": {},
    "response_time": 10,  # s in which the broker answers; may be a fraction
    "clean_init": True,  # the first connection begins a new session
    "clean": True,  # the later ones do, too
    "max_repubs": 4,  # repetitions of a QoS 1 message before a new connection
    "will": None,  # (topic, msg, retain, qos)
    "subs_cb": lambda *_: None,  # subs_cb(topic, msg, retained), when queue_len is 0
    "wifi_coro": _nothing,  # wifi_coro(up) likewise
    "connect_coro": _nothing,  # connect_coro(client) likewise
    "queue_len": 0,  # messages in `queue`; when full the oldest goes first
    # For the original; they change nothing here.
    "ssid": None,
    "wifi_pw": None,
    "gateway": False,
    "mqttv5": False,
    "mqttv5_con_props": None,
    # Ours.
    "packet_limit": 4096,  # bytes of the largest packet taken; a longer message is skipped
    "read_buffer": 1024,  # bytes that one read may bring
    "send_buffer": 1024,  # bytes that one write may take
    "awake_ms": 250,  # after a message: no waiting in the poller for so long
}


class MessageQueue:
    """Asynchronous iterator over received messages (topic, msg, retained).

    Holds `size` of them; when it is full the oldest goes first and `discards` counts it.
    """

    def __init__(self, size):
        self._messages = deque((), size)
        self._size = size
        self._arrived = asyncio.Event()
        self.discards = 0

    def put(self, *message):
        """Add a message."""
        if len(self._messages) == self._size:
            self.discards += 1
        self._messages.append(message)
        self._arrived.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        return self._messages.popleft()


class MQTTClient(Session):
    """A client that keeps itself connected. config: as the dictionary of this module.

    Attributes: `up` and `down`, Events that are set when the connection comes and goes and that the
    application clears; `queue`, when queue_len is not 0. `on_message`: when set, it is called as
    on_message(topic, msg, retained) for each message, with bytes, instead of filling the queue.
    `session_present`: whether the broker had kept the session. `last_error`: why there is or was no
    connection, a text. Counters: `connects`, `reads` and `writes` (of the socket, that moved bytes),
    `wakes` (waits in the poller or for a timer), `rx_packets`, `skipped` (messages longer than
    packet_limit), `protocol_errors`, `REPUB_COUNT`.

    Raises ValueError for a configuration that cannot work.
    """

    JOINS_WIFI = False
    FIRST_DELAY_MS = 2000  # before a new connection: between half of it and all of it;
    LONGEST_DELAY_MS = 60000  # doubled with every failure up to this

    def __init__(self, config):
        if config["mqttv5"]:
            raise ValueError("mqttv5: this client speaks MQTT 3.1.1; the original mqtt_as has both")
        if not config["server"]:
            raise ValueError("server: the broker's name or address is missing")
        keepalive = config["keepalive"]
        if not 0 <= keepalive < 65536:
            raise ValueError("keepalive must be 0 to 65535 s, not %r" % (keepalive,))
        self.server = config["server"]
        self.port = config["port"] or (8883 if config["ssl"] else 1883)
        self._identity = [as_bytes(config[key]) for key in ("client_id", "user", "password")]
        self._keepalive = keepalive
        self._will = _will(*config["will"]) if config["will"] else None
        self._clean = config["clean"]
        self._clean_init = config["clean_init"]
        self._tls = None
        if config["ssl"]:
            params = config["ssl_params"]
            self._hostname = params.get("server_hostname") or self.server
            self._tls = params.get("context") or _tls_context(params)
        self.up = asyncio.Event()
        self.down = asyncio.Event()
        length = config["queue_len"]
        self.queue = MessageQueue(length) if length else None
        self._coros = None if length else (config["wifi_coro"], config["connect_coro"])
        self.session_present = False
        self.connects = 0
        self._turn = 0  # which of the broker's addresses is next
        self._delay = self.FIRST_DELAY_MS
        self._children = ()
        self._keeper = None
        connection = Connection(
            config["read_buffer"],
            config["packet_limit"],
            config["send_buffer"],
            config["awake_ms"],
        )
        ping_ms = keepalive * 250 or 20000
        if config["ping_interval"]:
            ping_ms = min(ping_ms, int(config["ping_interval"] * 1000))
        super().__init__(
            connection,
            int(config["response_time"] * 1000),
            ping_ms,
            config["max_repubs"],
            self.queue.put if length else config["subs_cb"],
        )

    reads = property(lambda self: self._connection.reads)
    writes = property(lambda self: self._connection.writes)
    wakes = property(lambda self: self._connection.wakes)

    def isconnected(self):
        """Return whether there is a connection to the broker."""
        return self._up

    async def connect(self, quick=False):
        """Connect, and from then on stay connected until disconnect() or close().

        Raises OSError when this first connection fails; then nothing is retried. `quick` is for the
        original: it leaves out waiting for stable Wi-Fi.
        """
        if self._keeper:
            raise OSError("connect() was called before; disconnect() comes first")
        self._closed = False
        if self._clean_init and not self._clean:
            await self._open(True)
            self._connection.out.extend(DISCONNECT)
            self._connection.flush()
        await self._open(self._clean)
        self._start()
        self._keeper = asyncio.create_task(self._keep_connected())

    async def disconnect(self):
        """Send what is in the send buffer, say good-bye (the will is not sent), and close()."""
        connection = self._connection
        try:
            await self._until(self._free, len(DISCONNECT))
            connection.out.extend(DISCONNECT)
            connection.wake()
            while self._up and connection.out:
                await connection.changed.wait()
        except OSError as e:
            self.dprint("mqtt: no good-bye: %s", e)
        finally:
            self.close()

    def close(self):
        """End the connection and every task of the client at once; connect() works again."""
        self._closed = True
        self._up = False
        if self._children:
            self._hang_up()
        if self._keeper:
            self._keeper.cancel()
            self._keeper = None
        self._connection.pulse()

    async def _open(self, clean):
        try:
            await asyncio.wait_for_ms(self._login(clean), self._response_ms)
        except asyncio.TimeoutError:
            raise OSError("no answer from %s:%d" % (self.server, self.port))

    async def _login(self, clean):
        connection = self._connection
        packets = connection.packets
        welcome = False
        try:
            await connection.open(self.server, self.port, self._turn)
            if self._tls:
                connection.start_tls(self._tls, self._hostname)
            put_connect(connection.out, self._identity, self._keepalive, clean, self._will)
            await connection.drain()
            await connection.read_packet()
            if packets.head != _CONNACK:
                raise ProtocolError("the broker did not begin with CONNACK")
            if packets.code:
                raise OSError("the broker refuses: %s" % _refusal(packets.code))
            welcome = True
        except ValueError as e:  # how MicroPython reports a certificate that is not trusted
            raise OSError(str(e))
        finally:
            if not welcome:
                self._turn += 1
                connection.close()
        self.session_present = packets.pid > 0xFF

    def _start(self):
        connection = self._connection
        self._lost.clear()
        self._up = True
        self.connects += 1
        coroutines = connection.receive(self._take), connection.transmit(), self._watch()
        self._children = [asyncio.create_task(self._guard(c)) for c in coroutines]
        connection.pulse()
        self.up.set()
        if self._coros:
            wifi, connected = self._coros
            asyncio.create_task(wifi(True))
            asyncio.create_task(connected(self))

    async def _guard(self, coroutine):
        try:
            await coroutine
        except (OSError, MemoryError) as e:
            self._drop(e)

    def _hang_up(self):
        for task in self._children:
            if task is not core.cur_task:  # close() called by on_message
                task.cancel()
        self._children = ()
        self._connection.close()

    async def _keep_connected(self):
        while True:
            await self._lost.wait()
            self._hang_up()
            self.down.set()
            if self._coros:
                asyncio.create_task(self._coros[0](False))
            await self._reconnect()
            self._start()

    async def _reconnect(self):
        while True:
            half = self._delay // 2
            await asyncio.sleep_ms(half + randrange(half + 1))
            self._delay = min(2 * self._delay, self.LONGEST_DELAY_MS)
            try:
                await self._open(self._clean)
                return
            except OSError as e:
                self._note(e)


def _will(topic, msg, retain=False, qos=0):
    check_qos(qos)
    if not topic:
        raise ValueError("will: the topic is empty")
    return as_bytes(topic), as_bytes(msg), retain, qos


def _tls_context(params):
    from mqtt_tls import context  # only where TLS is used

    return context(params)


def _refusal(code):
    return _REFUSALS[code - 1] if code <= len(_REFUSALS) else "code %d" % code
