# SPDX-License-Identifier: MIT
"""Model of the DHT22, also called AM2302 (data sheet of Aosong)."""


class DHT22:
    """One sensor, wired to a native pin.

    Attributes:
        temperature, humidity: of the air, in degrees Celsius and percent.
        damaged: let the checksum be wrong.
        powered: False: it does not answer.
    """

    def __init__(self, temperature: float = 20.0, humidity: float = 50.0) -> None:
        self.temperature = temperature
        self.humidity = humidity
        self.damaged = False
        self.powered = True

    def exchange(self, request: bytes) -> bytes:
        """Return the 40 bits that follow a start signal, nothing when it does not answer."""
        if not self.powered:
            return b""
        tenths = round(abs(self.temperature) * 10)
        sign = 0x8000 if self.temperature < 0 else 0
        data = round(self.humidity * 10).to_bytes(2, "big") + (sign | tenths).to_bytes(2, "big")
        checksum = sum(data) & 0xFF
        return data + bytes((checksum ^ (1 if self.damaged else 0),))
