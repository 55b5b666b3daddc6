# SPDX-License-Identifier: MIT
"""One line typed at a serial terminal, byte by byte, with what the terminal is to show."""

from micropython import const

_BACKSPACE = const(0x08)
_LF = const(0x0A)
_CR = const(0x0D)
_CTRL_C = const(0x03)
_CTRL_U = const(0x15)
_ESC = const(0x1B)
_DELETE = const(0x7F)

_ERASE = b"\b \b"
_BELL = b"\a"
_LOWEST = (0, 0, 0x80, 0x800, 0x10000)  # code of a character by its number of bytes


class LineEditor:
    """Takes bytes, edits a line of UTF-8 text, gives what to echo.

    limit: bytes that a line may have; what is more is refused with a bell, and nothing of the line
    is lost. Keys: Backspace and Delete, Ctrl-U for all, Enter; Ctrl-C raises KeyboardInterrupt.
    Other control bytes, keys that send an escape sequence, and bytes that are no UTF-8 do nothing.
    """

    def __init__(self, limit=256):
        self._limit = limit
        self._after_cr = False
        self.begin()

    def begin(self, shown=True):
        """Begin a new line; shown: whether what is typed is echoed."""
        self._shown = shown
        self._line = []  # characters
        self._bytes = 0
        self._partial = b""  # of a character of several bytes
        self._escape = b""

    def feed(self, byte):
        """Take one byte (0 to 255); return (line, echo).

        line: the text when the line is finished, else None. echo: bytes for the terminal.
        """
        after_cr, self._after_cr = self._after_cr, byte == _CR
        if byte == _CTRL_C:
            raise KeyboardInterrupt
        if self._escape:
            self._take_escape(byte)
        elif byte == _CR or (byte == _LF and not after_cr):
            return "".join(self._line), b"\r\n"
        elif byte in (_BACKSPACE, _DELETE):
            return None, self._erase(1)
        elif byte == _CTRL_U:
            return None, self._erase(len(self._line))
        elif byte == _ESC:
            self._partial = b""
            self._escape = b"\x1b"
        elif byte >= 0x20:
            return None, self._take(byte)
        return None, b""

    def _erase(self, count):
        self._partial = b""
        count = min(count, len(self._line))
        for _ in range(count):
            self._bytes -= len(self._line.pop().encode())
        return _ERASE * count if self._shown else b""

    def _take(self, byte):
        if 0x80 <= byte < 0xC0:
            if not self._partial:
                return b""
            self._partial += bytes((byte,))
        else:
            self._partial = bytes((byte,))
        lead = self._partial[0]
        wanted = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        if len(self._partial) < wanted:
            return b""
        raw, self._partial = self._partial, b""
        try:
            character = raw.decode()
        except UnicodeError:
            return b""
        # The decoder takes overlong forms, surrogates and more than Unicode has.
        code = ord(character)
        if code < _LOWEST[wanted] or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
            return b""
        if self._bytes + wanted > self._limit:
            return _BELL
        self._line.append(character)
        self._bytes += wanted
        return raw if self._shown else b""

    def _take_escape(self, byte):
        """Swallow what a key such as an arrow sends: ESC [ digits letter, or ESC O letter."""
        self._escape += bytes((byte,))
        length = len(self._escape)
        begins = length == 2 and byte in b"[O"
        if not begins and (length == 2 or 0x40 <= byte <= 0x7E or length > 8 or byte < 0x20):
            self._escape = b""
