# SPDX-License-Identifier: MIT
"""An output as a siren, for as long as the command says."""

from command_buffer import PULSE
from micropython import const

from components.entities.output import Output

_DURATION = const(8)


class Siren(Output):
    platform = "siren"
    config = {"sup_vol": False}
    # The end of a duration does not survive a restart of the node.
    restore = "always_off"
    words = dict(Output.words)
    words[b"DURATION"] = _DURATION

    def command(self, action, value, ttl_ms, tag):
        if action == _DURATION:
            if not value or value > 3600:
                raise ValueError("DURATION takes 1 to 3600 s, as in DURATION:10")
            action, value = PULSE, value * 1000
        super().command(action, value, ttl_ms, tag)
