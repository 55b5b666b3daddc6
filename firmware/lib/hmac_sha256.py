# SPDX-License-Identifier: MIT
"""HMAC with SHA-256 (RFC 2104), which MicroPython does not have."""

from hashlib import sha256

from micropython import const

_BLOCK = const(64)


def hmac_sha256(key, message):
    """Return the 32 bytes that only who knows `key` can make of `message`; both are bytes."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    key += bytes(_BLOCK - len(key))
    inner = sha256(bytes(b ^ 0x36 for b in key))
    inner.update(message)
    outer = sha256(bytes(b ^ 0x5C for b in key))
    outer.update(inner.digest())
    return outer.digest()


def is_equal(a, b):
    """Compare two byte strings in a time that does not tell where they differ."""
    difference = len(a) ^ len(b)
    for x, y in zip(a, b):
        difference |= x ^ y
    return not difference
