# SPDX-License-Identifier: MIT
"""Brings a new firmware to a running node."""
