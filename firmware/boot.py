# SPDX-License-Identifier: MIT
"""Power-on: only what must be there before anything can fail."""

import micropython

micropython.alloc_emergency_exception_buf(100)

try:
    from update import switch  # is there only while an update is under way
except ImportError:
    switch = None
if switch:
    switch.boot()
