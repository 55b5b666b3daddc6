# SPDX-License-Identifier: MIT
"""`socket` of the host, which feels whether the station is on the air.

Sockets are the host's own objects. While the air is off, the kernel drops what arrives for them
(a filter that accepts no packet) and what they send (an IP option, a strict source route, that no
host accepts): the peer hears nothing at all, as when a radio falls silent, and TCP goes on where
it was when the air is back. New connections fail at once with ENETUNREACH, where the ESP32 says
EHOSTUNREACH.
"""

import struct

import uctypes
import usocket
from usocket import *  # noqa: F403

_EAI_FAIL = -202  # what lwIP says when a name cannot be resolved

_SOL_SOCKET = 1
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_DROP_ALL = struct.pack("HBBI", 6, 0, 0, 0)  # one instruction: return 0 bytes
_FILTER = struct.pack("HP", 1, uctypes.addressof(_DROP_ALL))  # struct sock_fprog

_IPPROTO_IP = 0
_IP_OPTIONS = 4
_TO_NOWHERE = b"\x89\x07\x04\xe0\x00\x00\x01\x00"  # strict source route by 224.0.0.1

_air = True
_sockets = []


def socket(*args):
    """Return a socket, by default for TCP over IPv4."""
    created = usocket.socket(*args)
    if not args or args[0] == usocket.AF_INET:
        # Closed ones go at the next creation; there are no weak references.
        _sockets[:] = [s for s in _sockets if s.fileno() >= 0]
        _sockets.append(created)
        if not _air:
            _silence(created)
    return created


def getaddrinfo(host, port, *args):
    """Resolve a name; OSError(-202) when that fails, as it does without the air."""
    if not _air and not _is_address(host):
        raise OSError(_EAI_FAIL)
    try:
        return usocket.getaddrinfo(host, port, *args)
    except OSError:
        raise OSError(_EAI_FAIL)


def set_air(on):
    """Let the sockets reach the world, or not; for `network`, the ESP32 has no such thing."""
    global _air
    if on == _air:
        return
    _air = on
    for s in _sockets:
        if s.fileno() >= 0:
            if on:
                _restore(s)
            else:
                _silence(s)


def _silence(s):
    s.setsockopt(_SOL_SOCKET, _SO_ATTACH_FILTER, _FILTER)
    s.setsockopt(_IPPROTO_IP, _IP_OPTIONS, _TO_NOWHERE)


def _restore(s):
    s.setsockopt(_SOL_SOCKET, _SO_DETACH_FILTER, 0)
    s.setsockopt(_IPPROTO_IP, _IP_OPTIONS, b"")


def _is_address(host):
    return all(c in "0123456789." for c in host)
