# SPDX-License-Identifier: MIT
"""Outputs of a chain of 74HC595 shift registers, as pins."""

from import_once import import_once
from shift_port import ShiftPort, ShiftRegister

from components.machine.native import NativePins
from node.component import Component


class HC595(Component):
    """One chain; `hc595_args.py` describes the arguments.

    Attribute: `chip`, the ShiftPort, None before `start`.
    """

    chip = None

    def __init__(self, ser, srclk, rclk, pins, oe=None, chips=1, allow_unsafe=False):
        self._wires = (ser, "ser"), (srclk, "srclk"), (rclk, "rclk"), (oe, "oe")
        self._rows = pins
        self._chips = chips
        self._allow_unsafe = allow_unsafe

    async def start(self):
        self._pins = pins = NativePins(self)
        for gpio, key in self._wires:
            if gpio is not None:
                # OE is low when the outputs are driven, which they are not until they have levels.
                level = "on" if key == "oe" else "off"
                pins.output(gpio, key, restore=level, allow_unsafe=self._allow_unsafe)
        self.chip = port = ShiftPort(self._chips, self.node.settings.COMMAND_TTL_MS)
        prepare = import_once("components.devices.pin_rows").prepare
        prepare(self._rows, import_once("components.devices.hc595_args").PIN)
        import_once("components.devices.hc595_table").ShiftTable(self, port).build(self._rows)
        self._rows = None
        pins.start()
        lines = [line.value for line in pins.port.lines]
        port.start(ShiftRegister(lines[0], lines[1], lines[2], len(port.users)).send)
        if len(lines) == 4:
            lines[3](0)
        self.node.spawn("outputs " + self.name, port.run)

    def stop(self):
        """Leave the outputs as they are and give the GPIOs back."""
        self.chip.stop()
        self._pins.stop()

    def pin(self, number):
        """Return a pin of the table, for a reference like `@chain.3`.

        Raises ValueError for every other pin.
        """
        users = self.chip.users
        user = users[number] if 0 <= number < len(users) else None
        if user is None:
            raise ValueError('the table of "%s" does not have it' % self.name)
        return user.pin
