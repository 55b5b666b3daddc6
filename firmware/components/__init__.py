# SPDX-License-Identifier: MIT
"""What `components.json` can name. `node/component.py` tells how to write one."""
