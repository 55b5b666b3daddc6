# SPDX-License-Identifier: MIT
"""Models of the chip, the bus and the board; run under CPython and MicroPython alike."""
