# SPDX-License-Identifier: MIT
"""Where the definitions of the components come from."""

import errno

from import_once import import_once

_members = import_once("json_stream").members


def definitions(report):
    """Yield (name, definition, line) for each member of `components.json`, `_order` among them.

    report(text) is called when the file cannot be read, or no further than it was.
    """
    try:
        with open("components.json", "rb") as f:
            yield from _members(f)
    except (OSError, ValueError) as e:
        if isinstance(e, OSError) and e.errno == errno.ENOENT:
            report("no components.json: copy components.json.example to that name, change it")
        else:
            report("components.json, %s; what follows is not loaded" % e)
