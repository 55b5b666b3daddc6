# SPDX-License-Identifier: MIT
"""Arguments of `components/machine/status_led.py`."""

from import_once import import_once

ARGS = {"StatusLED": import_once("components.machine.identify_args").ARGS["Identify"]}
