"""Values of a config brought to the types that its schema gives them.

On the command line (`--config`), Snakemake makes texts of numbers inside lists and mappings, and of
`true` and `null`. A text becomes what the schema allows if it is written like it; what fits nothing
stays as it is, for the check of the whole to name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema

Schema = Mapping[str, Any]

# How a text of a type is written, and what it becomes.
FORMS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "null": (r"null|none|~|", lambda text: None),
    "boolean": (r"true|false", lambda text: text == "true"),
    "integer": (r"[-+]?\d+", int),
    "number": (r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", float),
}

NEVER = (r"(?!)", str)


def typed(value: Any, described: Schema, whole: Schema) -> Any:
    """The value, with the texts inside it brought to the types that are described.

    Args:
        value: any value of a config.
        described: its schema.
        whole: the schema of the whole config, which references are of.
    """
    described = _followed(described, whole)
    for choice in described.get("anyOf", ()):
        converted = typed(value, choice, whole)
        if jsonschema.Draft202012Validator(choice).is_valid(converted):
            return converted
    if isinstance(value, list) and "items" in described:
        return [typed(each, described["items"], whole) for each in value]
    if isinstance(value, Mapping):
        properties, others = described.get("properties", {}), described.get("additionalProperties")
        others = others if isinstance(others, Mapping) else {}
        return {
            str(name): typed(each, properties.get(str(name), others), whole)
            for name, each in value.items()
        }
    return _scalar(value, described)


def _followed(described: Schema, whole: Schema) -> Schema:
    """What a reference, as #/properties/data, stands for."""
    if "$ref" not in described:
        return described
    target: Any = whole
    for name in described["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return dict(target)


def _scalar(value: Any, described: Schema) -> Any:
    types = described.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "enum" in described:
        types = ["string", *(["null"] if None in described["enum"] else [])]
    if isinstance(value, int) and not isinstance(value, bool) and types == ["string"]:
        return str(value)
    if not isinstance(value, str):
        return value
    for name in types:
        form, convert = FORMS.get(name, NEVER)
        if re.fullmatch(form, value.strip().lower()):
            return convert(value.strip().lower())
    return value
