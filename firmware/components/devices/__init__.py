# SPDX-License-Identifier: MIT
"""Components for chips that are attached to the node."""
