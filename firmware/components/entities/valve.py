# SPDX-License-Identifier: MIT
"""An output as a valve: on is open."""

from command_buffer import OFF, ON

from components.entities.feedback import Feedback


class Valve(Feedback):
    """It has no position; to stop the flow is to close it."""

    platform = "valve"
    restore = "off"
    words = {b"OPEN": ON, b"CLOSE": OFF, b"STOP": OFF}
    names = (b"closed", b"open", b"closing", b"opening", None)
