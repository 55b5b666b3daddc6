# SPDX-License-Identifier: MIT
"""Files of a person's own that go onto a board: read only if a node can read them, too."""

import ast
import io
from pathlib import Path

from yard.fault import Fault
from yard.sim.components import firmware_module


def read_components(file: Path) -> bytes:
    """Return the content of a components.json; comments are none of its faults.

    Raises:
        Fault: no node could read it.
    """
    content = file.read_bytes()
    reader = firmware_module("json_stream")
    try:
        list(reader.members(io.BytesIO(content)))
    except reader.JSONError as error:
        raise Fault(f"{file}, {error}") from None
    return content


def read_python(file: Path) -> bytes:
    """Return the content of a config.py.

    Raises:
        Fault: no node could read it.
    """
    content = file.read_bytes()
    try:
        ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}, line {line}" if line else str(file)
        # Its text may be a password.
        raise Fault(f"{where}: no valid Python; it holds lines such as NODE_ID = 'hall'") from None
    return content
