# SPDX-License-Identifier: MIT
"""An input as a binary sensor."""

from components.entities.pin_entity import PinEntity


class BinarySensor(PinEntity):
    platform = "binary_sensor"
    drives = False
