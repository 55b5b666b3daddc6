# SPDX-License-Identifier: MIT
"""The core of the node. Here is the one place of the version; CHANGELOG.md and pyproject.toml are
checked against it."""

VERSION = "0.1.0"
