# SPDX-License-Identifier: MIT
"""Entry point: runs the node until it is reset; Ctrl-C gives the REPL."""

from node.app import run

run()
