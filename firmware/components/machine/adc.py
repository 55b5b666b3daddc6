# SPDX-License-Identifier: MIT
"""An analog input of the node's own chip as a sensor."""

from micropython import const

from components.machine.analog import Analog

_ANY = const(1000000000)


class ADC(Analog):
    """One voltage, or what it stands for: `scale` times the volts plus `offset`.

    `adc_args.py` describes the arguments.
    """

    def __init__(
        self,
        pin,
        name=None,
        attenuation="11dB",
        samples=8,
        scale=1,
        offset=0,
        unit="V",
        digits=2,
        device_class=None,
        interval=30,
        threshold=None,
        check_ms=1000,
    ):
        reading = interval if threshold is None else check_ms / 1000
        super().__init__(
            pin, attenuation, samples, interval_reading=reading, interval_publish=interval
        )
        self._scale = scale
        self._threshold = threshold
        described = unit, device_class, digits
        self.measures(device_class, -_ANY, _ANY, None, offset, "value", name, described=described)

    async def read(self):
        return {"value": self.volts() * self._scale}

    async def update(self):
        await super().update()
        quantity = self.quantities["value"]
        value, shown = quantity.value, quantity.shown
        # The first value is published in any case.
        if self._threshold is not None and value is not None and shown is not None:
            if abs(value - shown) >= self._threshold:
                quantity.publish()
