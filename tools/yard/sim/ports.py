# SPDX-License-Identifier: MIT
"""Ports on the loopback interface."""

import asyncio
import os
import socket

from yard.fault import Fault

HOST = "127.0.0.1"
_RETRY_S = 0.02


def claim(port: int, option: str) -> int:
    """Return a port that can be listened on: `port`, or any free one for 0.

    Raises:
        Fault: somebody listens there; `option` is what chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            raise port_fault(port, option, error) from error
        return int(probe.getsockname()[1])


def keep_port() -> socket.socket:
    """Return a socket that keeps a free port of the loopback interface for as long as it exists.

    The system gives the port to nobody else, but who names it and sets SO_REUSEADDR, as brokers
    do, can listen there, on Linux.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((HOST, 0))
    return keeper


def port_fault(port: int, option: str, error: OSError, host: str = HOST) -> Fault:
    """Return what to tell about a port that cannot be had."""
    reason = os.strerror(error.errno or 0).lower()
    return Fault(f"port {port} ({option}) on {host}: {reason}; choose another, or {option} 0")


async def wait_listening(port: int, limit_s: float) -> bool:
    """Wait until somebody accepts connections; return False when the time is over."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(_RETRY_S)
        else:
            writer.close()
            return True
    return False
