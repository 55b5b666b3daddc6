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
asyncio.StreamReader  # noqa: B018 the probe's own; the node has no use for this part

import builtins  # noqa: E402
import sys  # noqa: E402

import micropython  # noqa: E402

_LINE_END = 10
STANDING_IN = ("board_link", "esp32", "machine", "network", "socket")
_NAMES = 2600  # so many make the interpreter allocate a table that has room for the node's
_AT_ONCE = 4  # of those names
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
    """Tell what is in use and what is free, the names first."""
    gc.collect()
    used = gc.mem_alloc()
    micropython.qstr_info()
    print("::" + kind, used, gc.mem_free(), *words)


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
        _tell_use("mark")
        micropython.mem_info()
        print("::end")

    async def expected(self):
        """Tell how many entities have a state, or will have one when they have measured."""
        count = 0
        for entity in self.node.entities.values():
            told = entity.platform == "sensor" or entity.state() is not None
            if told and entity.leaf == b"/state":
                count += 1
        print("::expected", count)

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
        """Publish `count` states, one per pass of the loop; tell what that allocated."""
        entities = list(self.node.entities.values())
        count = int(count)
        gc.collect()
        gc.disable()
        started = gc.mem_alloc()
        for i in range(count):
            self.node.state_changed(entities[i % len(entities)])
            await asyncio.sleep_ms(1)
        print("::states", gc.mem_alloc() - started)
        gc.enable()

    async def deaf(self):
        """Let the client do nothing with the messages that it receives."""
        self.node.session.client.on_message = _ignore
        print("::deaf")


def _ignore(topic, message, retained):
    pass


def _mount(image, folder):
    import vfs

    with open(image, "rb") as f:
        data = f.read()
    vfs.mount(vfs.VfsRom(data), folder)


def _make_room_for_names():
    """Have the table of names grown now; with our names in it, it grows in larger steps."""
    for i in range(_NAMES):
        hasattr(gc, "n%d" % i)  # interns it
        if not i % _AT_ONCE:
            gc.collect()  # else the texts leave holes between what the names take


def _leave_holes(size):
    """Leave free only holes of `size` bytes, each closed by a block that is never freed."""
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
    # As on a board: the path of each module is kept as a name, so it must be as short as there.
    lib = firmware + "/lib" if "rom" in settings else "lib"
    sys.path[:] = ["", port, firmware, ".frozen", lib]
    if "rom" in settings:
        _mount(settings["rom"], firmware)
    for name in STANDING_IN:
        __import__(name)
    import board_link
    import network

    board_link.link()
    network.WLAN(network.STA_IF).active(True)
    _make_room_for_names()
    probe = Probe()
    kept = _leave_holes(int(settings["holes"])) if "holes" in settings else None
    _tell_use("base", ASYNCIO)
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
