# SPDX-License-Identifier: MIT
"""A buzzer that sounds as long as it has power: a siren with tones in Home Assistant."""

from command_buffer import OFF, ON, PULSE

from components.devices.signal import Signal, SignalEntity
from node.component import ConfigError

_PATTERNS = {"beep": (100, 1, 100), "double": (100, 2, 100), "alarm": (500, 0, 500)}


class Buzzer(Signal):
    """`buzzer_args.py` describes the arguments; `patterns` replace those that there are.

    tone: the pattern that ON plays.
    """

    def __init__(self, pin, name=None, patterns=None, tone="alarm", invert=False):
        patterns = patterns or _PATTERNS
        tones = sorted([pattern.lower() for pattern in patterns])
        if tone not in tones:
            raise ConfigError("%s is no pattern; there are %s" % (tone, ", ".join(tones)), "tone")
        super().__init__(pin, _Sound("buzzer", name, {"av_tones": tones}), patterns, invert)
        self.tone = tone

    def play(self, name, seconds=None):
        """Play a pattern, for as long if it lasts longer. Raises ValueError for another name."""
        pattern = self.patterns.get(name)
        if pattern and seconds:
            on, count, off = pattern
            # At least once, and no longer than asked.
            count = min(count, max(1, (seconds * 1000 + off) // (on + off)))
            self._entity.sound(min(on, seconds * 1000), count, off)
        else:
            super().play(name)


class _Sound(SignalEntity):
    platform = "siren"
    config = {"sup_vol": False}

    def action(self, word, options):
        tone = options.pop("tone", None)
        seconds = options.pop("duration", None)
        action = super().action(word, options)
        if tone is not None and str(tone) not in self.component.patterns:
            raise ValueError("there is no tone %s" % tone)
        if seconds is not None and not (type(seconds) is int and 1 <= seconds <= 3600):
            raise ValueError("duration is 1 to 3600 s")
        if action == OFF:
            return action
        if isinstance(action, str):
            tone = action
        elif action != ON:
            return action
        return tone or self.component.tone, seconds

    def command(self, action, value, ttl_ms, tag):
        if isinstance(action, tuple):
            self.component.play(*action)
        elif action != OFF and self.state() != b"ON":
            self.component.play(self.component.tone)  # TOGGLE
        else:
            self.give(OFF)

    def sound(self, on, count, off):
        """Play so many pulses in place of what is played."""
        self.give(OFF)
        self.give(PULSE, (on, count, off))
