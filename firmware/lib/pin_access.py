# SPDX-License-Identifier: MIT
"""Pins by what a person or a program calls them: finding, reading, commanding, listing.

Shared by the requests over MQTT and the text console. `components` is a dictionary from name to
object; those with pins have `chip`, an Expander or what else can be the chip of a Pin.
"""

import asyncio
import errno

from bus_jobs import on_bus
from chip_watch import ages
from command_buffer import PULSE
from micropython import const
from pins import Pin

_LOOK_S = const(15)  # between looks for chips that are new
_TRIES = const(2)  # one transfer may fail


def number(value):
    """Return `value`, a number or decimal or hexadecimal text, as int. Raises ValueError."""
    if isinstance(value, str):
        text = value.strip().lower()
        try:
            return int(text, 16 if text.startswith("0x") else 10)
        except ValueError:
            raise ValueError("%r is no number" % value[:20])
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a whole number, also as text like 0x20")
    return value


def in_range(value, lowest, highest, what):
    """Return `value` as int. Raises ValueError when it is none from `lowest` to `highest`.

    what: for the message, such as "pin".
    """
    value = number(value)
    if not lowest <= value <= highest:
        raise ValueError("%d is no %s (%d to %d)" % (value, what, lowest, highest))
    return value


# -- finding --------------------------------------------------------------------------------


def with_chips(components):
    """Return the components that have pins, by name."""
    found = [components[name] for name in sorted(components)]
    return [component for component in found if getattr(component, "chip", None) is not None]


def find_component(components, board):
    """Return the component of a chip.

    board: its name, or its address as a number or text. Raises ValueError.
    """
    if isinstance(board, str) and hasattr(components.get(board), "chip"):
        return components[board]
    try:
        address = number(board)
    except ValueError as e:
        known = ", ".join([component.name for component in with_chips(components)])
        raise ValueError("%s; chips are %s" % (e, known or "none"))
    if not 0x20 <= address <= 0x27:
        raise ValueError("0x%02x is no MCP23017 (0x20 to 0x27)" % address)
    found = [c for c in with_chips(components) if getattr(c.chip, "address", None) == address]
    if not found:
        raise ValueError("0x%02x is not in components.json" % address)
    if len(found) > 1:
        names = ", ".join([component.name for component in found])
        raise ValueError("0x%02x is on two buses; say which: %s" % (address, names))
    return found[0]


def find_pin(components, entities, text):
    """Return the Pin that `text` names: "chip.number" or the key of an entity "chip/object".

    entities: dictionary from key (bytes) to entity. Raises ValueError.
    """
    entity = entities.get(text.encode())
    if entity:
        pin = getattr(entity, "pin", None)
        if not isinstance(pin, Pin):
            raise ValueError("%s has no pin of its own" % text)
        return pin
    board, dot, place = text.partition(".")
    if not dot:
        raise ValueError('"%s" is no pin: expected CHIP.NUMBER or CHIP/ENTITY' % text)
    return pin_of(find_component(components, board), place)


def pin_of(component, value):
    """Return the Pin of a chip with the number `value`. Raises ValueError."""
    if hasattr(component.chip, "bus"):
        place = in_range(value, 0, len(component.chip.users) - 1, "pin")
        user = component.chip.users[place]
        # A pin that the table leaves out is no pin for references, but can be looked at.
        return Pin(component.chip, place) if user is None else user.pin
    return component.pin(number(value))


# -- reading --------------------------------------------------------------------------------


async def read(chip):
    """Return (mask of the inputs, levels on the wire), read from the chip now.

    Raises ValueError when it does not answer.
    """
    if not hasattr(chip, "bus"):
        return chip.inputs, _lines_read(chip.lines)
    for _ in range(_TRIES):
        if not chip.ready:
            break
        try:
            return await on_bus(chip.bus, _Check(chip))
        except OSError as e:
            if e.errno == errno.ETIMEDOUT:
                raise ValueError("the bus is stuck")
    raise ValueError("0x%02x does not answer" % chip.address)


def _lines_read(lines):
    levels = 0
    for place in range(len(lines)):
        if lines[place].value():
            levels |= 1 << place
    return levels


class _Check:
    """Lets an Expander read its chip as it does from time to time; gives what `read` does.

    A read of our own would end interrupts unseen.
    """

    def __init__(self, chip):
        self._chip = chip

    def __call__(self, now):
        chip = self._chip
        if not chip.ready:
            raise OSError(errno.ENODEV)
        chip._check_at = now
        if not chip.service(now):
            chip.due = now  # it finds that again, and takes the consequences
            raise OSError(errno.ENODEV)
        if chip._diff(chip._check_at, now) > 0:
            return chip._chip.seen_inputs(), chip._chip.seen_gpio()
        return None  # the end of a pulse was due first


# -- commanding -----------------------------------------------------------------------------


class _Outcome:
    """The target of one command; `done(reason)` is called at its end, reason "" if it was done."""

    def __init__(self, pin, done):
        self.pin = pin
        self._done = done

    def applied(self, tag):
        self._end("")

    def dropped(self, reason, tag):
        self._end(reason)

    def _end(self, reason):
        user = self.pin.chip.users[self.pin.number]
        if user is not None:
            user.changed()  # an entity shows what was done with its pin
        self._done(reason)


def command(pin, action, value, ttl_ms, done):
    """Put a command for a pin; `done(reason)` is told of its end.

    action: OFF, ON, TOGGLE or PULSE. value: ms of the pulse, None for that of the pin. ttl_ms: for
    how long it may wait. Raises ValueError when the pin does not take it.
    """
    user = pin.chip.users[pin.number]
    if not pin.chip.outputs & pin.mask:
        raise ValueError("%d is an input, which cannot be set" % label(pin.chip, pin.number))
    if not isinstance(user, Pin):
        _check_user(user, action)
    if action == PULSE:
        value = value or getattr(user, "pulse_ms", 200)
    pin.submit(_Outcome(pin, done), action, value or 0, ttl_ms, None)


def ttl_ms(pin):
    """Return how long a command for a pin may wait."""
    return getattr(pin.chip.users[pin.number], "ttl_ms", None) or pin.chip.ttl_ms


def _check_user(user, action):
    """Raise ValueError unless the user of an output is an entity that itself takes `action`."""
    if not hasattr(user, "drives") or getattr(user, "alone", False):
        raise ValueError("it belongs to %s" % owner(user))
    if action not in user.words.values():
        words = ", ".join(sorted([word.decode() for word in user.words]))
        raise ValueError("%s is a %s, which takes %s" % (key_of(user), user.platform, words))


# -- listing --------------------------------------------------------------------------------


def rows(component, seen):
    """Yield a dictionary for each pin of a component, with the keys that docs/topics.md names.

    seen: what `read` gives for its chip, None when that does not answer.
    """
    chip = component.chip
    since = ages(chip)
    inputs, levels = seen or (chip.inputs, None)
    for place in range(len(chip.users)):
        user = chip.users[place]
        mask = 1 << place
        entity = entity_of(user)
        state = None
        if levels is not None:
            state = "ON" if (levels if user is None else chip.level) & mask else "OFF"
        yield {
            "pin": label(chip, place),
            "key": key_of(entity),
            "name": getattr(entity, "name", None),
            "function": _function(user, chip.outputs & mask),
            "direction": "in" if inputs & mask else "out",
            "state": state,
            "age": since.age(place),
        }


async def keep_ages(components):
    """Note from now on when pins change, those of chips that are loaded later, too."""
    while True:
        for component in with_chips(components):
            ages(component.chip).forget_old()
        await asyncio.sleep(_LOOK_S)


def entity_of(user):
    """Return the entity to which the user of a pin belongs, None if there is none."""
    return user if hasattr(user, "platform") else getattr(user, "owner", None)


def owner(user):
    """Return what the user of a pin is called."""
    return key_of(entity_of(user)) or getattr(user, "name", None) or "another component"


def key_of(entity):
    """Return the key of an entity as text, None if it has none."""
    key = getattr(entity, "key", None)
    return key if key is None or isinstance(key, str) else key.decode()


def label(chip, place):
    """Return what a person calls the pin: of the node's own chip the GPIO number."""
    gpios = getattr(chip, "gpios", None)
    return gpios[place] if gpios else place


def _function(user, output):
    entity = entity_of(user)
    if entity:
        return entity.platform
    if isinstance(user, Pin):
        return "output" if output else "input"
    return "free" if user is None else "used"
