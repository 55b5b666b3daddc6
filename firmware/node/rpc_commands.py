# SPDX-License-Identifier: MIT
"""What each request of `node/rpc.py` does. Levels are those on the wire, as in the original."""

import asyncio
import json

import bus_jobs
import pin_access
from command_buffer import OFF, ON, PULSE
from import_once import import_once
from micropython import const

_TOGGLE_MS = const(100)
_SETTLED_MS = const(2000)  # until commands put before are waited for no more
_POLL_MS = const(2)
_LONGEST_MS = const(3600000)


async def carry_out(rpc, request):
    """Carry out a request, and answer it now or at the end of its command.

    Raises ValueError with everything that is wrong with it.
    """
    values = _check(rpc.node.components, request)
    try:
        await COMMANDS[request.command][0](rpc, request, **values)
    except OSError:
        raise ValueError("the bus is stuck")


# -- arguments ------------------------------------------------------------------------------


def _check(components, request):
    """Return the arguments of a request as its function wants them."""
    given = request.values
    try:
        _, needed, optional = COMMANDS[request.command]
        faults = []
    except (KeyError, TypeError):
        # What can be said of the rest is said at once.
        needed, optional = (), _KEYS
        faults = ["command: expected one of " + ", ".join(sorted(COMMANDS))]
    if "reg" in needed and "reg" not in given and "pin" in given:
        given["reg"] = given.pop("pin")  # as in the original
    values = {}
    for key in _KEYS:
        value = given.pop(key, None)
        if value is None:
            if key in needed:
                faults.append(key + ": is missing")
        elif key in needed or key in optional:
            try:
                values[key] = _value(components, request.command, key, value, values)
            except ValueError as e:
                faults.append("%s: %s" % (key, e))
        else:
            given[key] = value
    faults += ["%s: no argument of this command" % key[:20] for key in sorted(given)]
    if faults:
        raise ValueError("; ".join(faults))
    return values


def _value(components, command, key, value, before):
    """Return one argument; before: those that were checked already."""
    named = components.get(value) if isinstance(value, str) else None
    if key == "board" and command == "IDENTIFY" and not named:
        return pin_access.in_range(value, 0x20, 0x27, "MCP23017")
    if key == "board":
        return pin_access.find_component(components, value)
    if key == "pin" and "board" in before:
        return pin_access.pin_of(before["board"], value)
    if key == "component":
        if isinstance(value, str):
            return value
        raise ValueError("expected the name of a component")
    if key == "bus":
        if not hasattr(named, "worker"):
            raise ValueError("no I2C bus of that name")
        return named
    return pin_access.in_range(value, *_RANGES[key])


# -- outputs --------------------------------------------------------------------------------


def _put(rpc, request, pin, action, value, ttl, ms=None):
    """Put a command for an output; it is answered at its end, with `value`."""
    left = (ttl or pin_access.ttl_ms(pin)) - request.waited()
    if left <= 0:
        raise ValueError("expired")

    def done(reason):
        rpc.pending.remove(request)
        rpc.answer(request, value, reason)

    request.chip = pin.chip
    rpc.pending.append(request)
    try:
        pin_access.command(pin, action, ms, left, done)
    except ValueError:
        rpc.pending.remove(request)
        raise


async def _set_pin(rpc, request, board, pin, ttl=None):
    level = 1 if request.command == "SETPIN" else 0
    inverted = 1 if pin.chip.inverted & pin.mask else 0
    _put(rpc, request, pin, ON if level ^ inverted else OFF, level, ttl)


async def _toggle(rpc, request, board, pin, ttl=None):
    _put(rpc, request, pin, PULSE, 1, ttl, _TOGGLE_MS)


async def _pulse(rpc, request, board, pin, ttl=None, ms=None):
    _put(rpc, request, pin, PULSE, 1, ttl, ms)


# -- what waits for the commands before it --------------------------------------------------


async def _settle(rpc, request, chip):
    """Wait until the commands for a chip that came before have ended."""
    while getattr(chip, "ready", True) and any(other.chip is chip for other in rpc.pending):
        if request.waited() > _SETTLED_MS:
            raise ValueError("commands before it wait")
        await asyncio.sleep_ms(_POLL_MS)
    if request.waited() > rpc.node.settings.COMMAND_TTL_MS:
        raise ValueError("expired")


async def _read(rpc, request, chip):
    await _settle(rpc, request, chip)
    return await pin_access.read(chip)


async def _get_bit(rpc, request, board, pin):
    seen = await _read(rpc, request, pin.chip)
    rpc.answer(request, 1 if seen[_SEEN[request.command]] & pin.mask else 0)


async def _get_register(rpc, request, board, reg):
    seen = await _read(rpc, request, _with_ports(board))
    rpc.answer(request, seen[_SEEN[request.command]] >> 8 * reg & 0xFF)


async def _turn(rpc, request, board, pin):
    output = request.command == "CLRDBIT"
    chip = _with_ports(board)
    await _settle(rpc, request, chip)
    await board.directions().turn(pin.number, output)
    rpc.answer(request, 0 if output else 1)


def _with_ports(board):
    if not hasattr(board.chip, "bus"):
        raise ValueError("board: only an MCP23017 has this command")
    return board.chip


# -- buses and tables -----------------------------------------------------------------------


async def _identify(rpc, request, board):
    chip = getattr(board, "chip", None)
    if chip:
        found = await bus_jobs.answers(_with_ports(board).bus, chip.address)
        rpc.answer(request, 1 if found else 0)
        return
    found = False
    for bus in _buses(rpc):
        found = found or await bus_jobs.answers(bus.worker, board)
    rpc.answer(request, 1 if found else 0)


def _buses(rpc):
    components = rpc.node.components
    found = [components[name] for name in sorted(components)]
    found = [component for component in found if hasattr(component, "worker")]
    if not found:
        raise ValueError("there is no I2C bus")
    return found


async def _scan(rpc, request, bus=None):
    buses = [bus] if bus else _buses(rpc)
    left = len(buses)
    for component in buses:
        left -= 1
        found = await bus_jobs.scan(component.worker)
        text = (
            '"bus": %s, "left": %d, ' % (json.dumps(component.name), left),
            '"found": %s, ' % json.dumps(["0x%02x" % address for address in found]),
            '"table": %s, ' % json.dumps("\n".join(bus_jobs.table(found))),
        )
        rpc.answer(request, len(found), "", [part.encode() for part in text])


async def _pins(rpc, request, board=None):
    boards = [board] if board else pin_access.with_chips(rpc.node.components)
    if not boards:
        raise ValueError("no component has pins")
    left = len(boards)
    for component in boards:
        left -= 1
        await _answer_pins(rpc, request, component, left)


async def _answer_pins(rpc, request, board, left):
    chip = board.chip
    address = getattr(chip, "address", None)
    seen = None
    reason = ""
    try:
        seen = await _read(rpc, request, chip)
    except ValueError as e:
        reason = str(e)
    head = '"board": %s, "name": %s, "left": %d, "rows": [' % (
        "null" if address is None else '"0x%02x"' % address,
        json.dumps(board.name),
        left,
    )
    pieces = [head.encode()]
    for row in pin_access.rows(board, seen):
        pieces.append((", " if len(pieces) > 1 else "").encode() + json.dumps(row).encode())
    rpc.answer(request, len(pieces) - 1, reason, pieces + [b"], "])


# -- components -----------------------------------------------------------------------------


async def _manage(rpc, request, component):
    """Carry out LOAD, UNLOAD or RELOAD; `datavalue` tells whether the component runs then."""
    manage = import_once("node.manage")
    await getattr(manage, request.command.lower())(rpc.node, component)
    rpc.answer(request, 1 if component in rpc.node.components else 0)


_RANGES = {
    "pin": (0, 15, "pin"),
    "reg": (0, 1, "port"),
    "ms": (1, _LONGEST_MS, "time in ms"),
    "ttl": (1, _LONGEST_MS, "time in ms"),
}
# What of (inputs, levels) a request is for.
_SEEN = {"GETDBIT": 0, "GETDIRREG": 0, "GETPIN": 1, "GETIOREG": 1}
_KEYS = ("board", "bus", "pin", "reg", "ms", "ttl", "component")

# Command -> (function, arguments that it needs, further arguments).
COMMANDS = {
    "IDENTIFY": (_identify, ("board",), ()),
    "GETDBIT": (_get_bit, ("board", "pin"), ()),
    "GETDIRREG": (_get_register, ("board", "reg"), ()),
    "SETDBIT": (_turn, ("board", "pin"), ()),
    "CLRDBIT": (_turn, ("board", "pin"), ()),
    "GETPIN": (_get_bit, ("board", "pin"), ()),
    "GETIOREG": (_get_register, ("board", "reg"), ()),
    "SETPIN": (_set_pin, ("board", "pin"), ("ttl",)),
    "CLRPIN": (_set_pin, ("board", "pin"), ("ttl",)),
    "TOGGLE": (_toggle, ("board", "pin"), ("ttl",)),
    "PULSE": (_pulse, ("board", "pin"), ("ms", "ttl")),
    "SCAN": (_scan, (), ("bus",)),
    "PINS": (_pins, (), ("board",)),
    "LOAD": (_manage, ("component",), ()),
    "UNLOAD": (_manage, ("component",), ()),
    "RELOAD": (_manage, ("component",), ()),
}
