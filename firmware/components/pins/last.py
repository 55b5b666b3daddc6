# SPDX-License-Identifier: MIT
"""Option of an output: its level survives a power loss of node and chip."""


def apply(component, user, row):
    """Keep the level of the output of `user`, whose row has "restore": "last"."""
    pin = user.pin
    chip = pin.chip
    for watch in chip.watches:
        if isinstance(watch, _Keeper):
            break
    else:
        watch = _Keeper(component, chip)
        chip.watches = list(chip.watches) + [watch]
    watch.mask |= pin.mask
    chip.last |= watch.before & pin.mask


class _Keeper:
    """Keeps the levels of the outputs `mask` of one chip."""

    def __init__(self, component, chip):
        self.mask = 0
        self._node = component.node
        self._key = "level " + component.name
        self._chip = chip
        before = self._node.kept(self._key)
        self.before = before if isinstance(before, int) else 0

    def changed(self):
        self._node.keep(self._key, self._chip.level & self.mask)
