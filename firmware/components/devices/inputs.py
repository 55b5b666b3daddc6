# SPDX-License-Identifier: MIT
"""What a chip needs beyond its pins when it has inputs: its INT line, and a report of chatter."""

from components.entities.chatter import Chatter


def set_up(component, chip, int_pin, safety_poll):
    """Complete a chip that has a `reader`; what is wrong is reported to the component's node.

    chip: the Expander. int_pin: GPIO number to which its INT output is wired, or None.
    safety_poll: seconds between reads without an interrupt.
    """
    component.statistics = chip.reader.statistics
    try:
        if int_pin is not None:
            from components.machine.int_line import join

            join(int_pin, chip.reader, component.node)
            chip.check_ms = safety_poll * 1000
    except ValueError as e:
        component.node.fault(component.name, "check", "int_pin: %s; the inputs are polled" % e)
    try:
        Chatter(component, chip.reader)
    except ValueError as e:
        component.node.fault(component.name, "check", str(e))


def tell(entity, chatter):
    """Tell on the log which pins are muted now, and which are no longer."""
    component = entity.component
    changed = chatter.muted ^ entity.muted
    entity.muted = chatter.muted
    gpios = getattr(component.chip, "gpios", range(len(chatter.limits)))
    for place, number in enumerate(gpios):
        if changed >> place & 1:
            if chatter.muted >> place & 1:
                text = "pin %d changes too often: muted until it is quiet"
                component.node.log.warn(component.name, text, number)
            else:
                component.node.log.info(component.name, "pin %d is quiet again", number)
