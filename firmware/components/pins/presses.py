# SPDX-License-Identifier: MIT
"""Rows of a pin table that want presses: `events`, `triggers`, and the times of the pin."""

from presses import KINDS, presses

from components.entities.event import Event
from node.component import ConfigError


def apply(component, user, row):
    """Let an Event, the row's own or one beside its entity, tell the presses of its pin.

    user: the entity of the row, or the Pin when it has none.
    """
    kinds = _kinds(row)
    source = presses(component.node, user.pin)
    source.long_ms = row.get("long", source.long_ms)
    source.double_ms = row.get("double", source.double_ms)
    if not kinds:
        return
    event = user if row["type"] == "event" else _beside(component, user, row)
    if row.get("triggers"):
        event.triggers = user.object_id
    event.listen(source, kinds)


def _kinds(row):
    """Return the kinds of presses that are to be told, None if none are."""
    kinds = row.get("events", False)
    if kinds is True:
        # Not the edges: who wants them has a binary sensor.
        return list(KINDS[2:])
    if isinstance(kinds, list) and kinds and all(kind in KINDS for kind in kinds):
        return kinds
    if kinds is not False or row["type"] == "event":
        text = "expected true or a list of some of " + ", ".join(KINDS)
        raise ConfigError(text, "events")
    if row.get("triggers"):
        raise ConfigError('goes with "events"', "triggers")
    return None


def _beside(component, user, row):
    """Add an Event to the component, beside the entity `user`."""
    if not hasattr(user, "object_id"):
        text = 'the type "input" has none; "event" and "binary_sensor" have'
        raise ConfigError(text, "events")
    event = Event(user.object_id + "_presses", row.get("name"), None, user.pin)
    try:
        component.node.add_entity(component, event)
    except ValueError as e:
        raise ConfigError(str(e), "events")
    return event
