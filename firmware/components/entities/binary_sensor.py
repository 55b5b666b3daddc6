# SPDX-License-Identifier: MIT
"""An input as a binary sensor."""

from components.entities import PinEntity


class BinarySensor(PinEntity):
    platform = "binary_sensor"
    drives = False
