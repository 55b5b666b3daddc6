# SPDX-License-Identifier: MIT
"""Time zones as POSIX writes them: "CET-1CEST,M3.5.0,M10.5.0/3".

IEEE Std 1003.1-2017, 8.3, "TZ". Names may stand in <>; west of Greenwich is positive.
"""

from micropython import const

_DAY_S = const(86400)
_SWITCH_S = const(7200)  # local time of day at which the clocks change, if none is given
_LENGTHS = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"  # of the months, in days


class TimeZone:
    """text: the rules. Raises ValueError with a line that says what is wrong."""

    def __init__(self, text):
        head, *rules = text.split(",")
        rest = _after_name(head)
        self._standard, rest = _offset(rest, None)
        self._summer = self._rules = None
        if not rest:
            if rules:
                raise ValueError("there are rules but no name of a summer time")
            return
        self._summer, rest = _offset(_after_name(rest), self._standard + 3600)
        if rest:
            raise ValueError('"%s" is not understood' % rest)
        if len(rules) != 2:
            raise ValueError("a summer time needs two rules, as in CET-1CEST,M3.5.0,M10.5.0/3")
        self._rules = [_Rule(rule) for rule in rules]

    def offset(self, utc):
        """Return how many s the local time is ahead at a time.

        utc: as `time.gmtime` returns it.
        """
        if not self._rules:
            return self._standard
        year, _, _, hour, minute, second, weekday, yearday = utc[:8]
        now = (yearday - 1) * _DAY_S + hour * 3600 + minute * 60 + second
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        first = (weekday + 2 - yearday) % 7  # weekday of January 1st, Sunday is 0
        begin, end = [rule.second(leap, first) for rule in self._rules]
        begin -= self._standard
        end -= self._summer
        if begin < end:
            summer = begin <= now < end
        else:
            summer = not end <= now < begin
        return self._summer if summer else self._standard


class _Rule:
    """When the clocks change. text: "M3.5.0/2", "J60" or "59"."""

    def __init__(self, text):
        day, slash, at = text.partition("/")
        self._at = _seconds(at) if slash else _SWITCH_S
        self._kind = day[:1]
        numbers = day[1:] if self._kind in ("M", "J") else day
        self._numbers = [_number(n, text) for n in numbers.split(".")]
        if self._kind == "M":
            limits = ((1, 12), (1, 5), (0, 6))
        else:
            limits = ((1, 365) if self._kind == "J" else (0, 365),)
        if len(self._numbers) != len(limits):
            raise ValueError('"%s" is no rule such as M3.5.0/2' % text)
        for number, (lowest, highest) in zip(self._numbers, limits):
            if not lowest <= number <= highest:
                raise ValueError('"%s": %d is not %d to %d' % (text, number, lowest, highest))

    def second(self, leap, first):
        """Return the second of the year in local time.

        leap: whether it is a leap year. first: the weekday of January 1st, Sunday is 0.
        """
        day = self._numbers[0]
        if self._kind == "M":
            day = self._nth_weekday(leap, first)
        elif self._kind == "J":
            day -= not (leap and day >= 60)  # February 29th is never counted
        return day * _DAY_S + self._at

    def _nth_weekday(self, leap, first):
        month, week, weekday = self._numbers
        begin = sum(_LENGTHS[: month - 1]) + (leap and month > 2)
        length = _LENGTHS[month - 1] + (leap and month == 2)
        day = (weekday - first - begin) % 7 + 7 * (week - 1)
        return begin + (day if day < length else day - 7)


def _after_name(text):
    """Return what follows a name of at least three letters, or of anything in <>."""
    if text[:1] == "<":
        name, closed, rest = text[1:].partition(">")
        if not closed or len(name) < 3:
            raise ValueError("a name in <> has at least 3 characters and ends with >")
        return rest
    length = 0
    while text[length : length + 1].isalpha():
        length += 1
    if length < 3:
        raise ValueError('"%s" begins with no name of at least 3 letters' % text)
    return text[length:]


def _offset(text, usual):
    """Return (s ahead of UTC, rest) of a text that begins with an offset, such as "-1CEST"."""
    length = 0
    while text[length : length + 1] in tuple("+-:0123456789"):
        length += 1
    if length:
        return -_seconds(text[:length]), text[length:]
    if usual is None:
        raise ValueError("the offset from UTC is missing, as in CET-1")
    return usual, text


def _seconds(text):
    """Return the s of "[+-]hh[:mm[:ss]]"."""
    sign = -1 if text[:1] == "-" else 1
    parts = [_number(part, text) for part in text.lstrip("+-").split(":")]
    parts += [0, 0]
    if len(parts) > 5 or parts[0] > 167 or parts[1] > 59 or parts[2] > 59:
        raise ValueError('"%s" is no time such as 3 or 2:30' % text)
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def _number(digits, text):
    if not digits.isdigit():
        raise ValueError('"%s" is not understood' % text)
    return int(digits)
