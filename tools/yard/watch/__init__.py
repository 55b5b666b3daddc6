# SPDX-License-Identifier: MIT
"""`yard watch`: what nodes say and are told, live."""
