# SPDX-License-Identifier: MIT
"""What a configuration names as an output, and what that can do."""

from import_once import import_once

from node.component import ConfigError


def output_of(node, target):
    """Return what has `words` and `command` for an output, which is an entity, a pin, or both.

    target: a Pin, an entity, or a component with a single entity that takes commands. Raises
    ConfigError with the key "output".
    """
    if not hasattr(target, "mask"):
        entities = [target]
        if not hasattr(target, "words"):
            entities = [e for e in node.entities.values() if e.component is target and e.words]
        if len(entities) == 1 and entities[0].words:
            return entities[0]
        text = "expected a pin such as @chip.3, or an entity such as @chip.shutter"
        raise ConfigError(text, "output")
    chip = target.chip
    if not chip.outputs & target.mask:
        raise ConfigError("it is an input", "output")
    user = chip.users[target.number]
    # The user is commanded, so that it shows what is done.
    if getattr(user, "words", None):
        return user
    if user.pin is user:
        from components.logic.pin_output import PinOutput

        return PinOutput(user)
    raise ConfigError("it is part of something that must be named in its place", "output")


def action_of(output, do):
    """Return the action of the word `do`. Raises ConfigError with the key "do"."""
    words = output.words
    try:
        action = words.get(do.upper().encode())
    except ValueError as e:
        raise ConfigError(str(e), "do")
    if action is None and do == "stop":
        action = words.get(b"OFF")  # what ends a pulse
    if action is None:
        known = {word.decode().lower() for word in words}
        known.update(("follow",) if b"ON" in words else ())
        meant = import_once("suggestion").suggest(do, known)
        raise ConfigError('unknown value "%s"%s' % (do, meant), "do")
    return action
