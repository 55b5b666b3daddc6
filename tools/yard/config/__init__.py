# SPDX-License-Identifier: MIT
"""Reads and changes the configuration of a running node."""
