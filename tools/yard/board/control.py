# SPDX-License-Identifier: MIT
"""HTTP control interface of the board; `yard.board.guard` says who may use it.

    GET  /chips                      {"chips": {"0x20": {...}}, "bus": {...}}
    GET  /latches                    {"latches": [[monotonic ns, "0x20", 16 bits], ...]}: the
                                     latest changes of output latches of MCP23017
    PUT  /chips/<addr>/pins/<n>      {"level": 0 | 1 | null}; answers with the chip
    POST /chips/<addr>/power         {"on": true | false}; answers with the chip
    POST /bus                        {"nack": [addr...], "stuck_sda": bool, "clearable": bool},
                                     each optional; answers with the bus
    GET  /node                       {"running": bool, "wifi": bool, "reset_cause": n,
                                     "pins": {...}, "watchdog": {...}}
    POST /node                       {"wifi": bool} or {"reset": true}; answers with the node
    PUT  /pins/<gpio>                {"level": 0 | 1 | null}; answers with the pin
    POST /lines/<gpio>               {"cut": bool}: the wire from the INT outputs to the node;
                                     answers with the line
    GET  /sensors                    {"sensors": {"<name>": {...}}}
    PUT  /sensors/<name>             attributes such as {"temperature": 21.5, "powered": true};
                                     answers with the sensor

An address is a number, or text in decimal or hexadecimal. `clearable` lets nine clocks from the
node free a stuck bus. A request that makes no sense is answered with 400, an address without a
chip with 404, both with {"error": "..."}; nothing has been changed then.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from yard.board.guard import Handler, guard
from yard.board.latches import LatchHistory
from yard.board.link import Link
from yard.board.rows import address_text, bus_row, chip_row, line_row, node_row, pin_row
from yard.board.sensors import change, sensor_row
from yard.model.board import Board
from yard.model.bus import FIRST_ADDRESS, LAST_ADDRESS

_LARGEST_BODY = 4096  # bytes; the longest sensible request is a list of a few addresses

Fields = dict[str, Any]


class Control:
    """The web application.

    Args:
        board: what is controlled.
        link: the node's connection to it.
        on_reset: carries out a hard reset of the node.
        key: as for `guard`.
    """

    def __init__(
        self, board: Board, link: Link, on_reset: Callable[[], Awaitable[None]], key: str = ""
    ) -> None:
        self._board = board
        self._link = link
        self._on_reset = on_reset
        self._latches = LatchHistory(board)
        self.application = web.Application(
            client_max_size=_LARGEST_BODY, middlewares=[_errors_as_json, guard(key)]
        )
        self.application.add_routes(
            [
                web.get("/chips", self._get_chips),
                web.get("/latches", self._get_latches),
                web.put("/chips/{address}/pins/{pin}", self._put_chip_pin),
                web.post("/chips/{address}/power", self._post_power),
                web.post("/bus", self._post_bus),
                web.get("/node", self._get_node),
                web.post("/node", self._post_node),
                web.put("/pins/{gpio}", self._put_pin),
                web.get("/sensors", self._get_sensors),
                web.put("/sensors/{name}", self._put_sensor),
                web.post("/lines/{gpio}", self._post_line),
            ]
        )

    async def _get_chips(self, _request: web.Request) -> web.Response:
        chips = {address_text(address): chip_row(self._board, address) for address in self._chips}
        return web.json_response({"chips": chips, "bus": bus_row(self._board)})

    async def _get_latches(self, _request: web.Request) -> web.Response:
        return web.json_response({"latches": list(self._latches.entries)})

    async def _put_chip_pin(self, request: web.Request) -> web.Response:
        address = self._chip_address(request)
        pin = _number(request.match_info["pin"], "pin")
        self._board.chips[address].drive(pin, _level(await fields_of(request, "level")))
        return web.json_response(chip_row(self._board, address))

    async def _post_power(self, request: web.Request) -> web.Response:
        address = self._chip_address(request)
        fields = await fields_of(request, "on")
        self._board.chips[address].power(boolean(fields, "on"))
        return web.json_response(chip_row(self._board, address))

    async def _post_bus(self, request: web.Request) -> web.Response:
        bus = self._board.bus
        fields = await fields_of(request, "nack", "stuck_sda", "clearable")
        nack = _addresses(fields["nack"]) if "nack" in fields else bus.nack
        stuck_sda = boolean(fields, "stuck_sda") if "stuck_sda" in fields else bus.stuck_sda
        clearable = boolean(fields, "clearable") if "clearable" in fields else bus.clearable
        bus.nack, bus.stuck_sda, bus.clearable = nack, stuck_sda, clearable
        return web.json_response(bus_row(self._board))

    async def _get_node(self, _request: web.Request) -> web.Response:
        return web.json_response(node_row(self._board, self._link))

    async def _post_node(self, request: web.Request) -> web.Response:
        fields = await fields_of(request, "wifi", "reset")
        if "reset" in fields and fields["reset"] is not True:
            raise ValueError(f"reset: must be true, not {json.dumps(fields['reset'])}")
        if "wifi" in fields:
            self._board.set_wifi(boolean(fields, "wifi"))
        if "reset" in fields:
            await self._on_reset()
        return web.json_response(node_row(self._board, self._link))

    async def _put_pin(self, request: web.Request) -> web.Response:
        gpio = _number(request.match_info["gpio"], "gpio")
        self._board.drive_pin(gpio, _level(await fields_of(request, "level")))
        return web.json_response(pin_row(self._board, gpio))

    async def _post_line(self, request: web.Request) -> web.Response:
        gpio = _number(request.match_info["gpio"], "gpio")
        fields = await fields_of(request, "cut")
        self._board.cut_line(gpio, boolean(fields, "cut"))
        return web.json_response(line_row(self._board, gpio))

    async def _get_sensors(self, _request: web.Request) -> web.Response:
        rows = {name: sensor_row(sensor) for name, sensor in self._board.sensors.items()}
        return web.json_response({"sensors": rows})

    async def _put_sensor(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        sensor = self._board.sensors.get(name)
        if sensor is None:
            raise web.HTTPNotFound(text=f"there is no sensor {name}")
        fields = await fields_of(request, *sensor_row(sensor))
        return web.json_response(change(sensor, fields))

    @property
    def _chips(self) -> list[int]:
        return sorted(self._board.chips)

    def _chip_address(self, request: web.Request) -> int:
        address = _number(request.match_info["address"], "address")
        if address not in self._board.chips:
            there = ", ".join(address_text(known) for known in self._chips)
            raise web.HTTPNotFound(text=f"there is no chip at 0x{address:02x}, only at {there}")
        return address


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPRequestEntityTooLarge:
        text = f"the body must not exceed {_LARGEST_BODY} bytes"
        return web.json_response({"error": text}, status=400)
    except web.HTTPClientError as error:
        return web.json_response({"error": error.text}, status=error.status)


async def fields_of(request: web.Request, *known: str) -> Fields:
    """Return the JSON object in the body; at least one key, none but the known ones."""
    try:
        fields = json.loads(await request.read())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict) or not fields:
        raise ValueError(f"the body must be an object with {' or '.join(known)}")
    for key in fields:
        if key not in known:
            raise ValueError(f"{key}: unknown key, must be {' or '.join(known)}")
    return fields


def boolean(fields: Fields, key: str) -> bool:
    """Return a value that must be true or false."""
    value = fields[key]
    if not isinstance(value, bool):
        raise ValueError(f"{key}: must be true or false, not {json.dumps(value)}")
    return value


def _level(fields: Fields) -> int | None:
    level = fields["level"]
    if level is None or (type(level) is int and level in (0, 1)):
        return level
    raise ValueError(f"level: must be 0, 1 or null, not {json.dumps(level)}")


def _number(text: str, what: str) -> int:
    """Read a number from a path, decimal or hexadecimal."""
    try:
        return int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        raise ValueError(f"{what}: must be a number, not {text!r}") from None


def _addresses(value: object) -> set[int]:
    if not isinstance(value, list):
        raise ValueError("nack: must be a list of addresses")
    addresses = set()
    for entry in value:
        address = _number(entry, "nack") if isinstance(entry, str) else entry
        if type(address) is not int or not FIRST_ADDRESS <= address <= LAST_ADDRESS:
            raise ValueError(f"nack: must hold addresses 0x08 to 0x77, not {json.dumps(entry)}")
        addresses.add(address)
    return addresses
