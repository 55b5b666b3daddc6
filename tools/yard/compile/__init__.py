# SPDX-License-Identifier: MIT
"""Makes of the firmware what lies on a board: compiled, with short names."""
