# SPDX-License-Identifier: MIT
"""Tries Wi-Fi and broker once, and says what is wrong with which of them."""

import asyncio
import errno

from micropython import const

_LIMIT_S = const(10)
# Return codes of CONNACK, MQTT 3.1.1 section 3.2.2.3.
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the node's name",
    3: "it is not available now",
    4: "user or password is wrong",
    5: "the user may not connect",
}
_REASONS = {
    errno.ECONNREFUSED: "nothing listens on port PORT there",
    errno.EHOSTUNREACH: "there is no route to it",
    101: "there is no route to it",  # ENETUNREACH of Linux, which `errno` does not name
    114: "there is no route to it",  # the same of lwIP
    errno.ETIMEDOUT: "no answer",
}


async def network(wifi, say):
    """Join; return None or what failed. wifi: a WiFi."""
    say("Joining %s ... " % wifi.ssid)
    if await wifi.join():
        say("joined as %s\n" % wifi.address())
        return None
    say("failed\n")
    return "Wi-Fi network %s: %s" % (wifi.ssid, wifi.reason())


async def broker(answers, tls, say):
    """Log in at the broker and leave; return None or what failed.

    answers: as of FirstBoot. tls: the connection will be encrypted; then nothing is sent here,
    because this is not the place that checks the broker's certificate.
    """
    host, port = answers["MQTT_HOST"], int(answers["MQTT_PORT"])
    say("Connecting to %s ... " % host)
    fault = await _log_in(host, port, None if tls else answers)
    say(
        "failed\n"
        if fault
        else "reached; it is asked after the restart\n"
        if tls
        else "accepted\n"
    )
    return fault and "broker %s: %s" % (host, fault)


async def _log_in(host, port, answers):
    try:
        answer = await asyncio.wait_for(_connect(host, port, answers), _LIMIT_S)
    except asyncio.TimeoutError:
        return "no answer within %d s on port %d" % (_LIMIT_S, port)
    except OSError as e:
        return _reason(e, port)
    return answer if answer is None else _judge(answer, port)


def _reason(error, port):
    number = error.errno or 0
    reason = _REASONS.get(number)
    if reason:
        return reason.replace("PORT", str(port))
    # The resolver has its own numbers, negative or from 200 on.
    return "connection failed (%s)" % error if 0 < number < 200 else "no host has this name"


def _judge(answer, port):
    if len(answer) != 4 or answer[0] != 0x20:
        return "what answers on port %d is no MQTT broker, or wants TLS" % port
    code = answer[3]
    return _REFUSALS.get(code, "it refuses with code %d" % code) if code else None


async def _connect(host, port, answers):
    """Return the answer to CONNECT, MQTT 3.1.1 section 3.1; None when nothing was to be asked."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        if answers is None:
            return None
        fields = [answers["NODE_ID"]]
        flags = 0x02  # clean session
        if answers["MQTT_USER"]:
            fields.append(answers["MQTT_USER"])
            flags |= 0x80
            if answers["MQTT_PASSWORD"]:
                fields.append(answers["MQTT_PASSWORD"])
                flags |= 0x40
        body = b"\x00\x04MQTT\x04" + bytes((flags, 0, 60))
        for field in fields:
            raw = field.encode()
            body += bytes((len(raw) >> 8, len(raw) & 0xFF)) + raw
        writer.write(b"\x10" + _length(len(body)) + body)
        await writer.drain()
        answer = await reader.readexactly(4)
        writer.write(b"\xe0\x00")  # DISCONNECT
        await writer.drain()
        return answer
    except EOFError:
        return b""
    finally:
        writer.close()


def _length(count):
    """Return a remaining length, MQTT 3.1.1 section 2.2.3."""
    encoded = b""
    while True:
        count, digit = count >> 7, count & 0x7F
        encoded += bytes((digit | 0x80 if count else digit,))
        if not count:
            return encoded
