# SPDX-License-Identifier: MIT
"""`yard check`: every fault of a configuration at once, without hardware."""
