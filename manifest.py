# SPDX-License-Identifier: MIT
"""Freezes Switchyard into an ESP32 firmware, where its code needs no heap.

In ports/esp32 of MicroPython:

    make BOARD=ESP32_GENERIC FROZEN_MANIFEST=/path/to/switchyard/manifest.py
"""

include("$(PORT_DIR)/boards/manifest.py")

for name in ("boot.py", "main.py", "setup.py"):
    module(name, base_path="firmware", opt=3)
for name in ("node", "components"):
    package(name, base_path="firmware", opt=3)
freeze("firmware/lib", opt=3)
