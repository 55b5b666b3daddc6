# SPDX-License-Identifier: MIT
"""What MQTTClient needs to connect: the socket, and the first packet. Not kept in memory."""

import socket
from asyncio import create_task
from errno import EINPROGRESS
from sys import implementation

from micropython import const
from mqtt_packet import as_bytes, put_length, put_number

_CONNECT = const(0x10)
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


async def attempt(client, clean):
    """Connect once; raise OSError if that fails. client: a Connection, of which this is a part."""
    client._lost.clear()
    client._out[:] = b""
    put_connect(client._out, client._config, clean)
    guard = client._guard
    client._tasks = (
        create_task(guard(client._receive())),
        create_task(guard(client._transmit())),
        create_task(guard(client._watch())),
    )
    try:
        while not client._up and not client._lost.is_set():
            await client._changed.wait()
    finally:
        if not client._up:
            client._hang_up()
    if not client._up:
        raise OSError(client.last_error)


def dial(config, server, port):
    """Return a socket that begins to connect to the broker; with TLS if `config` says `ssl`.

    The name is resolved anew every time, which may block the loop. Raises OSError, and ValueError
    for what `ssl_params` cannot be.
    """
    # The last address is of IPv4 where there are both kinds.
    addresses = socket.getaddrinfo(server, port, 0, socket.SOCK_STREAM)
    family, kind, protocol, _, address = addresses[-1]
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as e:
        if e.errno != EINPROGRESS:
            raise
    if implementation[1] >= (1, 23):  # before, the ESP32 does not have it, and says so
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    if config["ssl"]:
        from mqtt_tls import wrap

        sock = wrap(sock, config["ssl_params"], server)
    return sock


def put_connect(out, config, clean):
    """Append a CONNECT packet to the bytearray `out`.

    config: `client_id`, `user`, `password`, `keepalive` (0..65535 s) and `will` as of mqtt_as;
    user and password are left out when the user is empty. clean: begin a new session.
    """
    flags = 0x02 if clean else 0
    texts = [config["client_id"]]
    will = config["will"]
    if will:
        texts += will[:2]
        flags |= 0x04 | will[3] << 3 | (0x20 if will[2] else 0)
    if config["user"]:
        texts += [config["user"], config["password"]]
        flags |= 0xC0
    body = bytearray(b"\0\x04MQTT\x04")
    body.append(flags)
    put_number(body, config["keepalive"])
    for text in map(as_bytes, texts):
        put_number(body, len(text))
        body.extend(text)
    out.append(_CONNECT)
    put_length(out, len(body))
    out.extend(body)
