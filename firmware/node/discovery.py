# SPDX-License-Identifier: MIT
"""Home Assistant MQTT discovery: one device per component that is one, below the node's own.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. The payloads are made
entity by entity, so that a device of any size needs no large block of memory. Short key names are
those of Home Assistant's abbreviations.
"""

import json

from node.version import VERSION

# What the status topic carries, as diagnostic sensors of the node: key -> discovery.
_DIAGNOSTICS = (
    ("rssi", {"name": "Wi-Fi signal", "dev_cla": "signal_strength", "unit_of_meas": "dBm"}),
    ("uptime", {"name": "Uptime", "dev_cla": "duration", "unit_of_meas": "s"}),
    ("heap_free", {"name": "Free memory", "dev_cla": "data_size", "unit_of_meas": "B"}),
    ("dropped", {"name": "Dropped commands", "stat_cla": "total_increasing"}),
    ("i2c_errors", {"name": "I2C errors", "stat_cla": "total_increasing"}),
)


async def publish(node):
    """Announce the node and every component that has entities."""
    groups = {None: []}
    for entity in node.entities.values():
        component = entity.component
        groups.setdefault(component if component.device else None, []).append(entity)
    discovery = _Discovery(node)
    announce = discovery.announce_device
    if node.settings.DISCOVERY_FORM == "entity":
        announce = discovery.announce_entities
    for component, entities in groups.items():
        await announce(component, entities)


class _Discovery:
    def __init__(self, node):
        self._node = node
        self._prefix = node.settings.DISCOVERY_PREFIX

    async def announce_device(self, component, entities):
        name = "node" if component is None else component.name
        topic = "%s/device/%s/%s/config" % (self._prefix, self._node.uid, name)
        await self._node.session.publish_pieces(topic, self._device, component, entities)

    async def announce_entities(self, component, entities):
        node = self._node
        head = self._shared(component)
        for key, config in self._configs(component, entities):
            config.update(head)
            platform = config.pop("p")
            topic = "%s/%s/%s/%s/config" % (self._prefix, platform, node.uid, key)
            await node.session.publish_pieces(topic, _single, json.dumps(config).encode())

    def _device(self, component, entities):
        """Yield the payload of one device in pieces of bytes."""
        yield json.dumps(self._shared(component))[:-1].encode() + b',"cmps":{'
        comma = ""
        for key, config in self._configs(component, entities):
            yield ("%s%s:%s" % (comma, json.dumps(key), json.dumps(config))).encode()
            comma = ","
        yield b"}}"

    def _shared(self, component):
        """Return what all entities of one device have in common."""
        node = self._node
        device = {"ids": [node.uid], "name": node.name, "mf": "Switchyard", "sw": VERSION}
        availability = [{"t": node.base + "available"}]
        if component is not None:
            device["ids"] = ["%s_%s" % (node.uid, component.name)]
            device["name"] = "%s %s" % (node.name, component.name)
            device["via_device"] = node.uid
            device.update(component.device)
            availability.append({"t": "%s%s/available" % (node.base, component.name)})
        return {
            "dev": device,
            "o": {"name": "Switchyard", "sw": VERSION},
            "avty": availability,
            "avty_mode": "all",
        }

    def _configs(self, component, entities):
        """Yield (id below the node, discovery of one entity) for each entity of a device."""
        for entity in entities:
            key = entity.key.decode()
            config = {"p": entity.platform, "stat_t": "~/state", "~": self._node.base + key}
            if entity.words is not None:
                config["cmd_t"] = "~/set"
            if entity.name:
                config["name"] = entity.name
            if entity.config:
                config.update(entity.config)
            if entity.options:
                config.update(entity.options)
            yield self._identify(key.replace("/", "_"), config)
        if component is None:
            for item in self._diagnostics():
                yield item

    def _diagnostics(self):
        config = {"p": "binary_sensor", "name": "Field bus", "dev_cla": "connectivity"}
        config["stat_t"] = self._node.base + "alive"
        config["ent_cat"] = "diagnostic"
        yield self._identify("alive", config)
        for key, extra in _DIAGNOSTICS:
            config = {"p": "sensor", "stat_t": self._node.base + "status"}
            config["val_tpl"] = "{{ value_json.%s }}" % key
            config["ent_cat"] = "diagnostic"
            config.update(extra)
            yield self._identify(key, config)

    def _identify(self, key, config):
        node = self._node
        config["uniq_id"] = "%s_%s" % (node.uid, key)
        config["def_ent_id"] = "%s.%s_%s" % (config["p"], node.id.lower().replace("-", "_"), key)
        return key, config


def _single(payload):
    return (payload,)
