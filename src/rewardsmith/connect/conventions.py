"""Conventions: how the reward functions of several frameworks are called.

The convention is read off the names of the parameters:

- ``batch`` alone: the batch as it is;
- ``completions``: TRL, called with the whole batch and every column that it names;
- ``solution_str``: verl, called for each sample;
- ``queries``: OpenRLHF, called with one sample at a time;
- ``answer`` and ``entry``: reasoning-gym's ``score_answer``, ``entry`` being the row;
- otherwise one call for each sample, with what its parameters name (``prompt``, ``completion``, ``reference``,
  a column, or the usual other words for these); two parameters of other names are completion and reference.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..core.arrays import is_array, to_numpy
from ..core.errors import BadInput

_COMPLETION = (
    "completion",
    "response",
    "output",
    "text",
    "prediction",
    "pred",
    "candidate",
    "solution_str",
    "model_output",
    "predict_str",
    "answer",
)
_REFERENCE = ("reference", "ground_truth", "label", "target", "gold", "expected", "truth", "answer", "solution")
_PROMPT = ("prompt", "question", "problem", "query", "instruction")
_NO_FIELDS = ("terminated", "first")
# what conventions hand over besides columns
_GIVEN = (
    *("batch", "prompts", "completions", "queries", "labels", "answer", "entry"),
    *("data_source", "solution_str", "ground_truth", "extra_info"),
)
Convention = Callable[[Callable[..., Any], Mapping[str, Any], bool], list[float | None]]


def convention_of(function: Callable[..., Any]) -> Convention:
    """How a function is called, by the names of its parameters."""
    names = set(inspect.signature(function).parameters)
    if names == {"batch"}:
        return _whole
    if "completions" in names:
        return _trl
    if "solution_str" in names:
        return _verl
    if "queries" in names:
        return _openrlhf
    return _reasoning_gym if names >= {"answer", "entry"} else by_name


def _whole(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    del chat
    return [score_of(each) for each in _list(_awaited(function(batch)))]


def _trl(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    prompts, completions = list(batch["prompt"]), list(batch["completion"])
    if chat:
        prompts = [[_message("user", text)] for text in prompts]
        completions = [[_message("assistant", text)] for text in completions]
    given = {
        name: _list(value) for name, value in batch.items() if name not in ("prompt", "completion", *_NO_FIELDS)
    }
    given |= {"prompts": prompts, "completions": completions}
    scores = _awaited(function(**_accepted(function, given)))
    return [score_of(each) for each in _list(scores)]


def _verl(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    del chat
    scores: list[float | None] = []
    for row in rows_of(batch):
        extra = {
            name: value for name, value in row.items() if name not in ("completion", "reference", *_NO_FIELDS)
        }
        given = {
            "data_source": row.get("data_source", ""),
            "solution_str": row["completion"],
            "ground_truth": row.get("ground_truth", row["reference"]),
            "extra_info": extra,
        }
        scores.append(score_of(_awaited(function(**_accepted(function, given)))))
    return scores


def _openrlhf(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    del chat
    scores: list[float | None] = []
    for row in rows_of(batch):
        found = function([row["prompt"] + (row["completion"] or "")], [row["prompt"]], [row["reference"]])
        scores.append(score_of(_list(found["rewards"] if isinstance(found, Mapping) else found)[0]))
    return scores


def _reasoning_gym(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    del chat
    return [score_of(function(answer=row["completion"], entry=row.get("entry", row))) for row in rows_of(batch)]


def by_name(function: Callable[..., Any], batch: Mapping[str, Any], chat: bool) -> list[float | None]:
    """One call for each sample, with what the parameters name."""
    scores: list[float | None] = []
    for row in rows_of(batch):
        if chat:
            row = row | {"completion": [_message("assistant", row["completion"])]}
        row = row | {"messages": [_message("user", row["prompt"]), _message("assistant", row["completion"])]}
        scores.append(score_of(_awaited(function(**named(function, row)))))
    return scores


def require(function: Callable[..., Any], batch: Mapping[str, Any]) -> None:
    """Refuse, before anything is called, a parameter without a default that nothing in a batch fits.

    Raises:
        BadInput: with the names.
    """
    convention = convention_of(function)
    if convention is by_name:
        for row in rows_of(batch)[:1]:
            named(function, row | {"messages": []})
        return
    known = {*batch, *_REFERENCE, *_GIVEN}
    parameters = inspect.signature(function).parameters.values()
    plain = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    unknown = [each.name for each in plain if each.default is each.empty and each.name not in known]
    if unknown:
        raise BadInput(
            "parameters of the function", ", ".join(unknown), f"columns of the data: {', '.join(batch)}"
        )


def named(function: Callable[..., Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters of a function are called with.

    Raises:
        BadInput: one has no default, and nothing in the row fits it.
    """
    parameters = inspect.signature(function).parameters.values()
    wanted = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    names = [each.name for each in wanted]
    said = next((name for name in _COMPLETION if name in names), None)
    given: dict[str, Any] = {} if said is None else {said: row.get("completion")}
    unknown: list[str] = []
    for each in wanted:
        if each.name in given:
            continue
        if each.name in row:
            given[each.name] = row[each.name]
        elif each.name in _REFERENCE:
            given[each.name] = row.get("reference")
        elif each.name in _PROMPT:
            given[each.name] = row.get("prompt")
        elif each.default is each.empty:
            unknown.append(each.name)
    if said is None and "messages" not in given and len(unknown) in (1, 2) and unknown == names:
        return dict(zip(unknown, (row.get("completion"), row.get("reference")), strict=False))
    if unknown:
        allowed = f"prompt, completion, reference and the columns {', '.join(row)}"
        raise BadInput(
            f"parameters of {getattr(function, '__name__', 'the function')}", ", ".join(unknown), allowed
        )
    return given


def score_of(value: Any) -> float | None:
    """The score in what a function returned: a number, None, a mapping or object with it, or a tuple.

    Example:
        >>> score_of({"score": 1}), score_of((0.5, "close")), score_of(None)
        (1.0, 0.5, None)
    """
    found: Any = value
    if isinstance(value, Mapping):
        found = next((value[name] for name in ("score", "reward", "rewards") if name in value), value)
    elif isinstance(value, (tuple, list)) and value:
        found = value[0]
    elif hasattr(found, "score"):
        found = found.score
    return None if found is None else float(found)


def _accepted(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    usual = {name: given["reference"] for name in _REFERENCE if "reference" in given and name in parameters}
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return usual | dict(given)
    return {name: value for name, value in (usual | dict(given)).items() if name in parameters}


def rows_of(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The samples of a batch, each as a mapping."""
    columns = {name: _list(value) for name, value in batch.items() if name not in _NO_FIELDS}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _list(values: Any) -> list[Any]:
    return to_numpy(values).tolist() if is_array(values) else list(values)


def _message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def _awaited(value: Any) -> Any:
    if not inspect.isawaitable(value):
        return value

    async def result() -> Any:
        return await value

    return asyncio.run(result())
