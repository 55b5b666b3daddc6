# SPDX-License-Identifier: MIT
"""The command line of `yard new`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from yard.new.component import PROGRAM, write_component, write_program

new = typer.Typer(no_args_is_help=True, help="Write a template that runs, to be changed.")


class Kind(StrEnum):
    """What `yard new component` can write."""

    SENSOR = "sensor"
    SWITCH = "switch"
    COMPONENT = "component"
    PROGRAM = PROGRAM


@new.callback()
def _group() -> None:
    """Keeps `component` a command of its own as long as it is the only one."""


@new.command()
def component(
    name: Annotated[str, typer.Argument(help="Such as cellar_door: the name of the module.")],
    kind: Annotated[
        Kind,
        typer.Option(help="What to begin with; components.py is a configuration as a program."),
    ] = Kind.COMPONENT,
    folder: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Where; else its place in firmware/components, for components.py this folder.",
        ),
    ] = None,
) -> None:
    """Write a component that runs, and its description; print a components.json that tries it."""
    if kind is Kind.PROGRAM:
        program = write_program(name, folder or Path())
        _say_written([program])
        typer.echo(f"try it: yard sim --components {program}", err=True)
    else:
        paths, example = write_component(name, kind, folder)
        _say_written(paths)
        typer.echo("a components.json that tries it:", err=True)
        typer.echo(example)


def _say_written(paths: list[Path]) -> None:
    for path in paths:
        near = path.is_relative_to(Path.cwd())
        typer.echo(f"written: {path.relative_to(Path.cwd()) if near else path}", err=True)
