# SPDX-License-Identifier: MIT
"""From the settings to a network and a session. Used once, at start."""

from binascii import a2b_base64

from import_once import import_once

# What settings say to node/wifi.py and its like, in the order of config_example.py.
_OF_WIFI = "WIFI_HOSTNAME WIFI_COUNTRY WIFI_STRONGEST STATIC_ADDRESS ETHERNET FAILED_JOINS"


def set_up(node):
    """Give `node` its `session` and, where the MQTT client does not see to it, its `wifi`."""
    import mqtt_as

    from node.session import Session

    client = mqtt_as.MQTTClient(_configure(mqtt_as.config, mqtt_as.MQTTClient, node))
    if not hasattr(client, "publish_nowait"):
        from node.plain_client import PlainClient

        client = PlainClient(client, node.spawn)
    node.session = Session(node, client)
    if node.settings.UPDATE_KEY:
        import_once("node.update").begin(node)
    if node.settings.CONFIG_KEY:
        import_once("node.remote_config").begin(node)
    if getattr(client, "JOINS_WIFI", True):
        _tell_unused(node)
    else:
        node.wifi = _network(node)
        node.wifi.on_joined = node.session.network_joined
        node.wifi.on_failed = node.wifi_failed
        node.spawn("wifi", node.wifi.run)


def _tell_unused(node):
    """Name the settings of what the node does not do, since the client joins Wi-Fi."""
    table = import_once("node.settings_args").SETTINGS
    for name in _OF_WIFI.split():
        if getattr(node.settings, name) != table[name]["default"]:
            reason = "has no effect: the mqtt_as of this board joins Wi-Fi by itself"
            node.log.warn("settings", "%s %s", name, reason)


def _network(node):
    """Return the interface to the network that the settings ask for; imports no other."""
    settings = node.settings
    name = settings.WIFI_HOSTNAME or node.id
    if settings.ETHERNET:
        from node.lan import LAN

        return LAN(settings.ETHERNET, settings.STATIC_ADDRESS, name, node.log)
    if settings.WIFI_COUNTRY or settings.WIFI_STRONGEST or settings.STATIC_ADDRESS:
        from node.wifi_tuned import TunedWiFi

        return TunedWiFi(settings, name, node.log)
    from node.wifi import WiFi

    return WiFi(settings.WIFI_SSID, settings.WIFI_PASSWORD, name, node.log)


def _configure(config, client_class, node):
    """Fill the dictionary of mqtt_as. Keys that a client does not know are harmless to it."""
    settings = node.settings
    config["client_id"] = node.id
    config["server"] = settings.MQTT_HOST
    config["port"] = settings.MQTT_PORT
    config["user"] = settings.MQTT_USER
    config["password"] = settings.MQTT_PASSWORD
    config["keepalive"] = settings.MQTT_KEEPALIVE
    config["ssid"] = settings.WIFI_SSID
    config["wifi_pw"] = settings.WIFI_PASSWORD
    # A broker must not store commands for later.
    config["clean_init"] = config["clean"] = True
    # A client that calls `on_message` needs no queue.
    config["queue_len"] = 0 if hasattr(client_class, "publish_nowait") else 16
    config["will"] = (node.base + "available", "offline", True, 1)
    config["packet_limit"] = settings.MQTT_PACKET_LIMIT
    config["awake_ms"] = settings.MQTT_AWAKE_MS
    if settings.MQTT_TLS:
        config["ssl"] = True
        config["ssl_params"] = _tls(node)
    return config


def _tls(node):
    import ssl

    settings = node.settings
    params = {"server_hostname": settings.MQTT_HOST}
    if settings.MQTT_TLS_CA:
        try:
            with open(settings.MQTT_TLS_CA, "rb") as f:
                params["cadata"] = _der(f.read())
        except (OSError, ValueError) as e:
            # Without it no broker is trusted, which is the safe side.
            node.log.error("settings", "MQTT_TLS_CA: cannot use %s: %s", settings.MQTT_TLS_CA, e)
    if settings.MQTT_TLS_VERIFY:
        params["cert_reqs"] = ssl.CERT_REQUIRED
    return params


def _der(certificate):
    """Return a certificate as DER, the form that every MicroPython reads.

    Raises ValueError when there is none.
    """
    _, begin, text = certificate.partition(b"-----BEGIN CERTIFICATE-----")
    der = a2b_base64(text.partition(b"-----END")[0]) if begin else certificate
    if not der.startswith(b"\x30"):
        raise ValueError("it is no certificate")
    return der
