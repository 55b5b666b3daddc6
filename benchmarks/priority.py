# SPDX-License-Identifier: MIT
"""Real-time priority, so that nothing else on the machine takes a processor from the benchmark.

A target, the broker, the board and the load generator share the processors with what else runs.
"""

from __future__ import annotations

import os

REAL_TIME = "real-time"
USUAL = "usual"

_LOWEST = 1


def take() -> str:
    """Give this process and what it starts real-time priority, if the user may have it.

    Returns:
        REAL_TIME or USUAL, whichever it has now.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_LOWEST))
    except (AttributeError, PermissionError):  # not on Linux; not root, nor allowed by limits.conf
        return USUAL
    return REAL_TIME
