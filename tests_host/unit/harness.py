# SPDX-License-Identifier: MIT
"""Runs the tests of one file under MicroPython and prints one result line per test.

`micropython harness.py FILE [TEST ...]` runs all or the named tests in the order of the file;
`micropython harness.py --list FILE` prints their names. Exit status 1 when a test failed.

A test is a function `test_*` at module level, plain or `async`. Each has a fresh event loop and
a collected heap, and fails on any exception but `Skip`: also on SystemExit, CancelledError and an
exception that a task of it left unhandled. Test files import `raises`, `run_until`,
`allocated` and `Skip`. Time is simulated, see `simulated_time.py`; a file whose tests use sockets
says `SOCKETS = True`.

Output: `::start NAME`, what the test prints and its traceback, then `::pass NAME`,
`::fail NAME` or `::skip NAME REASON`. The pytest collector beside this file reads these lines.
"""

import asyncio
import gc
import sys

# Time limit of an async test in simulated milliseconds; a test file may set it.
limit_ms = 120_000


class Skip(Exception):
    """Raised by a test that cannot run here; the argument is the reason."""


def raises(exception_type, fn, *args):
    """Call `fn(*args)`, which must raise `exception_type`; returns the exception."""
    try:
        fn(*args)
    except exception_type as e:
        return e
    raise AssertionError("%s was not raised" % exception_type.__name__)


async def run_until(predicate, timeout_ms=1000):
    """Let other tasks run until `predicate()` is true; AssertionError after `timeout_ms`."""
    core = asyncio.core
    start = core.ticks()
    while not predicate():
        if core.ticks_diff(core.ticks(), start) > timeout_ms:
            raise AssertionError("still false after %d ms" % timeout_ms)
        await asyncio.sleep_ms(1)


def allocated(use):
    """Return how many bytes `use()` takes when it is called a second time, nothing given back."""
    use()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    use()
    used = gc.mem_alloc() - before
    gc.enable()
    return used


def names(path):
    """Names of the tests in the file at `path`, in the order of the file."""
    found = []
    with open(path) as f:
        for line in f:
            for start in ("def ", "async def "):
                if line.startswith(start + "test_"):
                    found.append(line[len(start) : line.index("(")])
    return found


def uses_sockets(path):
    """Whether the tests in the file at `path` wait for what is outside the process."""
    with open(path) as f:
        return any(line.startswith("SOCKETS = True") for line in f)


class Run:
    """One test: calls it and keeps what went wrong."""

    def __init__(self, test):
        self.test = test
        self.faults = []  # (what happened, exception)

    def __call__(self):
        asyncio.new_event_loop().set_exception_handler(self._task_died)
        gc.collect()
        try:
            result = self.test()
            if result is not None:
                asyncio.run(self._limited(result))
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # noqa: BLE001 - whatever a test raises is its failure
            self.faults.append(("", e))
        finally:
            gc.enable()
            asyncio.new_event_loop()

    async def _limited(self, coroutine):
        inner = asyncio.create_task(self._keep_fault(coroutine))
        try:
            await asyncio.wait_for_ms(inner, limit_ms)
        except asyncio.TimeoutError:
            message = "still running after %d ms; where it waited is shown above" % limit_ms
            self.faults.append(("", AssertionError(message)))

    async def _keep_fault(self, coroutine):
        # Caught here, because raising it again in the awaiting task would lose the traceback.
        try:
            await coroutine
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # noqa: BLE001 - whatever a test raises is its failure
            self.faults.append(("", e))

    def _task_died(self, loop, context):
        self.faults.append(("a task of the test died:", context["exception"]))

    def report(self, name):
        """Print the outcome; true unless the test failed."""
        if not self.faults:
            print("::pass", name)
            return True
        if len(self.faults) == 1 and isinstance(self.faults[0][1], Skip):
            print("::skip", name, self.faults[0][1])
            return True
        for what, e in self.faults:
            if what:
                print(what)
            sys.print_exception(e, sys.stdout)
        print("::fail", name)
        return False


def run_file(path, wanted):
    """Run the tests named in `wanted` (all when empty) of one file; true when all went well."""
    there = names(path)
    missing = [name for name in wanted if name not in there]
    if missing or not there:
        print("no such test in %s: %s" % (path, " ".join(missing) or "test_*"))
        return False
    import simulated_time  # not at the top: CPython, too, imports this module, for some tests

    simulated_time.install(uses_sockets(path))
    folder, _, leaf = ("./" + path if "/" not in path else path).rpartition("/")
    sys.path.insert(0, folder)
    module = __import__(leaf[:-3])
    good = True
    for name in wanted or there:
        print("::start", name)
        run = Run(getattr(module, name))
        run()
        good = run.report(name) and good
    return good


def main(args):
    """Carry out the command line `args`; returns the exit status."""
    if not args or args == ["--list"]:
        print("usage: harness.py FILE [TEST ...] | --list FILE")
        return 2
    if args[0] == "--list":
        print("\n".join(names(args[1])))
        return 0
    return 0 if run_file(args[0], args[1:]) else 1


if __name__ == "__main__":
    # Through an import, so that the `Skip` of the tests and the one caught here are the same.
    import harness

    sys.exit(harness.main(sys.argv[1:]))
