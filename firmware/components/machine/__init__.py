# SPDX-License-Identifier: MIT
"""Components that own hardware of the node's own chip; no others touch `machine`."""
