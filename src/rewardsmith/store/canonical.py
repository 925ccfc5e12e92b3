"""Canonical JSON: one text for one value, so that texts can be hashed and compared.

Rules.  Objects have string keys and are written sorted, without spaces.  Tuples become lists, NumPy
scalars become Python numbers.  NaN means "no verdict" and is written ``{"$nan": true}`` (``null`` stays
``None``); a user's key that starts with ``$`` is written with one ``$`` more, so that nothing a user
writes can be mistaken for it.  Infinities are refused, and so is every array: arrays go in array files.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from rewardsmith.core.errors import BadInput

_NAN = {"$nan": True}
_ALLOWED = "None, bool, int, finite float, NaN, str, list, tuple and mappings with str keys"
_MAX_DEPTH = 64


def encode(value: object, what: str = "payload") -> str:
    """Return the canonical JSON text of a value.

    Args:
        value: Nested mappings, lists, tuples, strings, numbers (NumPy scalars too), booleans and None.
        what: The name used in an error.

    Raises:
        BadInput: An infinity, an array, a key that is not a string, or any other type.

    Example:
        >>> encode({"b": float("nan"), "a": (1, 2.0)})
        '{"a":[1,2.0],"b":{"$nan":true}}'
    """
    return json.dumps(plain(value, what), sort_keys=True, separators=(",", ":"), allow_nan=False)


def decode(text: str) -> Any:
    """Return the value of a canonical JSON text; the inverse of ``encode`` (tuples come back as lists).

    Raises:
        ValueError: it is no JSON, or holds an infinity.
        RecursionError: it is nested too deeply.
    """
    return _restore(json.loads(text, parse_constant=_no_constant, parse_float=_finite))


def plain(value: object, what: str = "payload", depth: int = 0) -> Any:
    """Return a value made only of what JSON has, with NaN and ``$`` keys written as the rules say."""
    if depth > _MAX_DEPTH:
        raise BadInput(what, "a value nested too deeply", f"{_MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value), what)
    if isinstance(value, Mapping):
        return _object(value, what, depth)
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{what}[{place}]", depth + 1) for place, item in enumerate(value)]
    return _scalar(value, what)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_name(what: str, name: object, longest: int = 512) -> str:
    """Return a name that may be a key: printable text without line breaks, not empty, not too long.

    Raises:
        BadInput: It is not.
    """
    if isinstance(name, str) and 0 < len(name) <= longest and name.isprintable():
        return str.__str__(name)
    shown = repr(name) if len(repr(name)) < 80 else f"{repr(name)[:60]}..."
    raise BadInput(what, shown, f"printable text of 1 to {longest} characters")


def run_id(config: Mapping[str, Any]) -> str:
    """Return the id of a run: the first 12 hexadecimal digits of the hash of its configuration.

    Example:
        >>> run_id({"task": "cartpole", "seed": 0}) == run_id({"seed": 0, "task": "cartpole"})
        True
    """
    return sha256(encode(config, "config"))[:12]


def _number(value: float, what: str) -> Any:
    if math.isnan(value):
        return _NAN
    if math.isinf(value):
        raise BadInput(what, value, "finite numbers, or NaN for 'no verdict'", "infinity is always an error")
    return value


def _object(value: Mapping[Any, Any], what: str, depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise BadInput(f"{what} key", repr(key), "strings", "JSON objects have string keys")
        name = str.__str__(key)
        out["$" + name if name.startswith("$") else name] = plain(item, f"{what}.{name}", depth + 1)
    return out


def _scalar(value: object, what: str) -> Any:
    """Convert a NumPy, JAX or PyTorch scalar; refuse everything else."""
    name, shape, item = type(value).__name__, getattr(value, "shape", None), getattr(value, "item", None)
    if shape is None or item is None:
        raise BadInput(what, f"a {name}", _ALLOWED)
    if tuple(shape) != ():
        raise BadInput(what, f"a {name} of shape {tuple(shape)}", _ALLOWED, "arrays go in arrays={...}")
    number = item()
    if isinstance(number, (bool, int, float, str)):
        return plain(number, what)
    raise BadInput(what, f"a {name} holding a {type(number).__name__}", _ALLOWED)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is beyond all numbers")
    return value


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return [_restore(item) for item in value]
    if isinstance(value, dict):
        if value == _NAN:
            return math.nan
        return {(key[1:] if key.startswith("$") else key): _restore(item) for key, item in value.items()}
    return value
