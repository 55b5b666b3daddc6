# SPDX-License-Identifier: MIT
"""The arguments of all components as people and editors read them; made of the `*_args.py`."""
