# SPDX-License-Identifier: MIT
"""`yard image`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from yard.bundle import firmware_files
from yard.fault import Fault
from yard.image import filesystem, layout
from yard.image.firmware_file import FirmwareFile, read_firmware
from yard.image.partitions import Partition
from yard.own_files import read_components, read_python
from yard.places import FIRMWARE

_USUAL_AREA = (0x200000, 0x200000)  # address and size on an ESP32 with 4 MB


@dataclass(frozen=True)
class Files:
    """What of a person's own goes into the file system; None is left out."""

    components: Path | None = None
    config: Path | None = None


def make_image(
    firmware: Path, flash_size: int | None, files: Files, output: Path, as_json: bool
) -> None:
    """Write a whole flash for address 0, and tell what lies where.

    flash_size: in bytes; None is that of the firmware.

    Raises:
        Fault: a file cannot be used, or does not fit.
    """
    micropython, area, size = _read(firmware, flash_size)
    made = _filesystem(files, area.size)
    _write(output, layout.merge(micropython, area, made.image))
    rows = [asdict(region) for region in layout.regions(micropython, area, made.used)]
    report = {"chip": micropython.chip, "micropython": micropython.version, "flash_size": size}
    _tell(report | {"address": 0, "regions": rows}, made, output, as_json)


def make_filesystem(
    firmware: Path | None, flash_size: int | None, files: Files, output: Path, as_json: bool
) -> None:
    """Write a file system alone, for the place where `firmware` looks for it, and tell its space.

    Without a firmware it is that of an ESP32 with 4 MB, whatever its MicroPython.

    Raises:
        Fault: a file cannot be used, or does not fit.
    """
    offset, size = _USUAL_AREA
    if firmware is not None:
        area = _read(firmware, flash_size)[1]
        offset, size = area.offset, area.size
    made = _filesystem(files, size)
    _write(output, made.image)
    _tell({"address": offset, "regions": []}, made, output, as_json)


def _read(path: Path, flash_size: int | None) -> tuple[FirmwareFile, Partition, int]:
    firmware = read_firmware(path)
    size = flash_size or firmware.flash_size
    return firmware, layout.filesystem_area(firmware, size), size


def _filesystem(files: Files, size: int) -> filesystem.FileSystem:
    own = {}
    if files.config is not None:
        own["config.py"] = read_python(files.config)
    if files.components is not None:
        own["components.json"] = read_components(files.components)
    return filesystem.build(firmware_files(FIRMWARE) | own, size)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from error


def _tell(
    report: dict[str, Any], made: filesystem.FileSystem, output: Path, as_json: bool
) -> None:
    report |= {"file": str(output), "files": made.files, "used": made.used, "free": made.free}
    if as_json:
        print(json.dumps(report))
        return
    console = Console(highlight=False, soft_wrap=True)
    if report["regions"]:
        version = report["micropython"]
        size = report["flash_size"] >> 20
        console.print(f"{report['chip']} with {size} MB of flash, MicroPython {version}".rstrip())
        console.print(_table(report["regions"]))
    console.print(f"file system: {made.files} files, {_kb(made.used)} used, {_kb(made.free)} free")
    console.print(f"{output} is written; it belongs to address 0x{report['address']:x}")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("address", "size", "used"):
        table.add_column(title, justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(f"0x{row['offset']:06x}", _kb(row["size"]), _kb(row["used"]), row["name"])
    return table


def _kb(size: int) -> str:
    return f"{size / 1024:.0f} KB"
