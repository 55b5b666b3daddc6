# SPDX-License-Identifier: MIT
"""Cuts a log record that does not fit into a message of MQTT."""


def parts(text, longest):
    """Return a text in parts of at most `longest` bytes that end with a line where possible."""
    if len(text.encode()) <= longest:
        return [text]
    half = len(text) // 2
    end = text.rfind("\n", 1, half)
    if end < 0:
        end = half
    return parts(text[:end], longest) + parts(text[end:], longest)
