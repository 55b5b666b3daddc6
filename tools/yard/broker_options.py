# SPDX-License-Identifier: MIT
"""What commands ask for to reach a broker and a node there."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Annotated, Any

import typer

from yard.broker_address import BrokerAddress
from yard.fault import Fault

PASSWORD_VARIABLE = "YARD_MQTT_PASSWORD"
MQTT_PORT = 18830  # of `yard sim`; not 1883, where a broker of the person's own may listen

Host = Annotated[str, typer.Option(help="The broker's name or address.")]
BrokerPort = Annotated[int, typer.Option(min=1, max=65535, help="The broker's port.")]
User = Annotated[
    str,
    typer.Option(
        help=f"User name at the broker. The password is ${PASSWORD_VARIABLE}, or is asked for."
    ),
]
Home = Annotated[str, typer.Option(help="First part of the topics: MQTT_HOME.")]
Node = Annotated[
    str | None, typer.Argument(help="Id of the node; without it the only one that is online.")
]


def broker(
    host: Host = "127.0.0.1", port: BrokerPort = MQTT_PORT, user: User = ""
) -> BrokerAddress:
    """Return where the broker is; asks for the password of the user, if there is one.

    Raises:
        Fault: there is a user and nobody to ask.
    """
    return BrokerAddress(host, port, user, _password(user) if user else "")


def at_broker(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `broker` in place of its parameter of that name."""
    options = signature(broker).parameters
    own = signature(command)

    @wraps(command)
    def run(**arguments: Any) -> None:
        address = broker(**{name: arguments.pop(name) for name in options})
        command(broker=address, **arguments)

    others = [parameter for name, parameter in own.parameters.items() if name != "broker"]
    # An option has a default, so it stands behind what has none.
    needed = [parameter for parameter in others if parameter.default is parameter.empty]
    rest = [parameter for parameter in others if parameter not in needed]
    shown = own.replace(parameters=[*needed, *options.values(), *rest])
    vars(run)["__signature__"] = shown  # which typer makes the command line of
    return run


def _password(user: str) -> str:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is not None:
        return password
    if not sys.stdin.isatty():
        raise Fault(f"no terminal to ask for the password of {user}: set {PASSWORD_VARIABLE}")
    return str(typer.prompt(f"Password of {user}", hide_input=True, err=True))
