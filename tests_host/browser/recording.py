# SPDX-License-Identifier: MIT
"""Records the first boot of a node on its serial console, as asciicast and as moving SVG."""

from __future__ import annotations

import html
import json
import tempfile
import time
from pathlib import Path

import pexpect
import pyte

from mosquitto import Mosquitto
from system.test_first_boot import WIFI_PASSWORD, Board1

COLUMNS, LINES = 86, 28
LETTER, LINE = 8.4, 18  # px
BETWEEN_KEYS_S = 0.06
LONGEST_PAUSE_S = 1.2
SHORTEST_FRAME_S = 0.12
END_S = 4.0  # that the last picture stays

ANSWERS = ["", "1", WIFI_PASSWORD, "127.0.0.1", "{port}", "", "", "hall", "yes"]
QUESTIONS = ["Press Enter", "Wi-Fi network .*: ", "Wi-Fi password .*: ", "MQTT broker.*: "]
QUESTIONS += ["MQTT port.*: ", "MQTT user.*: ", "MQTT password.*: ", "Name of.*: ", "right .*"]


class Recorder:
    """What a terminal shows, with times."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str]] = []

    def write(self, text: str) -> None:
        # The console of a board makes CR LF of every line end.
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        self.events.append((time.monotonic(), text))

    def flush(self) -> None:
        """Nothing waits here."""


def record(folder: Path) -> None:
    """Write first-boot.cast and first-boot.svg."""
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as place:
        broker = Mosquitto(Path(place))
        broker.start()
        (Path(place) / "components.json").write_text("{}")
        board = Board1(Path(place))
        try:
            _first_boot(board, broker.port, recorder)
        finally:
            board.close()
            broker.stop()
    events = _shortened(recorder.events)
    header = {"version": 2, "width": COLUMNS, "height": LINES, "title": "First boot"}
    lines = [header, *([round(when, 3), "o", text] for when, text in events)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "first-boot.cast").write_text(text, encoding="utf-8")
    (folder / "first-boot.svg").write_text(_svg(events), encoding="utf-8")


def _first_boot(board: Board1, port: int, recorder: Recorder) -> None:
    node = _node(board, recorder)
    for question, answer in zip(QUESTIONS, ANSWERS, strict=True):
        node.expect(question)
        for key in answer.format(port=port) + "\r":
            node.expect(pexpect.TIMEOUT, timeout=BETWEEN_KEYS_S)  # takes the echo meanwhile
            node.send(key)
    node.expect(pexpect.EOF)
    node.close()
    node = _node(board, recorder)
    node.expect("online as .*\n")
    node.close(force=True)


def _node(board: Board1, recorder: Recorder) -> pexpect.spawn[str]:
    node = board.power_on()
    node.logfile_read = recorder
    return node


def _shortened(events: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Begin at 0 and cut long pauses."""
    shortened, now, before = [], 0.0, events[0][0]
    for when, text in events:
        now += min(when - before, LONGEST_PAUSE_S)
        before = when
        shortened.append((now, text))
    return shortened


def _svg(events: list[tuple[float, str]]) -> str:
    """Return pictures that follow one another for ever."""
    frames = _frames(events)
    end = frames[-1][0] + END_S
    width, height = COLUMNS * LETTER + 32, LINES * LINE + 32
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'role="img" aria-label="The first boot of a node on its serial console">',
        "<style>text{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
        "fill:#d7e3dc;white-space:pre}g{visibility:hidden}</style>",
        f'<rect width="{width:.0f}" height="{height}" rx="10" fill="#0e1215"/>',
    ]
    for number, (begin, lines) in enumerate(frames):
        until = frames[number + 1][0] if number + 1 < len(frames) else end
        keys = f"@keyframes f{number}{{0%{{visibility:hidden}}{100 * begin / end:.3f}%"
        keys += f"{{visibility:visible}}{100 * until / end:.3f}%{{visibility:hidden}}}}"
        animation = f"animation:f{number} {end:.2f}s step-end infinite"
        rows = "".join(
            f'<text x="16" y="{30 + n * LINE}" xml:space="preserve">{html.escape(line)}</text>'
            for n, line in enumerate(lines)
            if line
        )
        parts.append(f'<style>{keys}</style><g style="{animation}">{rows}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _frames(events: list[tuple[float, str]]) -> list[tuple[float, list[str]]]:
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    frames: list[tuple[float, list[str]]] = []
    for number, (when, text) in enumerate(events):
        stream.feed(text)
        last = number + 1 == len(events)
        if last or events[number + 1][0] - (frames[-1][0] if frames else 0) >= SHORTEST_FRAME_S:
            frames.append((when, [line.rstrip() for line in screen.display]))
    return frames
