# SPDX-License-Identifier: MIT
"""The Wi-Fi station with what few nodes need: country, static address, best access point."""

import network

from node.wifi import WiFi


class TunedWiFi(WiFi):
    """settings: has WIFI_COUNTRY, WIFI_STRONGEST and STATIC_ADDRESS, besides name and password."""

    def __init__(self, settings, hostname, log):
        if settings.WIFI_COUNTRY:
            network.country(settings.WIFI_COUNTRY)
        super().__init__(settings.WIFI_SSID, settings.WIFI_PASSWORD, hostname, log)
        self._strongest = settings.WIFI_STRONGEST
        if settings.STATIC_ADDRESS:
            self._station.ifconfig(tuple(settings.STATIC_ADDRESS))

    def _connect(self):
        found = self._find() if self._strongest else None
        if found:
            self._log.info("wifi", "%s with %d dBm is the strongest", self.ssid, found[3])
        # A name that is hidden is not found, but can be joined.
        self._station.connect(self.ssid, self._password, bssid=found[1] if found else None)

    def _find(self):
        """Return the row of `scan` of the strongest access point, None if there is none."""
        name = self.ssid.encode()
        try:
            rows = [row for row in self._station.scan() if row[0] == name]
        except OSError:  # the radio is busy
            return None
        return max(rows, key=_strength) if rows else None


def _strength(row):
    return row[3]
