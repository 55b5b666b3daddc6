# SPDX-License-Identifier: MIT
"""From the node's settings to the configuration dictionary of mqtt_as. Used once, at start."""


def client_config(config, settings, node_id):
    """Fill `config`, the dictionary of mqtt_as, from the settings.

    node_id: used as the MQTT client id. Keys that a client does not know are harmless to it.
    """
    config["client_id"] = node_id
    config["server"] = settings.MQTT_HOST
    config["port"] = settings.MQTT_PORT
    config["user"] = settings.MQTT_USER
    config["password"] = settings.MQTT_PASSWORD
    config["keepalive"] = settings.MQTT_KEEPALIVE
    config["ssid"] = settings.WIFI_SSID
    config["wifi_pw"] = settings.WIFI_PASSWORD
    # A broker must not store commands for later.
    config["clean_init"] = config["clean"] = True
    config["packet_limit"] = settings.MQTT_PACKET_LIMIT
    config["awake_ms"] = settings.MQTT_AWAKE_MS
    if settings.MQTT_TLS:
        config["ssl"] = True
        config["ssl_params"] = _tls(settings)


def _tls(settings):
    import ssl

    params = {"server_hostname": settings.MQTT_HOST}
    if settings.MQTT_TLS_CA:
        with open(settings.MQTT_TLS_CA, "rb") as f:
            params["cadata"] = f.read()
    if settings.MQTT_TLS_VERIFY:
        params["cert_reqs"] = ssl.CERT_REQUIRED
    return params
