# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/restart.py`."""

ARGS = {"Restart": {}}
