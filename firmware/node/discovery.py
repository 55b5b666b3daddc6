# SPDX-License-Identifier: MIT
"""Home Assistant MQTT discovery: one device per component that is one, below the node's own.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. The payloads are made
piece by piece, so that a device of any size needs no large block of memory. Short key names are
those of Home Assistant's abbreviations.
"""

from json import dumps, loads

from micropython import const

from node import VERSION

_LARGE = const(11)  # members of an object; each piece takes time
# What is always the same is JSON text: each short text in code, such as the key of a dictionary,
# would stay in memory for ever, also when this module is forgotten.
_DEVICE = const('{"ids":["%s"],%s"mf":"Switchyard","sw":"%s"}')
_BELOW = const('"via_device":"%s",')
_SHARED = const(
    '{"o":{"name":"Switchyard","sw":"%s"},"avty_mode":"all","avty":[{"t":"%savailable"}%s]}'
)
_OWN_AVAILABILITY = const(',{"t":"%s%s/available"}')
_ENTITY = const('{"p":"%s","~":"%s"%s%s}')
_IDENTITY = const('{"uniq_id":"%s_%s","def_ent_id":"%s.%s_%s"}')
_STATE = const(',"stat_t":"~/state"')
_COMMANDS = const(',"cmd_t":"~/set"')
_BUS = const(
    '{"p":"binary_sensor","stat_t":"%salive","ent_cat":"diagnostic","name":"Field bus",'
    '"dev_cla":"connectivity"}'
)
_SENSOR = const(
    '{"p":"sensor","stat_t":"%sstatus","ent_cat":"diagnostic","val_tpl":"{{ value_json.%s }}",%s}'
)
_COUNTER = const('"name":"%s","stat_cla":"total_increasing"')
_DURATION = const('"name":"%s","dev_cla":"duration","unit_of_meas":"%s"')
# What the status topic carries, as diagnostic sensors of the node: key -> discovery.
_DIAGNOSTICS = (
    ("rssi", '"name":"Wi-Fi signal","dev_cla":"signal_strength","unit_of_meas":"dBm"'),
    ("uptime", _DURATION % ("Uptime", "s")),
    ("heap_free", '"name":"Free memory","dev_cla":"data_size","unit_of_meas":"B"'),
    ("mqtt_downtimes", _COUNTER % "MQTT reconnections"),
    ("mqtt_downtime_s", _DURATION % ("MQTT downtime", "s")),
    ("reset_cause", '"name":"Last restart"'),
    ("dropped", _COUNTER % "Dropped commands"),
    ("refused_retained", _COUNTER % "Refused retained commands"),
    ("queue_high_water", '"name":"Most commands waiting","stat_cla":"measurement"'),
    ("i2c_errors", _COUNTER % "I2C errors"),
    ("i2c_retries", _COUNTER % "Repeated I2C transfers"),
    ("i2c_longest_us", '"name":"Longest I2C transfer","unit_of_meas":"\\u00b5s"'),
    ("interrupts", _COUNTER % "Interrupts"),
    ("missed_interrupts", _COUNTER % "Missed interrupts"),
)


async def publish(node, publish_pieces):
    """Announce the node and every component that has entities.

    publish_pieces: that of `announcement`.
    """
    groups = {None: []}
    for entity in node.entities.values():
        component = entity.component
        if entity.platform:  # else Home Assistant has nothing like it
            groups.setdefault(component if component.device else None, []).append(entity)
    discovery = _Discovery(node, publish_pieces)
    announce = discovery.announce_device
    if node.settings.DISCOVERY_FORM == "entity":
        announce = discovery.announce_entities
    for component, entities in groups.items():
        await announce(component, entities)


def own():
    """Yield (platform, id) of what the node shows of itself."""
    yield "binary_sensor", "alive"
    for key, _ in _DIAGNOSTICS:
        yield "sensor", key


class _Discovery:
    def __init__(self, node, publish_pieces):
        self._node = node
        self._publish = publish_pieces
        self._prefix = node.settings.DISCOVERY_PREFIX

    async def announce_device(self, component, entities):
        name = "node" if component is None else component.name
        topic = "%s/device/%s/%s/config" % (self._prefix, self._node.uid, name)
        await self._publish(self._node, topic, self._device, component, entities)

    async def announce_entities(self, component, entities):
        node = self._node
        head = self._shared(component)
        for key, config in self._configs(component, entities):
            config.update(head)
            platform = config.pop("p")
            topic = "%s/%s/%s/%s/config" % (self._prefix, platform, node.uid, key)
            await self._publish(node, topic, _object, config)

    def _device(self, component, entities):
        """Yield the payload of one device in pieces of bytes."""
        for piece in _members(self._shared(component)):
            yield piece
        yield b',"cmps":{'
        before = ""
        for key, config in self._configs(component, entities):
            yield ("%s%s:" % (before, dumps(key))).encode()
            for piece in _object(config):
                yield piece
            before = ","
        yield b"}}"

    def _shared(self, component):
        """Return what all entities of one device have in common."""
        node = self._node
        uid, name, below, availability = node.uid, node.name, "", ""
        if component is not None:
            below = _BELOW % uid
            uid = "%s_%s" % (uid, component.name)
            name = "%s %s" % (name, component.name)
            availability = _OWN_AVAILABILITY % (node.base, component.name)
        device = loads(_DEVICE % (uid, below, VERSION))
        device["name"] = name
        if component is not None:
            device.update(component.device)
        shared = loads(_SHARED % (VERSION, node.base, availability))
        shared["dev"] = device
        return shared

    def _configs(self, component, entities):
        """Yield (id below the node, discovery of one entity) for each entity of a device."""
        for entity in entities:
            key = entity.key.decode()
            state = "" if entity.leaf is None else _STATE
            commands = "" if entity.words is None else _COMMANDS
            base = self._node.base + key
            config = loads(_ENTITY % (entity.platform, base, state, commands))
            if entity.name:
                config["name"] = entity.name
            if entity.config:
                config.update(entity.config)
            if entity.options:
                config.update(entity.options)
            yield self._identify(key.replace("/", "_"), config)
            announce = getattr(entity, "announce", None)
            if announce:
                for item in announce(self._node.base):
                    yield item
        if component is None:
            for item in self._diagnostics():
                yield item

    def _diagnostics(self):
        base = self._node.base
        yield self._identify("alive", loads(_BUS % base))
        for key, extra in _DIAGNOSTICS:
            yield self._identify(key, loads(_SENSOR % (base, key, extra)))

    def _identify(self, key, config):
        node = self._node
        name = node.id.lower().replace("-", "_")
        config.update(loads(_IDENTITY % (node.uid, key, config["p"], name, key)))
        return key, config


def _object(config):
    """Yield a JSON object, a large one in pieces: a full heap has no block free for all of it."""
    if len(config) < _LARGE:
        yield dumps(config).encode()
        return
    for piece in _members(config):
        yield piece
    yield b"}"


def _members(config):
    before = "{"
    for key in config:
        yield ("%s%s:%s" % (before, dumps(key), dumps(config[key]))).encode()
        before = ","
