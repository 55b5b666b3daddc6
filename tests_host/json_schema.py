# SPDX-License-Identifier: MIT
"""A validator of JSON Schema for tests: the keywords of draft 7 that docs/components.schema.json
uses, as https://json-schema.org/draft-07/json-schema-validation defines them, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
}
_LIMITS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda v, limit: not _TYPES["number"](v) or v >= limit,
    "maximum": lambda v, limit: not _TYPES["number"](v) or v <= limit,
    "minLength": lambda v, limit: not isinstance(v, str) or len(v) >= limit,
    "maxLength": lambda v, limit: not isinstance(v, str) or len(v) <= limit,
    "minItems": lambda v, limit: not isinstance(v, list) or len(v) >= limit,
    "maxItems": lambda v, limit: not isinstance(v, list) or len(v) <= limit,
    "uniqueItems": lambda v, _: not isinstance(v, list) or len(set(map(repr, v))) == len(v),
    "pattern": lambda v, p: not isinstance(v, str) or re.search(p, v) is not None,
    "required": lambda v, keys: not isinstance(v, dict) or set(keys) <= v.keys(),
    "dependencies": lambda v, keys: (
        not isinstance(v, dict)
        or all(set(others) <= v.keys() for key, others in keys.items() if key in v)
    ),
    "enum": lambda v, choices: any(type(v) is type(c) and v == c for c in choices),
    "const": lambda v, c: type(v) is type(c) and v == c,
}
_ANNOTATIONS = {"$schema", "title", "description", "default", "definitions"}


def is_valid(value: Any, schema: Any, root: Schema) -> bool:
    """Return whether `value` is valid. Raises KeyError for a keyword that is not known here."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        return is_valid(value, root["definitions"][schema["$ref"].rpartition("/")[2]], root)
    return all(
        _holds(keyword, argument, value, schema, root)
        for keyword, argument in schema.items()
        if keyword not in _ANNOTATIONS
    )


def _holds(keyword: str, argument: Any, value: Any, schema: Schema, root: Schema) -> bool:
    if keyword == "type":
        kinds = [argument] if isinstance(argument, str) else argument
        return any(_TYPES[kind](value) for kind in kinds)
    if keyword in ("anyOf", "allOf"):
        results = (is_valid(value, inner, root) for inner in argument)
        return any(results) if keyword == "anyOf" else all(results)
    if keyword == "if":
        return not is_valid(value, argument, root) or is_valid(value, schema["then"], root)
    if keyword in ("items", "propertyNames"):
        inner = value if isinstance(value, list if keyword == "items" else dict) else ()
        return all(is_valid(item, argument, root) for item in inner)
    if keyword in ("properties", "additionalProperties"):
        return not isinstance(value, dict) or _members_hold(keyword, value, schema, root)
    return keyword == "then" or _LIMITS[keyword](value, argument)


def _members_hold(keyword: str, value: Schema, schema: Schema, root: Schema) -> bool:
    known = schema.get("properties", {})
    if keyword == "properties":
        return all(is_valid(value[key], known[key], root) for key in known if key in value)
    return all(is_valid(value[k], schema[keyword], root) for k in value if k not in known)
