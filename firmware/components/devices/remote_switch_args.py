# SPDX-License-Identifier: MIT
"""Arguments of `components/devices/remote_switch.py`."""


def _topic(doc, **more):
    return dict(type="str", min=1, max=256, doc=doc, **more)


ARGS = {
    "RemoteSwitch": {
        "topic": _topic(
            "of the switch without /set and /state, such as home/attic/chip20/fan", required=True
        ),
        "available": _topic(
            "says offline when the switch cannot be reached, such as home/attic/available"
        ),
        "timeout": {
            "type": "int",
            "min": 1,
            "max": 3600,
            "default": 10,
            "unit": "s",
            "doc": "until a command counts as without effect",
        },
    }
}
