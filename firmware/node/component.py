# SPDX-License-Identifier: MIT
"""The base classes of components and of what Home Assistant shows of them. Start reading here.

A component is a class that `components.json` names. This one, in `components/sensors/uptime.py`,
shows in Home Assistant how long the node runs:

    import asyncio
    import time

    from node.component import Component, ConfigError, Entity


    class Uptime(Component):
        def __init__(self, interval=60):
            if interval < 1:
                raise ConfigError("must be at least 1 s", "interval")
            self._interval = interval

        async def start(self):
            self.minutes = Minutes("minutes", "Uptime", {"unit_of_meas": "min"})
            self.node.add_entity(self, self.minutes)
            self.node.spawn(self.name, self._run)

        async def _run(self):
            while True:
                self.node.state_changed(self.minutes)
                await asyncio.sleep(self._interval)


    class Minutes(Entity):
        platform = "sensor"

        def state(self):
            return str(time.ticks_ms() // 60000).encode()

with, in `components.json`,

    "uptime": {"package": ".sensors.uptime", "component": "Uptime",
               "constructor_args": {"interval": 10}}

Beside it, `uptime_args.py` may describe the arguments, so that a wrong value is refused in one
line before the constructor sees it.

What a component may use of `self.node`: `log` (`info(source, text, *args)` and so on), `settings`,
`spawn(name, coroutine_function, *args)`, `add_entity(component, entity)`, `state_changed(entity)`,
`set_available(component, flag)`, `fault(name, phase, message)`, `count(counter)`,
`subscribe(topic, handler)` to a topic of somebody else, `announce()` when options of an entity
have changed, `settled` (all components have been loaded), `clock` (the time of day, None without
NTP), `uptime()` in s, `restart(reason)`, and, for what must survive a power loss,
`keep(key, value)` and `kept(key)`.
"""


class ConfigError(ValueError):
    """A fault in the configuration that a person must mend.

    message: one line that says what would be right. key: the argument that is wrong, or None.
    """

    def __init__(self, message, key=None):
        super().__init__(message)
        self.key = key


class Component:
    """One member of `components.json`.

    The constructor gets the `constructor_args`, references replaced by the components or pins that
    they name. It checks them and does nothing else; what touches hardware belongs into `start`.

    Attributes: `node`; `name`, as in `components.json`; `device`, what describes this component as
    a device of its own in Home Assistant, such as {"mdl": "MCP23017"}, or None if its entities
    belong to the node itself.

    Optional: `statistics()` returns a dictionary of counters for the node's status topic;
    `alive()` tells whether a field bus answers.
    """

    device = None
    claims = {}  # of all components: pin or peripheral of the node's own chip -> who has it

    def attach(self, node, name):
        """Called once, after construction and before `start`."""
        self.node = node
        self.name = name

    async def start(self):
        """Begin to work; what takes long is spawned.

        Raises ConfigError for what the constructor could not know.
        """

    def stop(self):
        """Give back what `start` took; called when the component is unloaded, or failed to start.

        Its tasks, entities, availability and `claims` are taken back by the node.
        """


class Entity:
    """One thing that Home Assistant shows, with a state, commands, or both.

    object_id: its last part in topics and ids: letters, digits, `_` and `-`. name: for people.
    options: further keys of its discovery as a dictionary, such as {"dev_cla": "window"}, or None.

    Class attributes that a subclass sets: `platform`, as in Home Assistant ("switch"), None if it
    is not shown there; `words`, the commands it takes as a dictionary from payload (bytes) to
    action, None if it takes none; from PULSE on an action takes a number (`node/command.py`);
    `leaf`, None if it has no state topic, as a button; `config`, discovery keys that all of the
    class have in common.

    Optional: `announce(base)` yields (id below the node, discovery) of what it brings along that
    is no entity, such as triggers; base: how the node's topics begin.

    The node sets `component` and `key` (b"<component>/<object_id>") when the entity is added;
    before, `key` is the object id.
    """

    platform = None
    leaf = b"/state"
    words = None
    config = None
    # Of 128 entities most have none of these, so they cost no memory there.
    name = None
    options = None
    component = None

    def __init__(self, object_id, name=None, options=None):
        # One attribute for both, because there are 128 of them.
        self.key = object_id
        if name:
            self.name = name
        if options:
            self.options = options

    @property
    def object_id(self):
        """The last part of its topics and ids."""
        key = self.key
        return key if isinstance(key, str) else key.decode().split("/")[1]

    def state(self):
        """Return the payload of the state topic as bytes, None while there is nothing to tell."""
        return None

    def command(self, action, value, ttl_ms, tag):
        """Carry out a command; called only when the class has `words`.

        action: what `words` gave. value: the number that came with it, None if none did.
        ttl_ms: how long it may wait, None for the default. tag: the sender's id of it, or None.
        Raises ValueError(reason) for what cannot be done.
        """
        raise NotImplementedError
