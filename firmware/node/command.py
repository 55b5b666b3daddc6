# SPDX-License-Identifier: MIT
"""Commands that are more than one word: `PULSE:250`, other spellings, and JSON objects.

The session imports this when the dictionary of an entity's words does not know a payload, so that
plain `ON` and `OFF` never pay for it.
"""

import json

_LONGEST = 256  # bytes; a command is a few words
_HIGHEST_MS = 3600000  # one hour
_KEYS = ("state", "pulse", "ttl", "id")


def parse(words, payload):
    """Read one command.

    words: the entity's dictionary from payload (bytes) to action.
    payload: bytes as they arrived.
    Return (action, value, ttl in ms or None, id or None). Raises ValueError with one line that
    says what would be right.
    """
    if len(payload) > _LONGEST:
        raise ValueError(
            "%d bytes are more than a command can have (%d)" % (len(payload), _LONGEST)
        )
    try:
        text = payload.decode().strip()
    except UnicodeError:
        raise ValueError("not UTF-8 text")
    if text.startswith("{"):
        return _parse_object(words, text)
    word, _, argument = text.partition(":")
    action = _action(words, word)
    if not argument:
        return action, None, None, None
    if word.upper() != "PULSE":
        raise ValueError("only PULSE takes a number, as in PULSE:250")
    try:
        value = int(argument)
    except ValueError:
        raise ValueError("PULSE takes milliseconds as in PULSE:250, not %r" % argument[:20])
    return action, _milliseconds(value, "PULSE"), None, None


def _parse_object(words, text):
    try:
        command = json.loads(text)
    except ValueError:
        raise ValueError("not valid JSON")
    for key in command:
        if key not in _KEYS:
            raise ValueError("unknown key %r; known are %s" % (str(key)[:20], ", ".join(_KEYS)))
    pulse = command.get("pulse")
    word = command.get("state", None if pulse is None else "PULSE")
    if word is None:
        raise ValueError('a command needs "state" or "pulse"')
    if word is True or word is False:
        word = "ON" if word else "OFF"
    if not isinstance(word, str):
        raise ValueError('"state" must be text')
    action = _action(words, word)
    if pulse is not None:
        if word.upper() not in ("ON", "PULSE", "PRESS"):
            raise ValueError('"pulse" goes with the state ON or PULSE, not %s' % word[:20])
        pulse = _milliseconds(pulse, '"pulse"')
        action = _action(words, "PULSE")
    ttl = command.get("ttl")
    if ttl is not None:
        ttl = _milliseconds(ttl, '"ttl"')
    return action, pulse, ttl, command.get("id")


def _action(words, word):
    action = words.get(word.upper().encode())
    if action is None:
        known = sorted(w.decode() for w in words if w == w.upper() and not w.isdigit())
        raise ValueError("unknown command %r; known are %s" % (word[:20], ", ".join(known)))
    return action


def _milliseconds(value, what):
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _HIGHEST_MS:
        raise ValueError("%s must be a whole number of ms from 1 to %d" % (what, _HIGHEST_MS))
    return value
