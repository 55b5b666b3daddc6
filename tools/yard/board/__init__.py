# SPDX-License-Identifier: MIT
"""The simulated board as a server: the node's wires and the control interface."""

from yard.board.server import BoardServer

__all__ = ["BoardServer"]
