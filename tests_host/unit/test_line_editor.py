# SPDX-License-Identifier: MIT
"""lib/line_editor.py: what is typed, and what the terminal shows of it."""

from line_editor import LineEditor

from harness import raises


def typed(text, limit=256, shown=True):
    """Return (finished lines, what was echoed) of bytes that are typed."""
    editor = LineEditor(limit)
    editor.begin(shown)
    lines = []
    echoed = b""
    for byte in text:
        line, echo = editor.feed(byte)
        echoed += echo
        if line is not None:
            lines.append(line)
            editor.begin(shown)
    return lines, echoed


def lines(text, **options):
    return typed(text, **options)[0]


def test_each_of_cr_lf_and_crlf_ends_one_line():
    assert lines(b"a\rb\nc\r\nd\r\n\r\n") == ["a", "b", "c", "d", ""]


def test_backspace_takes_a_whole_character_back():
    text = "aü€😀".encode()
    assert lines(text + b"\x7f\r") == ["aü€"]
    assert lines(text + b"\x08\x7f\r") == ["aü"]
    assert lines(text + b"\x7f\x7f\x7f\x7f\x7f\x7fx\r") == ["x"]


def test_ctrl_u_takes_the_line_back():
    line, echo = typed("schön".encode() + b"\x15neu\r")
    assert line == ["neu"]
    assert echo.count(b"\b \b") == 5


def test_ctrl_c_leaves_whatever_was_typed_before():
    for before in (b"", b"abc", b"\x1b", b"\x1b[", b"\xc3"):
        editor = LineEditor()
        for byte in before:
            editor.feed(byte)
        raises(KeyboardInterrupt, editor.feed, 3)


def test_a_secret_is_not_echoed():
    assert typed(b"geheim\x7f\x15pass\r", shown=False) == (["pass"], b"\r\n")


def test_what_is_too_much_gives_a_bell_and_the_line_stays():
    assert typed(b"abcdef\r", limit=4) == (["abcd"], b"abcd\a\a\r\n")
    assert lines("abcü\r".encode(), limit=4) == ["abc"]


def test_arrows_function_keys_and_control_bytes_do_nothing():
    assert lines(b"a\x1b[A\x1b[3~\x1bOPb\x00\x01\x09\x1b\x1bc\r") == ["abc"]


def test_bytes_that_are_no_utf8_do_nothing():
    assert lines(b"a\xff\xfe\x80\xc3(b\xe2\x82\rc\r") == ["a(b", "c"]


def test_any_bytes_give_text_within_the_limit():
    import random

    random.seed(4711)
    for _ in range(300):
        noise = bytes(random.getrandbits(8) for _ in range(random.getrandbits(9)))
        for line in lines(noise.replace(b"\x03", b"") + b"\r", limit=40):
            raw = line.encode()
            assert len(raw) <= 40
            assert raw.decode() == line
            for c in line:
                assert ord(c) >= 0x20
