# SPDX-License-Identifier: MIT
"""`esp32`: what of it can be told of a simulated chip."""

HEAP_DATA = 4
HEAP_EXEC = 1

_CAPABILITIES = (HEAP_DATA, HEAP_EXEC)


def idf_heap_info(capabilities):
    """Return (size, free, largest free block, least free ever) for each heap of ESP-IDF.

    The figures are those of a node with Wi-Fi up, always the same.
    """
    if capabilities not in _CAPABILITIES:
        return []
    return [(111_168, 46_080, 31_744, 40_960)]


def raw_temperature():
    """Return the temperature of the chip in degrees Fahrenheit, always the same."""
    return 128
