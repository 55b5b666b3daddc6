# SPDX-License-Identifier: MIT
"""How a component MCP23017 starts. Not kept in memory."""

from expander import Expander
from import_once import import_once

from node.component import ConfigError


def start(component, i2c, address, rows, poll_ms, ttl, int_pin, safety_poll, port):
    """Give `component` its chip with all that its table says. The arguments are its own."""
    node = component.node
    name = component.name
    ttl = ttl or node.settings.COMMAND_TTL_MS
    component.chip = chip = Expander(i2c.worker, name, address, poll_ms, ttl)
    add(component, i2c.worker, chip)
    if port:
        from components.entities.port import Port

        node.add_entity(component, Port(chip))
    prepare(rows)
    import_once("components.devices.pin_table").PinTable(component, chip).build(rows)
    if node.kept("directions " + name):
        component.directions().restore()
    complete(component, chip, int_pin, safety_poll)


def prepare(rows):
    """Prepare the rows of the pin table; a function of its own, so that all it needs goes."""
    spec = import_once("components.devices.mcp23017_args").PIN
    import_once("components.devices.pin_rows").prepare(rows, spec)


def add(component, bus, chip):
    """Have the BusWorker `bus` serve the chip."""
    try:
        bus.add(chip)
    except ValueError as e:
        component.chip = None
        raise ConfigError(str(e), "address")


def complete(component, chip, int_pin, safety_poll):
    """See to the inputs of a chip, if it has any, and to its availability."""
    if chip.inputs:
        inputs = import_once("components.devices.inputs")
        inputs.set_up(component, chip, int_pin, safety_poll)
    chip.on_online = component.online_changed
