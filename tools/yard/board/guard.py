# SPDX-License-Identifier: MIT
"""Who may use the board's HTTP interface.

On loopback everybody on this computer may, but no page of another site in somebody's browser: such
a page is told by the `Origin` that browsers send, and one that hides behind a host name of its own
by `Host`. On other interfaces a key is asked for, too.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

COOKIE = "yard_key"
SHORTEST_KEY = 8

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Return whether an address or name is that of this computer for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def guard(key: str) -> Middleware:
    """Return what lets only those in who may.

    key: "" on loopback; else what a request must bring: as `?key=` (a browser then gets a cookie
    and keeps the address without it), as a cookie, or as `Authorization: Bearer`.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        _refuse_other_sites(request, any_host=bool(key))
        if key and not _has_key(request, key):
            raise web.HTTPForbidden(text="the key is missing or wrong: open the URL with ?key=")
        if key and request.method == "GET" and "key" in request.query:
            answer = web.HTTPFound(request.path)
            answer.set_cookie(COOKIE, key, httponly=True, samesite="Strict")
            raise answer
        return await handler(request)

    return check


def _refuse_other_sites(request: web.Request, any_host: bool) -> None:
    host = urlsplit(f"//{request.host}").hostname or ""
    if not any_host and not is_loopback(host):
        raise web.HTTPForbidden(text=f"this is not {request.host}: use 127.0.0.1 or localhost")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise web.HTTPForbidden(text=f"pages of {origin} may not do this")


def _has_key(request: web.Request, key: str) -> bool:
    given = (
        request.query.get("key"),
        request.cookies.get(COOKIE),
        request.headers.get("Authorization", "").removeprefix("Bearer "),
    )
    return any(hmac.compare_digest(one.encode(), key.encode()) for one in given if one)
