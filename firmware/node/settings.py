# SPDX-License-Identifier: MIT
"""The settings of the node: defaults, then `config.py`, then `credentials.py`.

The table of the settings and both files are in memory only while they are read.
"""

import io
import sys

from import_once import import_once


class Settings:
    """Every setting of `config_example.py` as an attribute of the same name."""


def load(report):
    """Read the settings.

    report(text) is called for each fault, with one line that names the setting. A setting with a
    fault keeps its default. A secret is never part of a report.
    """
    schema = import_once("schema")
    table = import_once("node.settings_args").SETTINGS
    values = {name: spec["default"] for name, spec in table.items()}
    for file in ("config", "credentials"):
        for name, value in _read(file, report):
            if name not in table:
                meant = import_once("suggestion").suggest(name, _alike(name, table))
                faults = ['unknown setting "%s"%s' % (name, meant)]
            elif isinstance(value, dict) and {type(key) for key in value} - {str}:
                faults = [name + ": expected text in quotes as keys"]
            else:
                faults = schema.check(value, table[name], name) or _check(name, value, schema)
            for fault in faults:
                report("%s.py: %s" % (file, fault))
            if not faults:
                values[name] = schema.apply(value, table[name])
    if values["MQTT_TLS"] and values["MQTT_TLS_VERIFY"] and not values["MQTT_TLS_CA"]:
        report(
            "MQTT_TLS_CA: a file is needed to verify the broker; or set MQTT_TLS_VERIFY = False"
        )
    settings = Settings()
    for name, value in values.items():
        setattr(settings, name, value)
    return settings


def _read(file, report):
    """Return (name, value) of everything that the module `file` sets."""
    try:
        module = import_once(file)
    except Exception as e:  # noqa: BLE001 - the file may do anything
        report("%s.py%s: %s; none of it is used" % (file, _line(file, e), type(e).__name__))
        return []
    names = sorted(name for name in dir(module) if name[:1] != "_") if module else ()
    pairs = [(name, getattr(module, name)) for name in names]
    # What the file imported or defined for itself is not meant as a setting.
    return [pair for pair in pairs if not (callable(pair[1]) or isinstance(pair[1], type(sys)))]


def _line(file, error):
    """Return where in the file the error happened. The error's own text may show a secret."""
    trace = io.StringIO()
    sys.print_exception(error, trace)
    before, _, after = trace.getvalue().rpartition(file + '.py", line ')
    return " line " + after.split("\n")[0].split(",")[0] if before else ""


def _alike(name, table):
    """Return the settings that have a word of `name`, all if none has."""
    words = set(name.upper().split("_"))
    return [known for known in table if words & set(known.split("_"))] or table


def _check(name, value, schema):
    """Return the faults of a value that is of the right type."""
    fault = None
    if name in ("MQTT_HOME", "DISCOVERY_PREFIX") and value.strip("/") != value:
        fault = "no slash at the beginning or end"
    elif name == "STATIC_ADDRESS":
        fault = _address_fault(value)
    elif name == "WIFI_COUNTRY" and value and not (len(value) == 2 and value.isalpha()):
        fault = "a country has two letters"
    elif name == "ETHERNET" and value:
        missing = [key for key in ("phy_type", "phy_addr", "mdc", "mdio") if key not in value]
        fault = missing[0] + " is missing" if missing else None
    elif name == "LOG_LEVELS":
        level = import_once("node.settings_args").SETTINGS["LOG_LEVEL"]
        keys = dict.fromkeys(value, level)
        return schema.check(value, {"keys": keys}, name)
    elif name == "TIME_ZONE":
        fault = _zone_fault(value)
    return [name + ": " + fault] if fault else []


def _address_fault(addresses):
    if len(addresses) not in (0, 4):
        return "expected address, netmask, gateway and DNS server"
    for text in addresses:
        parts = text.split(".")
        if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
            return '"%s" is no address such as 192.168.1.20' % text
    return None


def _zone_fault(text):
    try:
        import_once("time_zone").TimeZone(text)
    except ValueError as e:
        return str(e)
    return None
