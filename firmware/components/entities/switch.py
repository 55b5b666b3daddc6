# SPDX-License-Identifier: MIT
"""An output as a switch."""

from components.entities.output import Output


class Switch(Output):
    platform = "switch"
