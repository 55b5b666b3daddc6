# SPDX-License-Identifier: MIT
"""Makes what a board's flash holds: MicroPython and a file system with the firmware."""
