# SPDX-License-Identifier: MIT
import io
import json
import random

from json_stream import JSONError, members, places, read_at
from json_stream import read as read_value

from harness import raises


class Trickle:
    """A stream that gives at most `size` bytes at a time, as a file on flash may."""

    def __init__(self, data, size):
        self._stream = io.BytesIO(data)
        self._size = size

    def read(self, limit):
        return self._stream.read(min(limit, self._size))


def read(text):
    return {key: value for key, value, _ in members(io.BytesIO(text.encode()))}


def fault(text):
    """Return "line, column: message" of the fault in `text`."""
    e = raises(JSONError, read, text)
    assert str(e) == "line %d, column %d: %s" % (e.line, e.column, str(e).split(": ", 1)[1])
    return "%d, %d: %s" % (e.line, e.column, str(e).split(": ", 1)[1])


def test_yields_each_member_with_the_line_of_its_key():
    text = '{\n  "a": {"x": [1, 2]},\n\n  "b":\n    true\n}\n'
    got = list(members(io.BytesIO(text.encode())))
    assert got == [("a", {"x": [1, 2]}, 2), ("b", True, 4)], got


def test_yields_a_member_before_it_reads_the_rest_of_the_file():
    stream = io.BytesIO(b'{"a": 1,' + b" " * 2000 + b'"b": 2}')
    assert next(members(stream)) == ("a", 1, 1)
    assert stream.tell() < 500


def test_reads_a_value_that_is_all_of_a_stream():
    for value in ([], ["a", 1], {"a": [1]}, "text", 5, None, True):
        text = "// what it is\n %s # end" % json.dumps(value)
        assert read_value(io.BytesIO(text.encode())) == value
    for text, said in (
        ("", "line 1, column 1: expected a number, true, false, null or text in double quotes"),
        ('["a"', 'line 1, column 5: expected "]" or "," after the value'),
        ("{}\n[]", "line 2, column 1: nothing may follow the value"),
        ('{"a": 1, "a": 2}', 'line 1, column 10: the key "a" is there twice'),
    ):
        assert str(raises(JSONError, read_value, io.BytesIO(text.encode()))) == said, text


MARK = b"\xef\xbb\xbf"


def test_a_byte_order_mark_at_the_beginning_is_passed_over():
    text = MARK + b'{"a": 1, "b":\n [2, "\xc3\xa4"]}'
    for stream in (io.BytesIO(text), Trickle(text, 1), Trickle(text, 2)):
        assert list(members(stream)) == [("a", 1, 1), ("b", [2, "ä"], 1)]
    assert read_value(io.BytesIO(MARK + b"[1]")) == [1]
    file = io.BytesIO(text)
    found = dict(places(file))
    assert {key: read_at(file, found[key]) for key in found} == {"a": 1, "b": [2, "ä"]}
    e = raises(JSONError, list, members(io.BytesIO(MARK + b'{"a" 1}')))
    assert str(e) == 'line 1, column 6: expected ":" after the key'


def test_a_byte_order_mark_elsewhere_is_a_fault():
    for text in (b" " + MARK + b"{}", b"{" + MARK + b"}", b"{}" + MARK, MARK + MARK + b"{}"):
        raises(JSONError, list, members(io.BytesIO(text)))
    e = raises(JSONError, list, members(io.BytesIO(MARK[:2] + b"{}")))
    assert str(e) == "line 1, column 1: text is not UTF-8"
    raises(JSONError, read_at, io.BytesIO(b" " + MARK + b"1"), 1)


def test_every_kind_of_value():
    text = '{"t": true, "f": false, "n": null, "i": -12, "z": 0, "x": 1.5e3, '
    text += '"s": "", "l": [], "o": {}}'
    want = {
        "t": True,
        "f": False,
        "n": None,
        "i": -12,
        "z": 0,
        "x": 1500.0,
        "s": "",
        "l": [],
        "o": {},
    }
    assert read(text) == want
    assert isinstance(read('{"a": 1E2}')["a"], float) and isinstance(read('{"a": 100}')["a"], int)


def test_comments_may_stand_wherever_white_space_may():
    text = """// first
# second
{ /* a
 block */ "a" /*1*/ : // colon
 [ # open
 1 /* * / **/ , 2 // two
 ] /**/ }
/* last */ // end"""
    assert read(text) == {"a": [1, 2]}


def test_comment_signs_inside_text_are_text():
    assert read('{"a": "http://x # y /* z */"}') == {"a": "http://x # y /* z */"}


def test_a_fault_after_a_block_comment_has_the_right_line():
    assert fault("{ /* 1\n2\n3 */ ? }").startswith("3, 6: ")


def test_escapes():
    assert read(r'{"a": "\"\\\/\b\f\n\r\t"}') == {"a": '"\\/\b\f\n\r\t'}
    assert read(r'{"a": "\u0041\u00e9\u20AC"}') == {"a": "Aé€"}
    assert read(r'{"a": "x\ud83d\ude00y"}') == {"a": "x😀y"}


def test_text_that_is_not_ascii():
    assert read('{"Küche": "€ 😀"}') == {"Küche": "€ 😀"}


def test_columns_count_characters():
    assert fault('{"ä€😀": "ü\\u00fc" 1}').startswith('1, 19: expected "}" or ","')


def test_faults_say_where_they_are_and_what_would_be_right():
    for text, want in (
        ("", '1, 1: expected "{"'),
        ("[1]", '1, 1: expected "{"'),
        ('{\n"a": 1\n"b": 2}', '3, 1: expected "}" or "," after the value'),
        ('{"a": [1 2]}', '1, 10: expected "]" or "," after the value'),
        ('{"a" 1}', '1, 6: expected ":" after the key'),
        ('{"a": 1,}', "1, 9: expected a key in double quotes"),
        ('{"a": [1,]}', "1, 10: expected a number, true, false, null or text in double quotes"),
        ("{a: 1}", "1, 2: expected a key in double quotes"),
        ('{"a": }', "1, 7: expected a number, true, false, null or text in double quotes"),
        ('{"a": True}', "1, 7: expected a number, true, false, null or text in double quotes"),
        ("{\"a\": 'x'}", "1, 7: expected a number, true, false, null or text in double quotes"),
        ('{"a": 1} 2', "1, 10: nothing may follow the last brace"),
        ('{"a": "x\n"}', "1, 7: this text is not closed on its line, or has a control character"),
        ('{"a": "x', "1, 7: this text is not closed on its line, or has a control character"),
        ('{"a": "\t"}', "1, 7: this text is not closed on its line, or has a control character"),
        ('{"a": "\\x"}', '1, 7: unknown escape; a backslash is written "\\\\"'),
        ('{"a": "\\u12g4"}', "1, 7: \\u needs four hexadecimal digits"),
        ('{"a": "\\ud83d!"}', "1, 7: half of a surrogate pair"),
        ('{"a": "\\ud83d\\ud83d"}', "1, 7: half of a surrogate pair"),
        ('{"a": "\\ude00"}', "1, 7: half of a surrogate pair"),
        ('{"a": 1, "a": 2}', '1, 10: the key "a" is there twice'),
        ('{"o": {"a": 1, "a": 2}}', '1, 16: the key "a" is there twice'),
        ('{"a": /* 1}', "1, 7: this comment has no end"),
        ('{"a": / 1}', '1, 7: a comment begins with "#", "//" or "/*"'),
        ('{"a": 1', '1, 8: expected "}" or "," after the value'),
    ):
        assert fault(text) == want, (text, fault(text))


def test_numbers_are_those_of_json():
    for word in ("01", "-", "+1", "1.", ".5", "1e", "1e+", "0x20", "1_0", "--1", "NaN"):
        assert "expected a number" in fault('{"a": %s}' % word), word
    assert fault('{"a": %s}' % ("1" * 9999))


def test_text_that_is_not_utf8_is_a_fault():
    e = raises(JSONError, list, members(io.BytesIO(b'{"a":\n"\xff"}')))
    assert str(e) == "line 2, column 1: text is not UTF-8"


def test_nesting_and_length_have_limits():
    assert read('{"a": ' + "[" * 15 + "]" * 15 + "}")
    assert "more than 16 levels" in fault('{"a": ' + "[" * 17)
    assert "longer than 1024 bytes" in fault('{"a": "' + "x" * 5000 + '"}')


def test_members_before_a_fault_have_been_yielded():
    got = []

    def collect():
        for key, value, _ in members(io.BytesIO(b'{"a": 1, "b": [2, "c": 3}')):
            got.append((key, value))

    raises(JSONError, collect)
    assert got == [("a", 1)]


# -- properties ---------------------------------------------------------------------------


def some_text():
    letters = 'ab"\\/\n\t\x07é€😀#,:{}[]'
    return "".join(random.choice(letters) for _ in range(random.randint(0, 6)))


def some_value(depth=0):
    kind = random.randint(0, 7 if depth < 3 else 5)
    if kind == 6:
        return [some_value(depth + 1) for _ in range(random.randint(0, 3))]
    if kind == 7:
        return {some_text(): some_value(depth + 1) for _ in range(random.randint(0, 3))}
    return (None, True, False, some_text(), random.randint(-99999, 99999), 0.25)[kind]


def gap():
    return random.choice(("", "", " ", "\n", "\r\n\t", "// x\n", "/* * \n */", "#\n", "  " * 60))


def written(value):
    """Return `value` as JSON with white space and comments wherever they may stand."""
    if isinstance(value, list):
        text = "[" + gap() + ",".join(gap() + written(item) for item in value) + "]"
    elif isinstance(value, dict):
        pairs = (gap() + json.dumps(k) + gap() + ":" + written(v) for k, v in value.items())
        text = "{" + gap() + ",".join(pairs) + "}"
    else:
        text = json.dumps(value)
    return gap() + text + gap()


def some_object():
    return {some_text(): some_value() for _ in range(random.randint(0, 4))}


def test_reads_back_what_was_written():
    random.seed(1)
    for _ in range(300):
        value = some_object()
        data = written(value).encode()
        for stream in (io.BytesIO(data), Trickle(data, random.randint(1, 7))):
            assert {k: v for k, v, _ in members(stream)} == value, data


def test_a_damaged_file_gives_a_fault_or_members_and_nothing_else():
    random.seed(2)
    outcomes = set()
    for _ in range(1500):
        data = bytearray(written(some_object()).encode())
        for _ in range(random.randint(1, 3)):
            at = random.randint(0, len(data) - 1)
            what = random.randint(0, 2)
            if what == 0:
                data[at] = random.getrandbits(8)
            elif what == 1:
                data = data[:at]
            else:
                data = data[:at] + data[at : at + 9] + data[at:]
            if not data:
                break
        try:
            list(members(io.BytesIO(data)))
            outcomes.add("read")
        except JSONError as e:
            assert 1 <= e.line <= 1 + data.count(b"\n") and e.column >= 1
            outcomes.add("fault")
    assert outcomes == {"read", "fault"}
