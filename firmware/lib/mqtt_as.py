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
join Wi-Fi.

What the original does not have: `on_message`, `publish_nowait`, `publish_stream`, `pause_reading`,
`resume_reading`, `session_present`, `last_error` and the counters of MQTTClient, and the keys of
`config` that say so.
"""

from asyncio import Event, create_task, sleep_ms
from random import randrange
from time import ticks_diff, ticks_ms

from mqtt_session import Session


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
    "read_buffer": 1024,  # bytes that one read may bring; more than any topic has
    "send_buffer": 1024,  # bytes that one write may take
    "awake_ms": 250,  # after a message: no waiting in the poller for so long
}


class MQTTClient(Session):
    """A client that keeps itself connected. config: as the dictionary of this module; it is kept.

    Attributes: `up` and `down`, Events that are set when the connection comes and goes, and that
    the application clears. `queue`, when queue_len is not 0. `on_message`: when set, it is called
    as on_message(topic, msg, retained) for each message, with bytes, instead of filling the queue.
    `session_present`: whether the broker had kept the session. `last_error`: why there is or was
    no connection, a text. Counters: `connects`, `reads` and `writes` (of the socket, that moved
    bytes), `wakes` (waits in the poller or for a timer), `rx_packets`, `skipped` (messages longer
    than packet_limit), `protocol_errors`, `REPUB_COUNT`.

    Raises ValueError for a configuration that cannot work.
    """

    JOINS_WIFI = False
    # Before a new connection: between a half and all of it, doubled each time until one lasts.
    DELAY_MS = 2000
    MAX_DELAY_MS = 60000

    def __init__(self, config):
        if config["mqttv5"]:
            raise ValueError("mqttv5: use the original mqtt_as, this one speaks 3.1.1")
        if not config["server"]:
            raise ValueError("server: name or address of the broker is missing")
        self.queue = None
        deliver = config["subs_cb"]
        if config["queue_len"]:
            from mqtt_queue import MessageQueue

            self.queue = MessageQueue(config["queue_len"])
            deliver = self.queue.put
        super().__init__(config, deliver)
        self.up = Event()
        self.down = Event()
        self.connects = 0
        self._keeper = None

    def isconnected(self):
        """Return whether there is a connection to the broker."""
        return self._up

    async def connect(self, quick=False):
        """Connect, and from then on stay connected until disconnect() or close().

        Raises OSError when this first connection fails; then nothing is retried. `quick` is for
        the original, which waits for stable Wi-Fi without it.
        """
        if self._keeper:
            raise OSError("connected already")
        self._closed = False
        clean = self._config["clean"]
        if self._config["clean_init"] and not clean:
            await self._attempt(True)
            self._say_good_bye()
            self._hang_up()
        await self._attempt(clean)
        self._announce(True)
        self._keeper = create_task(self._keep(clean))

    async def disconnect(self):
        """Say good-bye, so that the broker does not publish the will, and close()."""
        self._say_good_bye()
        self.close()

    def close(self):
        """End the connection and every task of the client at once; connect() works again."""
        self._closed = True
        self._hang_up()
        if self._keeper:
            self._keeper.cancel()
            self._keeper = None

    def _say_good_bye(self):
        if self._free(2):
            self._out.extend(b"\xe0\0")  # DISCONNECT
            self._flush()

    def _announce(self, up):
        self.connects += up
        (self.up if up else self.down).set()
        if not self.queue:
            create_task(self._config["wifi_coro"](up))
            if up:
                create_task(self._config["connect_coro"](self))

    async def _keep(self, clean):
        delay = self.DELAY_MS
        while True:
            start = ticks_ms()
            await self._lost.wait()  # and not for _changed, which every write pulses
            self._hang_up()
            self._announce(False)
            if ticks_diff(ticks_ms(), start) > self.MAX_DELAY_MS:
                delay = self.DELAY_MS
            while not self._up:
                await sleep_ms(delay // 2 + randrange(delay // 2 + 1))
                delay = min(2 * delay, self.MAX_DELAY_MS)
                try:
                    await self._attempt(clean)
                except (OSError, MemoryError):
                    continue  # last_error says why
            self._announce(True)
