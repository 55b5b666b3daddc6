# SPDX-License-Identifier: MIT
"""What a pin can be in Home Assistant: one module per type, `x_y.py` with the class `XY`.

The constructor of such a class takes (object_id, name, options, pin). Its attribute `drives` tells
whether the pin is an output; `changed()` is called when the level of the pin has changed. Options
of the pin table that belong to the type (`pulse_ms`, `ttl_ms`) are attributes.
"""
