# SPDX-License-Identifier: MIT
"""Who uses which pin and peripheral of the node's own chip, so that nothing is used twice."""

from node.component import Component, ConfigError

# This module may be forgotten and imported anew, so what it knows is kept there.
_owners = Component.claims


def claim(what, owner, key):
    """Give `what` ("GPIO 21", "I2C peripheral 0") to the component named `owner`.

    key: the argument that asks for it. Raises ConfigError when another component has it.
    """
    other = _owners.setdefault(what, owner)
    if other != owner:
        raise ConfigError('%s is used by "%s" already' % (what, other), key)


def release(owner):
    """Take back everything that the component named `owner` has."""
    for what in tuple(_owners):
        if _owners[what] == owner:
            del _owners[what]
