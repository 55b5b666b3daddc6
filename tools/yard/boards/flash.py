# SPDX-License-Identifier: MIT
"""`yard flash`: writes MicroPython into the flash of a board."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial
import typer
from esptool import FatalError, cmds
from esptool.logger import TemplateLogger, log

from yard.boards import micropython, ports
from yard.boards.progress import bar
from yard.fault import Fault
from yard.printable import printable

ROM_BAUD = 115200


@dataclass(frozen=True)
class Result:
    """What was written, for scripts."""

    port: str
    chip: str
    flash: str
    firmware: str
    address: int
    size: int
    erased: bool


class _Quiet(TemplateLogger):  # type: ignore[misc]
    """Takes what esptool has to say; only its progress is shown."""

    def __init__(self) -> None:
        self.written: Callable[[int, int], None] | None = None

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""

    def warning(self, message: str) -> None:
        """Say nothing: what matters ends in an exception."""

    def error(self, message: str) -> None:
        """Say nothing: an exception follows."""

    def stage(self, finish: bool = False) -> None:
        """Say nothing."""

    def progress_bar(self, cur_iter: int, total_iters: int, *args: Any, **kwargs: Any) -> None:
        """Pass on how far the writing is."""
        if self.written:
            self.written(cur_iter, total_iters)

    def set_verbosity(self, verbosity: str) -> None:
        """Stay quiet."""


@functools.cache
def _quiet() -> _Quiet:
    """Return the logger of this process; esptool takes one only once."""
    quiet = _Quiet()
    log.set_logger(quiet)
    return quiet


def run(
    port: str | None, firmware: str, sha256: str | None, erase: bool, baud: int, as_json: bool
) -> None:
    """Flash and say what was done."""
    result = flash(ports.choose(port), firmware, sha256, erase, baud)
    if as_json:
        typer.echo(json.dumps(vars(result)))
        return
    typer.echo(
        f"{result.chip} with {result.flash} flash: {result.firmware} is at {result.address:#x}, "
        f"{result.size} bytes, verified; next: yard deploy"
    )


def flash(port: str, firmware: str, sha256: str | None, erase: bool, baud: int) -> Result:
    """Write a firmware file, or a version of MicroPython, and compare what the flash holds.

    erase: the whole flash first; files on the board are lost.

    Raises:
        Fault: no chip answers, the file is not for it, or the flash holds something else then.
    """
    if not micropython.is_version(firmware) and not Path(firmware).is_file():
        raise Fault(f"{firmware}: no such file, and no version such as {micropython.DEFAULT}")
    quiet = _quiet()
    with _connected(port, baud) as esp:
        chip = str(esp.CHIP_NAME)
        size = cmds.detect_flash_size(esp) or "4MB"
        file = micropython.find(firmware, chip, sha256)
        image = file.read_bytes()
        start = micropython.address(image, chip, esp.IMAGE_CHIP_ID, esp.BOOTLOADER_FLASH_OFFSET)
        if start + len(image) > int(size.removesuffix("MB")) << 20:
            raise Fault(f"{file} has {len(image)} bytes, the flash {size}")
        with bar("write", 100) as did:
            quiet.written = _percent(did)
            cmds.write_flash(esp, [(start, image)], erase_all=erase)
        cmds.verify_flash(esp, [(start, image)])
        cmds.reset_chip(esp, "hard-reset")
    return Result(port, chip, size, file.name, start, len(image), erase)


def _percent(did: Callable[[int], None]) -> Callable[[int, int], None]:
    """Return what turns esptool's count into steps of a bar of 100."""
    shown = 0

    def written(count: int, total: int) -> None:
        nonlocal shown
        now = 100 * count // max(total, 1)
        did(now - shown)
        shown = now

    return written


@contextlib.contextmanager
def _connected(port: str, baud: int) -> Iterator[Any]:
    """Give the chip with its flash, ready to be written.

    esptool's errors, of some lines, become a Fault of one.
    """
    try:
        with cmds.detect_chip(port, ROM_BAUD) as found:
            esp = cmds.run_stub(found)
            if baud != ROM_BAUD:
                esp.change_baud(baud)
            cmds.attach_flash(esp)
            yield esp
    except (FatalError, serial.SerialException, OSError) as error:
        reason = printable(str(error).partition("\n")[0])
        if "Failed to connect" in reason:
            reason = "no chip answers; hold the button BOOT while it connects, use a data cable"
        raise Fault(f"{port}: {reason}") from error
