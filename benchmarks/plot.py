# SPDX-License-Identifier: MIT
# mypy: disable-error-code="import-not-found,import-untyped,no-any-unimported"
"""Draws the plot of docs/performance.md: `python plot.py FILE.svg` with the figures on stdin.

Runs in an environment with the requirements of plot.txt.
"""

import json
import math
import sys

import pygal
from pygal.style import Style

_DECADES = (0.1, 1, 10, 100, 1000)  # ms
_COLOURS = ("#2a7ae2", "#e28a2a", "#8a8f98")


def main() -> None:
    """Draw bars on a logarithmic axis; a time that never came to an end has no bar."""
    figures = json.load(sys.stdin)
    style = Style(background="white", plot_background="white", colors=_COLOURS)
    chart = pygal.Bar(
        style=style,
        js=[],
        logarithmic=True,
        range=(_DECADES[0], _DECADES[-1]),
        zero=_DECADES[0],
        y_labels=_DECADES,
        title="Command to last state, ms (QoS 0, logarithmic; less is better)",
        legend_at_bottom=True,
        print_values=True,
        value_formatter=lambda ms: f"{ms:.3g}",
        width=900,
        height=440,
        disable_xml_declaration=True,
    )
    chart.x_labels = figures["labels"]
    for name, values in figures["series"].items():
        chart.add(name, [value if math.isfinite(value) else None for value in values])
    chart.render_to_file(sys.argv[1])


main()
