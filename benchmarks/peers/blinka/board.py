# SPDX-License-Identifier: MIT
"""`board` of a computer with a simulated board on its I2C pins."""

SCL = 3
SDA = 2
