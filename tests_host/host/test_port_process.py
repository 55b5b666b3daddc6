# SPDX-License-Identifier: MIT
"""tools/yard/port in a process of its own, wired to a board in this one."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from yard.board.link import Link
from yard.model.board import Board

ROOT = Path(__file__).resolve().parents[2]
PORT = ROOT / "tools" / "yard" / "port"
MICROPYTHON = os.environ.get("MICROPYTHON") or str(Path(sys.executable).with_name("micropython"))
LIMIT_S = 30.0  # for what a node does at once, where a computer may stall


class Desk:
    """A board behind a socket, and programs that run on its node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.board = Board([0x20, 0x21], wiring={4: [(0x20, "INTA")]})
        self.bitten: list[float] = []  # time.monotonic() of each bite of the watchdog
        self.link = Link(self.board, str(folder / "board"), self._bite)

    def _bite(self) -> None:
        self.bitten.append(time.monotonic())

    async def start_file(self, path: Path, **variables: str) -> asyncio.subprocess.Process:
        environment = os.environ | {
            "MICROPYPATH": f"{PORT}:.frozen",
            "YARD_LINK": str(self.folder / "board"),
        }
        return await asyncio.create_subprocess_exec(
            MICROPYTHON,
            str(path),
            cwd=self.folder,
            env=environment | variables,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def start(self, program: str) -> asyncio.subprocess.Process:
        path = self.folder / "program.py"
        path.write_text(program)
        return await self.start_file(path)

    async def run(self, program: str) -> tuple[int | None, str]:
        """Run a program to its end; returns its status and output."""
        return await finish(await self.start(program))

    async def run_firmware(self, **files: str) -> tuple[int | None, str]:
        """Run `run.py` with firmware of the given files."""
        firmware = self.folder / "firmware"
        firmware.mkdir(exist_ok=True)
        for name, text in files.items():
            (firmware / f"{name}.py").write_text(text)
        run_py = PORT / "run.py"
        return await finish(await self.start_file(run_py, YARD_FIRMWARE=str(firmware)))


async def finish(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    output, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    return process.returncode, output.decode()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), LIMIT_S)).decode().strip()


async def until(predicate: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not predicate():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


Run = Callable[[Callable[[Desk], Awaitable[None]]], None]


@pytest.fixture
def with_desk(tmp_path: Path) -> Run:
    """Runs an async test with a desk."""

    def _run(test: Callable[[Desk], Awaitable[None]]) -> None:
        async def main() -> None:
            desk = Desk(tmp_path)
            await desk.link.start()
            try:
                await test(desk)
            finally:
                await desk.link.stop()

        asyncio.run(main())

    return _run


def test_transfers_and_their_errors_cross_the_link(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        desk.board.bus.nack.add(0x21)
        status, output = await desk.run("""
import errno
from machine import I2C, Pin
i2c = I2C(0, scl=Pin(22), sda=Pin(21), freq=100_000)
print(i2c.scan())
i2c.writeto_mem(0x20, 0x00, b"\\xf0\\x0f")
print(i2c.readfrom_mem(0x20, 0x00, 2), i2c.readfrom_mem(0x20, 0x00, 250)[-1])
print(i2c.writeto(0x20, bytes(200)))
try:
    i2c.readfrom_mem(0x21, 0, 1)
except OSError as e:
    print(e.errno == errno.ENODEV)
""")
        assert output.splitlines() == ["[32]", r"b'\xf0\x0f' 0", "200", "True"]
        assert status == 0
        assert desk.board.bus.frequency == 100_000

    with_desk(test)


def test_a_stuck_bus_times_out_and_is_clocked_free(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        desk.board.bus.stuck_sda = desk.board.bus.clearable = True
        _, output = await desk.run("""
import errno
from machine import I2C, Pin
from time import ticks_diff, ticks_us
i2c = I2C(0, scl=Pin(22), sda=Pin(21), timeout=20_000)
started = ticks_us()
try:
    i2c.readfrom_mem(0x20, 0, 1)
except OSError as e:
    print(e.errno == errno.ETIMEDOUT, ticks_diff(ticks_us(), started) >= 20_000)
scl = Pin(22, Pin.OPEN_DRAIN, value=1)
sda = Pin(21, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
print(sda())
for _ in range(9):
    scl(0)
    scl(1)
print(I2C(0).scan())
""")
        assert output.splitlines() == ["True True", "0", "[32, 33]"]

    with_desk(test)


def test_nothing_is_allocated_on_the_way(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        _, output = await desk.run("""
import gc
from machine import I2C, Pin, WDT
i2c, pin, out, watchdog = I2C(0), Pin(4), Pin(5, Pin.OUT), WDT(timeout=60_000)
buffer = bytearray(2)
def all_kinds():
    i2c.readfrom_mem_into(0x20, 0x12, buffer)
    i2c.writeto_mem(0x20, 0x14, buffer)
    i2c.writeto(0x20, buffer)
    i2c.readfrom_into(0x20, buffer)
    pin.value()
    out.value(1)
    watchdog.feed()
def measure():
    all_kinds()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        all_kinds()
    return gc.mem_alloc() - before
print(measure())
""")
        assert output.split() == ["0"]

    with_desk(test)


def test_pins_analog_inputs_and_pulses_cross_the_link(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        desk.board.analog[34] = 0x1234
        desk.board.drive_pin(13, 1)
        process = await desk.start(
            """
import machine, sys
from machine import ADC, PWM, Pin
print(Pin(13, Pin.IN).value(), ADC(34).read_u16(), machine.unique_id())
Pin(5, Pin.OUT, value=1)
PWM(12, freq=1000, duty_u16=0x4000)
print(machine.reset_cause() == machine.PWRON_RESET)
sys.stdin.read()
"""
        )
        assert await line(process) == rf"1 {0x1234} b'$o(\x00\x00\x01'"
        assert await line(process) == "True"
        assert desk.board.pin_read(5) == 1
        assert desk.board.pin(12).pwm == (1000, 0x4000)
        process.kill()
        await process.wait()
        await until(lambda: not desk.link.node_running)
        assert desk.board.pin_read(5) == 0

    with_desk(test)


ANSWERING = """
import asyncio
from machine import Pin
flag = asyncio.ThreadSafeFlag()
out = Pin(5, Pin.OUT)
button = Pin(13, Pin.IN)
button.irq(lambda pin: flag.set())
async def main():
    print("ready")
    while True:
        await flag.wait()
        out.value(button.value())
asyncio.run(main())
"""


def wakes(process: asyncio.subprocess.Process) -> int:
    """How often a process has gone to sleep so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (count,) = re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)
    return int(count)


def test_a_change_on_the_board_wakes_a_sleeping_node_at_once(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        process = await desk.start(ANSWERING)
        assert await line(process) == "ready"
        delays, waits = [], []
        answers: asyncio.Queue[int] = asyncio.Queue()

        def changed(gpio: int, level: int) -> None:
            if gpio == 5:
                answers.put_nowait(level)

        desk.board.pin_listeners.append(changed)
        for level in [1, 0] * 8:
            before = wakes(process)
            await asyncio.sleep(0.2)
            started = time.perf_counter()
            desk.board.drive_pin(13, level)
            assert await asyncio.wait_for(answers.get(), LIMIT_S) == level
            delays.append(time.perf_counter() - started)
            waits.append(wakes(process) - before)
        process.kill()
        await process.wait()
        # It waits for the change and for its requests to the board, but does not look in between,
        # or it would look more often or answer later: so it is the change that wakes it.
        assert statistics.median(waits) <= 8, waits
        assert statistics.median(delays) < 0.03, delays

    with_desk(test)


def test_an_idle_node_sleeps(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        status, output = await desk.run("""
import asyncio, socket
from machine import Pin

def wakes():
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("voluntary_ctxt_switches"):
                return int(line.split()[1])

server = socket.socket()
server.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
server.listen(1)
flag = asyncio.ThreadSafeFlag()
Pin(13, Pin.IN).irq(lambda pin: flag.set())

async def readable():
    yield asyncio.core._io_queue.queue_read(server)

async def main():
    tasks = asyncio.create_task(flag.wait()), asyncio.create_task(readable())
    await asyncio.sleep_ms(10)
    counts = []
    for _ in range(3):
        before = wakes()
        await asyncio.sleep_ms(500)
        counts.append(wakes() - before)
    print(min(counts))  # the computer may fetch memory of the process from its disk meanwhile

asyncio.run(main())
""")
        assert status == 0, output
        assert int(output) < 5

    with_desk(test)


def test_the_station_follows_the_air(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        process = await desk.start("""
import asyncio, network
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("switchyard", "secret")
async def main():
    was = None
    while True:
        if wlan.isconnected() != was:
            was = wlan.isconnected()
            print(was)
        await asyncio.sleep_ms(5)
asyncio.run(main())
""")
        assert await line(process) == "False"
        assert await line(process) == "True"
        desk.board.set_wifi(False)
        assert await line(process) == "False"
        desk.board.set_wifi(True)
        assert await line(process) == "True"
        process.kill()
        await process.wait()

    with_desk(test)


def test_a_watchdog_that_is_not_fed_bites(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        fed = []
        feed = desk.link.watchdog.feed

        def noted() -> None:
            fed.append(time.monotonic())
            feed()

        desk.link.watchdog.feed = noted  # type: ignore[method-assign]
        process = await desk.start("""
import time
from machine import WDT
watchdog = WDT(timeout=200)
for _ in range(10):
    time.sleep_ms(50)
    watchdog.feed()
print("fed")
time.sleep(60)
""")
        assert await line(process) == "fed"
        await until(lambda: bool(desk.bitten))
        process.kill()
        await process.wait()
        assert len(fed) == 1 + 10, "it is fed when it is armed, too"
        (bite,) = desk.bitten
        # A stalled computer may be late with the food, too.
        assert bite - max(when for when in fed if when < bite) >= 0.2

    with_desk(test)


@pytest.mark.parametrize("waiting", ["asyncio.run(asyncio.Event().wait())", "spin()"])
def test_a_node_ends_with_its_board(with_desk: Run, waiting: str) -> None:
    async def test(desk: Desk) -> None:
        process = await desk.start(f"""
import asyncio, time
from machine import Pin
pin = Pin(13, Pin.IN)
def spin():
    while True:
        pin.value()
print("ready")
{waiting}
""")
        assert await line(process) == "ready"
        await desk.link.stop()
        status, _ = await finish(process)
        assert status == 74

    with_desk(test)


def test_boot_then_main_with_the_flash_as_working_directory(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        (desk.folder / "config.py").write_text("NAME = 'flash'\n")
        (desk.folder / "lib").mkdir()
        (desk.folder / "lib" / "package.py").write_text("NAME = 'lib'\n")
        status, output = await desk.run_firmware(
            boot="from micropython import alloc_emergency_exception_buf as f\nprint('boot', f(9))",
            main="import config, package\nprint(__name__, config.NAME, package.NAME)",
        )
        assert output.split() == ["boot", "None", "__main__", "flash", "lib"]
        assert status == 0

    with_desk(test)


@pytest.mark.parametrize(
    ("main", "status"),
    [
        ("import machine\nmachine.reset()", 75),
        ("import machine\nmachine.deepsleep(10)", 76),
        ("raise ValueError('broken')", 70),
        ("raise KeyboardInterrupt", 130),
        ("def", 70),
    ],
)
def test_how_main_ends_is_the_exit_status(with_desk: Run, main: str, status: int) -> None:
    async def test(desk: Desk) -> None:
        ended, output = await desk.run_firmware(boot="", main=main)
        assert ended == status
        if status == 70:
            assert "main.py" in output

    with_desk(test)


def test_a_node_that_slept_is_told_so(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        main = "import machine\nprint(machine.reset_cause())\nmachine.deepsleep(1)"
        causes = [(await desk.run_firmware(boot="", main=main))[1] for _ in range(2)]
        assert causes == ["1\n", "4\n"]

    with_desk(test)


def test_reset_from_a_task_gets_through_to_the_supervisor(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        status, output = await desk.run_firmware(
            boot="",
            main="""
import asyncio, machine
async def task():
    try:
        await asyncio.sleep_ms(1)
        machine.reset()
    finally:
        print("finally")
async def main():
    t = asyncio.create_task(task())
    await asyncio.sleep(60)
try:
    asyncio.run(main())
finally:
    asyncio.new_event_loop()
""",
        )
        assert (status, output.split()) == (75, ["finally"])

    with_desk(test)


def test_a_broken_boot_does_not_keep_main_from_running(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        status, output = await desk.run_firmware(boot="1 // 0", main="print('main')")
        assert "ZeroDivisionError" in output
        assert output.split()[-1] == "main"
        assert status == 0

    with_desk(test)


def test_the_second_start_is_a_reset(with_desk: Run) -> None:
    async def test(desk: Desk) -> None:
        main = "import machine\nprint(machine.reset_cause())"
        causes = [(await desk.run_firmware(boot="", main=main))[1].strip() for _ in range(2)]
        assert causes == ["1", "2"]

    with_desk(test)
