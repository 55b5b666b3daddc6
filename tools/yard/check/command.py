# SPDX-License-Identifier: MIT
"""The command line of `yard check`."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    components: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="components.json; or _order.json, with the folder components beside it; or "
            "components.py.",
        ),
    ],
    config: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="config.py."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per fault, for scripts.")
    ] = False,
) -> None:
    """Find all faults of a configuration without a board.

    Checks every argument against its description and loads all components with the firmware
    itself.

    A fault is one line: file:line:column: component.key: what is wrong; what is right. Status 1
    if there is one.
    """
    from yard.check.run import run

    raise typer.Exit(run(components, config, as_json=json))
