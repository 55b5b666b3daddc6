# SPDX-License-Identifier: MIT
"""The one exception that a person is meant to read."""


class Fault(Exception):
    """Says in one line what is wrong and what would be right; the command ends with status 1."""
