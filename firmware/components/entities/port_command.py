# SPDX-License-Identifier: MIT
"""Commands for all pins of a chip: `{"mask": "0x0F", "value": 3}`."""

import json

from command_buffer import ON

_ANY = {b"ON": ON}  # takes an output that is no entity
_KEYS = ("mask", "value", "ttl", "id")
_LONGEST_MS = 3600000


def parse(chip, payload):
    """Return (mask, value, ttl in ms or None, id or None).

    Raises ValueError when that is not possible for each pin of the mask, with one line that says
    why.
    """
    try:
        command = json.loads(payload)
    except ValueError:
        raise ValueError("not valid JSON")
    if not isinstance(command, dict) or "mask" not in command or "value" not in command:
        raise ValueError('a command for a port is {"mask": ..., "value": ...}')
    for key in command:
        if key not in _KEYS:
            raise ValueError("unknown key %r; known are %s" % (str(key)[:20], ", ".join(_KEYS)))
    mask = _number(command, "mask", 0xFFFF)
    value = _number(command, "value", 0xFFFF)
    ttl_ms = _number(command, "ttl", _LONGEST_MS) if "ttl" in command else None
    if not mask:
        raise ValueError('"mask" names no pin')
    faults = [_fault(chip, number) for number in range(16) if mask >> number & 1]
    faults = ["pin %s" % fault for fault in faults if fault]
    if faults:
        raise ValueError(", ".join(faults))
    return mask, value, ttl_ms, command.get("id")


def _number(command, key, highest):
    value = command[key]
    if isinstance(value, str):
        try:
            value = int(value, 16 if value[:2].lower() == "0x" else 10)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        text = '"%s" must be a number from 0 to %d, also as text like "0xff"'
        raise ValueError(text % (key, highest))
    return value


def _fault(chip, number):
    """Return what speaks against setting a pin, None if nothing does."""
    user = chip.users[number]
    if user is None:
        return "%d is not in the pin table" % number
    if not chip.outputs >> number & 1:
        return "%d is an input" % number
    if getattr(user, "alone", False):
        owner = getattr(user, "owner", user)
        return "%d belongs to %s" % (number, owner.key.decode())
    if user.pin.interlock:
        return "%d is interlocked" % number
    if ON not in getattr(user, "words", _ANY).values():
        return "%d is a %s" % (number, user.platform)
    return None
