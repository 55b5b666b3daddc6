# SPDX-License-Identifier: MIT
"""Commands that are more than one word: `PULSE:250`, other spellings, and JSON objects.

An action from PULSE on takes a number: `POSITION:30` and `{"position": 30}` are the same.

The session imports this when the dictionary of an entity's words does not know a payload, so that
plain `ON` and `OFF` never pay for it.
"""

import json

from command_buffer import PULSE

_LONGEST = 256  # bytes; a command is a few words
_HIGHEST_MS = 3600000  # one hour
_MOST_PULSES = 100  # of one command
_KEYS = ("state", "ttl", "id")
_SPELLINGS = {"1": b"ON", "TRUE": b"ON", "0": b"OFF", "FALSE": b"OFF"}
_TRAIN = ("repeat", "gap")  # go with "pulse"


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
    word = word.upper()
    if action < PULSE:
        raise ValueError("%s takes no number" % word)
    try:
        value = int(argument)
    except ValueError:
        text = "%s takes a whole number as in %s:250, not %r"
        raise ValueError(text % (word, word, argument[:20]))
    return action, _number(action, value, word), None, None


def _parse_object(words, text):
    try:
        command = json.loads(text)
    except ValueError:
        raise ValueError("not valid JSON")
    name = _number_name(words, command)
    word = command.get("state", name)
    if word is None:
        raise ValueError("a command needs one of %s" % ", ".join(["state"] + _numbers(words)))
    if word is True or word is False:
        word = "ON" if word else "OFF"
    if not isinstance(word, str):
        raise ValueError('"state" must be text')
    action = _action(words, word)
    value = None
    if name:
        of_name = _action(words, name)
        if action not in (of_name, words.get(b"ON")):
            raise ValueError('"%s" goes with the state ON, not %s' % (name, word[:20]))
        action = of_name
        value = _number(action, command[name], '"%s"' % name)
    if "repeat" in command or "gap" in command:
        value = _train(command, value if name == "pulse" else None)
    ttl = command.get("ttl")
    if ttl is not None:
        ttl = _number(PULSE, ttl, '"ttl"')
    return action, value, ttl, command.get("id")


def _numbers(words):
    """Return the names of the numbers that may come with a command."""
    return sorted({word.decode().lower() for word in words if words[word] >= PULSE})


def _number_name(words, command):
    """Return the key of the number in `command`, None if it has none."""
    numbers = _numbers(words)
    found = [key for key in command if key in numbers]
    if "pulse" in numbers:
        numbers += _TRAIN
    for key in command:
        if key not in _KEYS and key not in numbers:
            known = ", ".join(list(_KEYS) + numbers)
            raise ValueError("unknown key %r; known are %s" % (str(key)[:20], known))
    if len(found) > 1:
        raise ValueError("only one of %s is possible" % ", ".join(sorted(found)))
    return found[0] if found else None


def _train(command, pulse):
    """Return (ms on, how often, ms off between) of a command with a pulse."""
    if pulse is None or "repeat" not in command:
        raise ValueError('"repeat" needs "pulse", and "gap" needs both')
    repeat = command["repeat"]
    whole = isinstance(repeat, int) and not isinstance(repeat, bool)
    if not whole or not 1 <= repeat <= _MOST_PULSES:
        raise ValueError('"repeat" must be a whole number from 1 to %d' % _MOST_PULSES)
    return pulse, repeat, _number(PULSE, command.get("gap", pulse), '"gap"')


def _action(words, word):
    upper = word.upper()
    action = words.get(_SPELLINGS.get(upper) or upper.encode())
    if action is None:
        known = sorted(w.decode() for w in words)
        raise ValueError("unknown command %r; known are %s" % (word[:20], ", ".join(known)))
    return action


def _number(action, value, what):
    """Return `value` if it is possible; of an action beyond PULSE the entity knows the range."""
    lowest, unit = (1, " of ms") if action == PULSE else (0, "")
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not lowest <= value <= _HIGHEST_MS:
        text = "%s must be a whole number%s from %d to %d"
        raise ValueError(text % (what, unit, lowest, _HIGHEST_MS))
    return value
