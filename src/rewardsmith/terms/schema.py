"""JSON schema: is the completion a JSON value of the form that was asked for?"""

from __future__ import annotations

import functools
import importlib
import json
from typing import Any

from ..core.errors import BadInput, MissingExtra
from ..core.term import term
from .format import json_value


@term(unit="1", low=0.0, high=1.0, source="JSON Schema, draft 2020-12", each=True, timeout=5.0, concurrency=4)
def json_matches(completion: str | None, *, schema: str = "{}", fenced: bool = False) -> float | None:
    """1 where the completion (after the thought) is one JSON value that fits the schema, else 0.

    Runs in worker processes, because patterns in a schema can backtrack without end.

    Args:
        schema: a JSON schema as text; references reach inside it only, nothing is fetched.
        fenced: the value may stand in the only code block of the completion.

    Raises:
        BadInput: the schema is no JSON schema.
        MissingExtra: the package ``jsonschema`` is not installed.

    Source: JSON Schema, draft 2020-12.

    Example:
        >>> texts = ['{"answer": 4}', '{"answer": 4, "note": ""}', '{"anwser": 4}', "4"]
        >>> json_matches(schema='{"type": "object", "required": ["answer"]}')({"completion": texts}).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    validator = _validator(schema)
    if completion is None:
        return None
    is_json, value = json_value(completion, fenced)
    return float(is_json and validator.is_valid(value))


def rewardsmith_before_fork() -> None:
    """Import jsonschema once, before the workers are forked."""
    importlib.import_module("jsonschema.validators")


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    try:
        import jsonschema.validators
        import referencing
    except ImportError:
        raise MissingExtra("jsonschema", "text", "json_matches") from None
    try:
        read = json.loads(schema)
        kind = jsonschema.validators.validator_for(read, default=jsonschema.Draft202012Validator)
        kind.check_schema(read)
    except (ValueError, RecursionError, jsonschema.SchemaError) as error:
        said = str(error).partition("\n")[0]
        raise BadInput("json_matches schema", repr(schema[:60]), f"a JSON schema ({said})") from None
    registry: Any = referencing.Registry()  # without a way to fetch: a remote reference is an error
    return kind(read, registry=registry)
