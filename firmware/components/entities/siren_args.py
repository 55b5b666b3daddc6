# SPDX-License-Identifier: MIT
"""Keys of the pin table for the type siren."""

KEYS = {"device_class": None}  # Home Assistant has none
