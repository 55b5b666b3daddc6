# SPDX-License-Identifier: MIT
"""A JSON Schema of components.json, by which editors complete and check it while it is written.

It refuses nothing that the node accepts; the node finds more: what refers to nothing, hexadecimal
numbers out of range, rules between several keys. Draft 7, because editors know that best.
"""

import json
import string
from typing import Any

from yard.check.catalogue import Catalogue, Spec, row_types
from yard.check.words import in_words

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_HEX = {"type": "string", "pattern": "^0x[0-9a-fA-F]+$"}
_SIMPLE = {"bool": "boolean", "float": "number", "int": "integer", "list": "array"}
_NAME = "^([A-Za-z0-9_-]{1,32}|\\$schema)$"
_TEXT = {"type": "string", "minLength": 1}
_ARGUMENTS = {"type": ["object", "array"]}


def as_text(catalogue: Catalogue) -> str:
    """Return the content of docs/components.schema.json."""
    return json.dumps(json_schema(catalogue), indent=1, ensure_ascii=False) + "\n"


def json_schema(catalogue: Catalogue) -> Schema:
    """Return the schema of components.json."""
    definitions = _Definitions(catalogue)
    cases = []
    for package in catalogue.packages.values():
        for component, arguments in package.classes.items():
            name = f"{package.name}.{component}"
            described = {"description": package.summary, **definitions.keys(arguments)}
            # The places of a list have no names.
            accepted = {"if": {"type": "object"}, "then": definitions.shared(name, described)}
            then: Schema = {"properties": {"constructor_args": accepted}}
            if any(known.get("required") for known in arguments.values()):
                then["required"] = ["constructor_args"]
            cases.append({"if": _has(package=package.name, component=component), "then": then})
    return {
        "$schema": _DRAFT,
        "title": "components.json of a Switchyard node",
        "type": "object",
        "properties": {
            "$schema": _TEXT,
            "_order": {"type": "array", "items": _TEXT, "uniqueItems": True},
        },
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": {**_component(catalogue), "allOf": cases},
        "definitions": definitions.schemas,
    }


def _component(catalogue: Catalogue) -> Schema:
    names = sorted({name for p in catalogue.packages.values() for name in p.classes})
    return {
        "type": "object",
        "required": ["package", "component"],
        "properties": {
            "package": {
                "description": "module; a leading dot stands for components",
                "anyOf": [{"enum": list(catalogue.packages)}, _TEXT],
            },
            "component": {
                "description": "class or function in it",
                "anyOf": [{"enum": names}, _TEXT],
            },
            "constructor_args": _ARGUMENTS,
            "init_function": {**_TEXT, "description": "method to be called once afterwards"},
            "init_args": _ARGUMENTS,
            "call_function_regularly": {**_TEXT, "description": "method to be called regularly"},
            "call_interval": {
                "type": "number",
                "minimum": 0.01,
                "maximum": 518400,
                "description": "s between",
            },
        },
        "dependencies": {
            "init_args": ["init_function"],
            "call_interval": ["call_function_regularly"],
        },
        "additionalProperties": False,
    }


class _Definitions:
    """The parts of the schema that have a name.

    Attributes:
        schemas: by name.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.schemas: dict[str, Schema] = {}
        self._catalogue = catalogue

    def shared(self, name: str, schema: Schema) -> Schema:
        """Return a reference to a part, which has the name and, if that is taken, a number."""
        number = 1
        unique = name
        while self.schemas.setdefault(unique, schema) != schema:
            number += 1
            unique = f"{name}-{number}"
        return {"$ref": f"#/definitions/{unique}"}

    def keys(self, keys: dict[str, Spec]) -> Schema:
        """Return the schema of an object with fixed keys."""
        required = [key for key, known in keys.items() if known.get("required")]
        schema: Schema = {
            "type": "object",
            "properties": {key: self.value(key, known) for key, known in keys.items()},
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def shared_keys(self, name: str, keys: dict[str, Spec]) -> Schema:
        """Return a reference to the schema of an object whose keys occur in many places."""
        schema = self.keys(keys)
        properties = schema["properties"].items()
        schema["properties"] = {key: self.shared(key, value) for key, value in properties}
        return self.shared(name, schema)

    def value(self, key: str, spec: Spec) -> Schema:
        """Return the schema of the value of a key."""
        schema = self._with_keys(spec, self._plain(spec))
        words = in_words(key, spec)
        if words:
            schema = {"description": words, **schema}
        return {**schema, "default": spec["default"]} if "default" in spec else schema

    def _with_keys(self, spec: Spec, schema: Schema) -> Schema:
        """Add the object that may stand in place of a value."""
        if "object" in spec:
            return {"anyOf": [schema, self.keys(spec["object"]["keys"])]}
        if "claim" in spec:
            keys = self.shared_keys(f"{spec['claim']}-pin", spec.get("keys", {}))
            further = [{"type": ["integer", "string"]}, keys]
            return {"anyOf": further}
        return schema

    def _plain(self, spec: Spec) -> Schema:
        kind = spec.get("type", "any")
        if kind == "dict":
            return self.keys(spec["keys"]) if "keys" in spec else {"type": "object"}
        if kind == "ref":
            return {"type": ["integer", "string"] if spec.get("of") == "pin" else "string"}
        schema: Schema = {}
        if kind == "str":
            limits = _limits(spec, "minLength", "maxLength")
            schema = {"type": "string", **limits, **_chars(spec)}
        elif kind == "list":
            schema = {
                "type": "array",
                **_limits(spec, "minItems", "maxItems"),
                **self._items(spec),
            }
        elif kind in _SIMPLE:
            schema = {"type": _SIMPLE[kind], **_limits(spec, "minimum", "maximum")}
        if "choices" in spec:
            schema = {"enum": list(spec["choices"])}
        if kind != "int":
            return schema
        names = [{"enum": list(spec["names"])}] if "names" in spec else []
        return {"anyOf": [schema, _HEX, *names]}

    def _items(self, spec: Spec) -> Schema:
        if "each" in spec:
            return {"items": self._row(spec)}
        return {"items": self.value("", spec["item"])} if "item" in spec else {}

    def _row(self, table: Spec) -> Schema:
        """Return the schema of a row; that of its type where types have keys of their own."""
        types = row_types(table)
        if not types:
            return self.keys(table["each"]["keys"])
        rows = {kind: self._catalogue.row(table, kind) for kind in types}
        choices = self.value("type", table["each"]["keys"]["type"])
        cases = [
            {
                "if": _has(type=kind),
                "then": self.shared_keys("row" if row is table["each"] else kind, row["keys"]),
            }
            for kind, row in rows.items()
        ]
        return {
            "type": "object",
            "required": ["type"],
            "properties": {"type": choices},
            "allOf": cases,
        }


def _has(**keys: str) -> Schema:
    """Return the condition that something is an object with these keys and values."""
    properties = {key: {"const": value} for key, value in keys.items()}
    return {"type": "object", "properties": properties, "required": list(keys)}


def _limits(spec: Spec, lowest: str, highest: str) -> Schema:
    names = {"min": lowest, "max": highest}
    return {name: spec[key] for key, name in names.items() if key in spec}


def _chars(spec: Spec) -> Schema:
    if "chars" not in spec:
        return {}
    allowed = "".join(c if c in string.ascii_letters else f"\\{c}" for c in spec["chars"])
    return {"pattern": f"^[A-Za-z0-9{allowed}]*$"}
