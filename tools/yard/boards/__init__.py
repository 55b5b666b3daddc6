# SPDX-License-Identifier: MIT
"""Real boards on a serial port: MicroPython, the firmware, credentials, console, backups."""
