# SPDX-License-Identifier: MIT
"""The core of the node."""
