# SPDX-License-Identifier: MIT
"""An output as a light."""

from components.entities.output import Output


class Light(Output):
    platform = "light"
