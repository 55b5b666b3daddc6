# SPDX-License-Identifier: MIT
"""`yard pins`: the pin table of a node, live."""
