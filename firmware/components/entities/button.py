# SPDX-License-Identifier: MIT
"""An output as a button: pressing it gives one pulse."""

from command_buffer import PULSE

from components.entities.output import Output


class Button(Output):
    platform = "button"
    leaf = None
    words = {b"PRESS": PULSE, b"PULSE": PULSE}
    # A pulse that a restart of the node has interrupted must not last.
    restore = "always_off"

    def state(self):
        return None
