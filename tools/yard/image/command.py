# SPDX-License-Identifier: MIT
"""`yard image` on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from yard.boards.libraries import check


def image(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="File to write.")],
    firmware: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="MicroPython, as https://micropython.org/download has it: ESP32_GENERIC-*.bin.",
        ),
    ] = None,
    components: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The board's components.json.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The board's config.py.")
    ] = None,
    flash_size: Annotated[
        int | None,
        typer.Option(min=1, max=128, help="MB of flash on the board; else that of the firmware."),
    ] = None,
    filesystem: Annotated[
        bool, typer.Option("--filesystem", help="Make the file system alone.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for scripts.")
    ] = False,
) -> None:
    """Make one file of all that a board needs: MicroPython and a file system with the firmware.

    `yard flash --firmware node.bin` writes it, or any tool, at address 0. What the flash held is
    lost.
    """
    check()
    from yard.image.run import Files, make_filesystem, make_image

    files = Files(components, config)
    size = flash_size << 20 if flash_size else None
    if filesystem:
        make_filesystem(firmware, size, files, output, json)
    elif firmware is None:
        raise typer.BadParameter("--firmware is needed, or --filesystem")
    else:
        make_image(firmware, size, files, output, json)
