# SPDX-License-Identifier: MIT
# mypy: ignore-errors
"""Runs the firmware on the 32-bit MicroPython and tells what its heap holds. MicroPython code.

`micropython -m node_probe FIRMWARE PORT [trace] [rom=FILE] [holes=BYTES]`. Questions come as lines
on stdin; answers, and what is told unasked, are lines on stdout that begin with `::`.

    trace        tell for each import which modules it brought and what it took
    rom=FILE     the firmware is an image of a ROM file system, mounted at FIRMWARE
    holes=BYTES  leave no free block larger than that, so that a larger request must fail

The modules that stand in for the ESP32's are imported first: what they take is not the node's.
"""

import gc

gc.collect()
_BEFORE = gc.mem_alloc()

import asyncio  # noqa: E402

asyncio.ThreadSafeFlag  # noqa: B018 asyncio imports this part when it is asked for
gc.collect()
ASYNCIO = gc.mem_alloc() - _BEFORE

import builtins  # noqa: E402
import sys  # noqa: E402

import micropython  # noqa: E402

_LINE_END = 10
STANDING_IN = ("board_link", "esp32", "machine", "network", "socket")
_ROOM_FOR_NAMES = 2000  # so many make the interpreter allocate a table for more than that
_BLOCK = 16  # bytes of the smallest allocation


class Imports:
    """Takes the place of `__import__` and tells the memory that is in use around each import."""

    def __init__(self):
        self._import = builtins.__import__
        builtins.__import__ = self

    def __call__(self, *args):
        known = set(sys.modules)
        _tell_use("begin")
        try:
            return self._import(*args)
        finally:
            _tell_use("import", *[name for name in sys.modules if name not in known])


def _tell_use(kind, *words):
    gc.collect()
    used = gc.mem_alloc()
    micropython.qstr_info()
    print("::" + kind, used, *words)


class Probe:
    """Answers the questions. `node`: the running node."""

    def __init__(self):
        self.node = None
        self._line = bytearray(64)
        self._byte = bytearray(1)
        self._started = 0

    async def answer(self):
        """Read and answer questions for ever."""
        stdin = asyncio.StreamReader(sys.stdin.buffer)
        while True:
            size = 0
            while not size or self._line[size - 1] != _LINE_END:
                # One by one, since stdin waits until as much is there as was asked for.
                if not await stdin.readinto(self._byte):
                    return
                self._line[size] = self._byte[0]
                size += 1
            stopped = gc.mem_alloc()
            words = bytes(self._line[: size - 1]).decode().split()
            if words[0] == "stop":
                print("::stop", stopped - self._started)
                gc.enable()
            else:
                await getattr(self, words[0])(*words[1:])

    async def mark(self):
        """Tell what is in use and what is free, and the largest free block (in blocks)."""
        _tell_use("mark", gc.mem_free())
        micropython.mem_info()
        print("::end")

    async def modules(self):
        """Tell which modules are in memory."""
        print("::modules", ",".join(sys.modules))

    async def start(self):
        """Begin to count what is allocated; nothing is collected until `stop`."""
        gc.collect()
        gc.disable()
        print("::start")
        self._started = gc.mem_alloc()

    async def states(self, count):
        """Publish the states of outputs `count` times, by turns."""
        entities = list(self.node.entities.values())
        for i in range(int(count)):
            self.node.state_changed(entities[i % len(entities)])
            await asyncio.sleep_ms(2)

    async def deaf(self):
        """Let the client do nothing with the messages that it receives."""
        self.node.session._client.on_message = _ignore
        print("::deaf")


def _ignore(topic, message, retained):
    pass


def _mount(image, folder):
    import vfs

    with open(image, "rb") as f:
        data = f.read()
    vfs.mount(vfs.VfsRom(data), folder)


def _leave_holes(size):
    """Leave free only holes of `size` bytes, each closed by a block that is never freed."""
    for i in range(_ROOM_FOR_NAMES):
        hasattr(gc, "name%d" % i)  # interns it
    gc.collect()
    posts = [None] * (gc.mem_free() // _BLOCK)
    try:
        for i in range(len(posts)):
            posts[i] = object()  # one block; addresses ascend, since the first free one is taken
    except MemoryError:
        pass
    for i in range(len(posts)):
        if i % (size // _BLOCK + 1):
            posts[i] = None
    return posts


def main(firmware, port, *options):
    """Run the node until the process is ended."""
    settings = dict(option.split("=") if "=" in option else (option, "") for option in options)
    sys.path[:] = ["", port, firmware, ".frozen", firmware + "/lib"]
    if "rom" in settings:
        _mount(settings["rom"], firmware)
    for name in STANDING_IN:
        __import__(name)
    import board_link
    import network

    board_link.link()
    network.WLAN(network.STA_IF).active(True)
    probe = Probe()
    kept = _leave_holes(int(settings["holes"])) if "holes" in settings else None
    _tell_use("base", gc.mem_free(), ASYNCIO)
    if "trace" in settings:
        for name in asyncio._attrs:
            getattr(asyncio, name)  # imports its own parts relatively, which a hook cannot do
        Imports()
    from node import app

    original = app.Node

    def make(settings):
        probe.node = original(settings)
        return probe.node

    app.Node = make
    answering = asyncio.create_task(probe.answer())
    app.run()
    return kept, answering


main(*sys.argv[1:])
