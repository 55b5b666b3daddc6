# SPDX-License-Identifier: MIT
"""One component at run time: load, unload, reload. Used by requests and at a REPL, then forgotten.

from node.app import Node
from node.manage import reload

await reload(Node.running, "board1")
"""

import gc

from import_once import import_once

from node.component import Component, ConfigError


async def load(node, name):
    """Load a component that does not run. Raises ValueError with the reasons why it does not."""
    if name in node.components:
        raise ValueError('"%s" runs already' % name)
    await _alone(node, _load, name)


async def unload(node, name):
    """Stop a component until it is loaded again or the node restarts, and remove what it shows.

    Raises ValueError with the reason why it goes on.
    """
    await _alone(node, _unload, name)


async def reload(node, name):
    """Load a component anew, as its definition and its code are now.

    Raises ValueError with the reasons: either it goes on as it was, because it is in use or its
    definition has faults, or it does not run any more, because it failed.
    """
    await _alone(node, _reload, name)


async def discard(node, name, component):
    """Take back what a component has taken; return the exception of its `stop`, if any."""
    failed = None
    try:
        stop = getattr(component, "stop", None)
        result = stop and stop()
        if hasattr(result, "throw"):  # it is a coroutine
            await import_once("node.starter").limited(result, "stop()")
    except Exception as e:  # noqa: BLE001 whatever it raises, it goes
        failed = e
    _take_back(node, name, component)
    return failed


def _take_back(node, name, component):
    is_of = import_once("node.crashes").is_of
    for task in tuple(node.tasks.tasks):
        if is_of(task, name):
            node.tasks.cancel(task)
    entities = node.entities
    for key in tuple(entities):
        if entities[key].component is component:
            del entities[key]
    node.reports.pop(name, None)
    claims = Component.claims
    for what in tuple(claims):
        if claims[what] == name:
            del claims[what]
    for chip, place in list(_borrowed(node, component)):
        chip.users[place] = chip.users[place].pin
    chip = getattr(component, "chip", None)
    if chip:
        _forget_pins(node, chip)


def _borrowed(node, component):
    """Yield (chip, place) of each pin of other components that an entity of this one has."""
    for other in node.components.values():
        chip = getattr(other, "chip", None)
        if other is component or not hasattr(chip, "users"):
            continue
        for place, user in enumerate(chip.users):
            entity = getattr(user, "owner", user)
            if component and getattr(entity, "component", None) is component:
                yield chip, place


def _forget_pins(node, chip):
    # What serves all chips of the node would keep this one in memory.
    timer = node.presses
    if timer:
        timer.pins = [presses for presses in timer.pins if presses.pin.chip is not chip]
    outputs = getattr(node, "lost_outputs", None)
    if outputs:
        node.lost_outputs = [output for output in outputs if output.pin.chip is not chip]


async def _alone(node, step, name):
    if not node.settled:
        raise ValueError("other components are being loaded")
    node.settled = False
    try:
        await step(node, name)
    finally:
        node.settled = True
        node.rows_changed()
        node.announce()


async def _load(node, name):
    rows = node.rows
    for other in tuple(rows):
        if other == name or rows[other].get("phase") == "file":
            del rows[other]
    await import_once("node.loader").Loader(node).load(name)
    gc.collect()
    if name not in node.components:
        row = rows.get(name) or {"errors": ['there is no component "%s"' % name]}
        raise ValueError("; ".join(row["errors"]))


async def _unload(node, name):
    if name not in node.components:
        raise ValueError('"%s" does not run' % name)
    _check_use(node, name, _inspect(node, name)[0])
    await _end(node, name)
    gc.collect()


async def _reload(node, name):
    if name in node.components:
        users, faults = _inspect(node, name)
        _check_use(node, name, users)
        if faults:
            raise ValueError("; ".join(faults) + "; it runs on as it was")
        await _end(node, name)
    await _load(node, name)


def _inspect(node, name):
    """Look at how a component that runs is defined now.

    Return (names of the components that run and refer to it, faults of its definition).
    Raises ConfigError when the definitions cannot be read.
    """
    sources = import_once("node.sources")
    definition = import_once("node.definition")
    source = sources.Source()
    if source.error:
        raise ConfigError("%s: %s" % (source.file, source.error) if source.file else source.error)
    users = []
    own = [definition.unknown(source.file, name, source.names)]
    for other in source.names:
        if other not in node.components:
            continue
        try:
            value = sources.read(other, source.places)
        except (OSError, ValueError) as e:
            raise ConfigError("%s: %s" % (other, e))
        defined = definition.Definition(node, other, value, source.names, ())
        faults, waits = defined.check((name,))
        if other == name:
            own = faults
        elif waits:
            users.append(other)
    return users, own


def _check_use(node, name, users):
    """Raise ValueError when somebody needs the component.

    users: whose definition names it.
    """
    component = node.components[name]
    # The definitions may have changed since they were loaded.
    devices = getattr(getattr(component, "worker", None), "devices", ())
    users += [d.name for d in devices if getattr(d, "name", None) in node.components]
    if users:
        raise ValueError("in use by " + ", ".join(['"%s"' % user for user in sorted(set(users))]))
    chips = [chip for chip, _ in _borrowed(node, component)] + [getattr(component, "chip", None)]
    if any(getattr(chip, "guards", None) for chip in chips):
        raise ValueError("its outputs are in an interlock; restart the node instead")


async def _end(node, name):
    component = node.components.pop(name)
    package = node.rows.pop(name, {}).get("package", "")
    error = await discard(node, name, component)
    if error:
        node.log.exception(name, error, "stop() failed")
    node.log.info("loader", "%s: unloaded", name)
    running = [row.get("package") for row in node.rows.values()]
    if package[:1] == "." and package not in running:
        # Loaded anew it may be another.
        import_once("components" + package)
