# SPDX-License-Identifier: MIT
"""Host side of Switchyard."""
