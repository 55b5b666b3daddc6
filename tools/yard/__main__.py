# SPDX-License-Identifier: MIT
"""`python -m yard`."""

from yard.cli import main

main()
