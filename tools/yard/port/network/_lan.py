# SPDX-License-Identifier: MIT
"""`network.LAN` as on the ESP32. The simulated board has a LAN8720 at address 1."""

import board_link

from network._constants import PHY_KSZ8081, PHY_LAN8720

_ADDRESS = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_PHY_ADDRESS = 1

_instance = None


class LAN:
    """The Ethernet interface; it exists once. Attribute `cable`: whether it is plugged in."""

    def __new__(cls, id=0, **settings):
        global _instance
        if id != 0:
            raise ValueError("invalid LAN interface identifier")
        if _instance is None:
            lan = object.__new__(cls)
            lan._set_up(**settings)
            _instance = lan
        return _instance

    def _set_up(self, *, mdc, mdio, phy_addr, phy_type, power=None, ref_clk=None, ref_clk_mode=-1):
        if not 0 <= phy_addr <= 31:
            raise ValueError("invalid phy address")
        if not 0 <= phy_type <= PHY_KSZ8081:
            raise ValueError("invalid phy type")
        for pin in (mdc, mdio):
            if isinstance(pin, int):
                raise ValueError("expecting a pin")
        if phy_addr != _PHY_ADDRESS or phy_type != PHY_LAN8720:
            raise OSError("esp_eth_driver_install failed")
        self._active = False
        self._static = None
        self.cable = True

    def active(self, *is_active):
        """Return whether the interface is on, or switch it."""
        if is_active:
            self._active = bool(is_active[0])
        return self._active

    def isconnected(self):
        """Return whether there is a link and an address."""
        return self._active and self.cable

    def ifconfig(self, *settings):
        """Return (address, netmask, gateway, DNS server), or set them; "dhcp" for automatic."""
        if not settings:
            return self._static or (_ADDRESS if self.isconnected() else _NO_ADDRESS)
        self._static = None if settings[0] == "dhcp" else tuple(settings[0])


def _forget():
    global _instance
    _instance = None


board_link.at_fresh_board(_forget)
