# SPDX-License-Identifier: MIT
"""A strict JSON reader for configuration files that says where a fault is.

Reads the members of one object one after the other in small pieces, so that only one of them is in
memory at a time. Comments (`#`, `//`, `/* */`) may stand wherever white space may.
"""

import re

_PIECE = 96  # bytes read at a time
_LONGEST = 1024  # bytes of a text
_WORDS = {"true": True, "false": False, "null": None}


class JSONError(ValueError):
    """A fault in the text. `line` and `column` (in characters) count from 1."""

    def __init__(self, message, line, column):
        super().__init__("line %d, column %d: %s" % (line, column, message))
        self.line = line
        self.column = column


def members(stream):
    """Yield (key, value, line of the key) for each member of the object in `stream`.

    stream: a file opened with "rb", or another object with such a `read`. Raises JSONError at the
    first fault: nothing after it can be trusted. The members before it have been yielded by then.
    """
    reader = _Reader(stream).begin()
    reader.expect(0x7B)
    yield from reader.members(1)
    reader.end("the last brace")


def places(stream):
    """Yield (key, how many bytes are before its value) for each member of the object in `stream`.

    stream: a file opened with "rb". Each value is read, and forgotten. Raises JSONError as
    `members` does.
    """
    reader = _Reader(stream).begin()
    reader.expect(0x7B)
    for key, _ in reader.keys():
        reader.token()
        place = reader.place()
        reader.value(1)
        yield key, place
    reader.end("the last brace")


def read(stream):
    """Return the value that `stream` has. Raises JSONError."""
    reader = _Reader(stream).begin()
    value = reader.value(0)
    reader.end("the value")
    return value


def read_at(stream, place):
    """Return the value that begins after `place` bytes of `stream`. Raises JSONError."""
    stream.seek(place)
    return _Reader(stream).value(1)


class _Reader:
    def __init__(self, stream):
        self._stream = stream
        self._piece = b""
        self._pos = 0
        self._line = 1
        self._column = 1  # of the first byte of the piece
        self._at = None  # line and column of the token that is being read

    def begin(self):
        """Pass over a byte order mark, as editors on Windows write it; return the reader."""
        if self._peek() == 0xEF:
            self._at = 1, 1
            for c in b"\xef\xbb\xbf":
                if self._take() != c:
                    self.fail("text is not UTF-8")
            self._column -= 3
        return self

    def fail(self, message):
        raise JSONError(message, *self._at)

    def _peek(self):
        """Return the next byte, -1 at the end of the file."""
        if self._pos >= len(self._piece):
            self._column += self._pos
            self._pos = 0
            self._piece = self._stream.read(_PIECE)
            if not self._piece:
                return -1
        return self._piece[self._pos]

    def _take(self):
        c = self._peek()
        self._pos += 1
        if c == 10:
            self._line += 1
            self._column = 1 - self._pos
        return c

    def token(self):
        """Go to what is neither white space nor comment; return its first byte, -1 at the end."""
        while True:
            c = self._peek()
            if c == 32:
                self._pos += 1
                continue
            if c in (10, 13, 9):
                self._take()
                continue
            self._at = self._line, self._column + self._pos
            if c != 0x23 and c != 0x2F:
                return c
            self._comment()

    def expect(self, c, what=""):
        if self.token() != c:
            self.fail('expected "%s"%s' % (chr(c), what))
        self._take()

    def end(self, last):
        """Take the end of the file. last: what came before it."""
        if self.token() >= 0:
            self.fail("nothing may follow " + last)

    def place(self):
        """Return how many bytes are before the next one."""
        return self._stream.tell() - len(self._piece) + self._pos

    def _comment(self):
        c = self._take()
        if c == 0x2F:
            c = self._take()
            if c not in (0x2A, 0x2F):
                self.fail('a comment begins with "#", "//" or "/*"')
        block = c == 0x2A
        c = 0
        while c != 10 or block:
            last = c
            c = self._take()
            if block and last == 0x2A and c == 0x2F:
                return
            if c < 0:
                if block:
                    self.fail("this comment has no end")
                return

    def members(self, depth):
        """Yield (key, value, line of the key) for each member of the object that begins here."""
        for key, line in self.keys():
            yield key, self.value(depth), line

    def keys(self):
        """Yield (key, its line) of the object that begins here; the caller takes each value."""
        seen = set()
        for _ in self._items(0x7D):
            if self.token() != 0x22:
                self.fail("expected a key in double quotes")
            line = self._line
            key = self._text()
            if key in seen:
                self.fail('the key "%s" is there twice' % key)
            seen.add(key)
            self.expect(0x3A, " after the key")
            yield key, line

    def _items(self, close):
        """Yield before each item of the list or object that begins here, and take its end."""
        if self.token() != close:
            yield
            while self.token() == 0x2C:
                self._take()
                yield
        self.expect(close, ' or "," after the value')

    def value(self, depth):
        """Return the value that begins here."""
        c = self.token()
        if depth > 16:
            self.fail("more than 16 levels")
        if c == 0x7B:
            self._take()
            value = {}
            for key, item, _ in self.members(depth + 1):
                value[key] = item
            return value
        if c == 0x5B:
            self._take()
            return [self.value(depth + 1) for _ in self._items(0x5D)]
        return self._text() if c == 0x22 else self._word()

    def _text(self):
        self._take()
        text = b""
        while True:
            c = self._peek()
            plain = self._piece[self._pos :].split(b'"', 1)[0].split(b"\\", 1)[0]
            if c < 0 or (plain and min(plain) < 32):
                self.fail("this text is not closed on its line, or has a control character")
            text += plain
            if len(text) > _LONGEST:
                self.fail("text longer than %d bytes" % _LONGEST)
            self._pos += len(plain)
            if self._pos < len(self._piece):
                if self._take() == 0x22:
                    break
                text += self._escape()
        try:
            result = str(text, "utf-8")
        except UnicodeError:
            self.fail("text is not UTF-8")
        self._column -= len(text) - len(result)  # bytes that are no character of their own
        return result

    def _escape(self):
        c = chr(self._take() & 0xFF)
        if c == "u":
            code = self._unit()
            if code >> 10 == 0x36 and self._take() == 0x5C and self._take() == 0x75:
                low = self._unit() ^ 0xDC00
                if low < 0x400:
                    code = 0x10000 + ((code & 0x3FF) << 10 | low)
            if code >> 11 == 0x1B:
                self.fail("half of a surrogate pair")
            c = chr(code).encode()
            self._column += len(c) - 1
            return c
        at = '"\\/bfnrt'.find(c)
        if at < 0:
            self.fail('unknown escape; a backslash is written "\\\\"')
        return b'"\\/\b\f\n\r\t'[at : at + 1]

    def _unit(self):
        digits = ""
        for _ in range(4):
            digits += chr(self._take() & 0xFF)
        if not re.match("[0-9a-fA-F]+$", digits):
            self.fail("\\u needs four hexadecimal digits")
        return int(digits, 16)

    def _word(self):
        word = b""
        c = self._peek()
        while c > 32 and c not in b',:[]{}"/#' and len(word) < 32:
            word += bytes((self._take(),))  # not chr(), which would stay in memory for ever
            c = self._peek()
        word = word.decode() if not word or max(word) < 0x7F else "?"
        if word in _WORDS:
            return _WORDS[word]
        if not re.match(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$", word):
            self.fail("expected a number, true, false, null or text in double quotes")
        return int(word) if word.lstrip("-").isdigit() else float(word)
