# SPDX-License-Identifier: MIT
"""`import setup` at the REPL: opens the dialogue for Wi-Fi and broker, then restarts."""

from node import board, provision, settings

provision.alone(settings.load(print))
board.reset()
