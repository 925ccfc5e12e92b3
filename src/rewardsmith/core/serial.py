"""JSON form of rewards: what stores, caches and other languages read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from .algebra import Scope
from .errors import BadInput
from .node import Node
from .term import Term, terms_by_name
from .text import node_classes


def to_json(node: Node) -> dict[str, Any]:
    """A reward as plain JSON data; ``from_json`` gives an equal object.

    Terms are stored by name and module, never as code.
    """
    if isinstance(node, Term):
        function = node.function
        return {
            "type": "Term",
            "name": node.name,
            "module": function.__module__,
            "numbers": {name: _plain(value) for name, value in node.settings},
            "options": {name: _plain(value) for name, value in node.options},
            **({"fields": {name: _plain(where) for name, where in node.at}} if node.at else {}),
        }
    custom = getattr(type(node), "_to_json", None)
    if custom is not None:
        return {"type": type(node).__name__} | custom(node)
    fields = {field.name: _plain(getattr(node, field.name)) for field in dataclasses.fields(node)}
    return {"type": type(node).__name__, **fields}


def from_json(data: Mapping[str, Any], terms: Iterable[Term] | Mapping[str, Term] = ()) -> Any:
    """Rebuild a reward.

    Args:
        data: what ``to_json`` gave.
        terms: the terms that may be named; nothing is imported on the word of a file.
    """
    return _read(data, terms_by_name(terms))


def _plain(value: Any) -> Any:
    if isinstance(value, Node):
        return to_json(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Scope):
        return value.name
    if isinstance(value, float) and not math.isfinite(value):
        return {"type": "float", "value": repr(value)}
    return value


def _read(data: Any, terms: Mapping[str, Term]) -> Any:
    if isinstance(data, list):
        return tuple(_read(item, terms) for item in data)
    if not isinstance(data, Mapping):
        return data
    kind = data.get("type")
    if kind == "float":
        return float(data["value"])
    if kind == "Term":
        if data.get("name") not in terms:
            raise BadInput("term in JSON", data.get("name"), ", ".join(sorted(terms)), "pass it as terms=[...]")
        given = {**data.get("numbers", {}), **data.get("options", {}), **data.get("fields", {})}
        return terms[data["name"]].set(**{name: _read(value, terms) for name, value in given.items()})
    classes = node_classes()
    if kind not in classes:
        raise BadInput("type in JSON", kind, ", ".join(sorted(classes)))
    custom = getattr(classes[kind], "_from_json", None)
    if custom is not None:
        return custom(data, terms)
    fields = {name: _read(value, terms) for name, value in data.items() if name != "type"}
    try:
        return classes[kind](**fields)
    except TypeError as error:
        raise BadInput(f"fields of {kind} in JSON", ", ".join(fields), str(error)) from None
