# SPDX-License-Identifier: MIT
"""docs/quick-start.md: what it tells to type works, and what it quotes is what is shown."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from desk import YARD
from yard.places import ROOT

TEXT = (ROOT / "docs" / "quick-start.md").read_text(encoding="utf-8")
# Said by esptool, the chip, MicroPython or the operating system.
OTHERS = {
    "Wrong boot mode",
    "rst:0x10 (RTCWDT_RTC_RESET)",
    "flash read err",
    "Brownout detector was triggered",
    "The filesystem appears to be corrupted",
}


def sources() -> str:
    """Return the program text with what a line break divides put together."""
    paths = [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "tools" / "yard").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return re.sub(r"""["']\s*\n\s*f?["']""", "", text).replace('\\"', '"')


def shown() -> list[str]:
    """Return what the tables of "When it does not work" quote as shown."""
    tables = TEXT.partition("## When it does not work")[2]
    cells = [row.split("|")[1] for row in tables.splitlines() if row.startswith("| ")]
    return [quoted for cell in cells for quoted in re.findall("`([^`]+)`", cell)]


def test_every_message_in_the_tables_is_one_that_is_shown() -> None:
    messages = [text for text in shown() if text not in OTHERS]
    assert len(messages) > 20
    program = sources()
    unknown = []
    for text in messages:
        # Numbers, addresses and names in it are examples.
        words = re.split(r'UPDATE_KEY|0x\d+|\d+|"[^"]*"|\.\.\.|components\.json, ', text)
        unknown += [
            f"{text}: {w}" for w in map(str.strip, words) if len(w) > 3 and w not in program
        ]
    assert unknown == []


def test_the_dialogue_is_the_one_of_the_firmware() -> None:
    program = sources()
    dialogue = TEXT.partition("Press Enter to set up")[2].partition("Stored.")[0]
    questions = re.findall(r"^([A-Z][\w -]+?)(?: \(|:)", dialogue, re.MULTILINE)
    assert questions[-1] == "Is that right" and len(questions) == 8
    assert [question for question in questions if f'"{question}' not in program] == []


def test_its_components_have_no_fault(tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "components.json").write_text(block)
    done = subprocess.run(
        [*YARD, "check", str(tmp_path / "components.json")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
