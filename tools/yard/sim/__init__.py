# SPDX-License-Identifier: MIT
"""`yard sim`: a broker, the simulated board and a node on this computer, as one command."""
