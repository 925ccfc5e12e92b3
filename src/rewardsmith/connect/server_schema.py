"""What the reward server reads and answers: schemas, and JSON as fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from ..core.algebra import Reward
from ..core.errors import MissingExtra, RewardsmithError
from .openrlhf import completion_of
from .texts import as_field, text_batch

try:
    import orjson
    from pydantic import BaseModel, ConfigDict, Field, ValidationError
except ModuleNotFoundError as error:
    raise MissingExtra(error.name or "pydantic", "server", "the reward server") from error

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=200)]
Label = str | float | bool | None
# Whether an episode begins or ends with a sample, and which samples belong together: sent for every reward.
_ALWAYS = frozenset({"terminated", "first", "group", "completion"})
_DEPTH = 4


class Refused(RewardsmithError):
    """A request that gets no verdicts: the status and one line."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(f"{status}: {why}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ScoreRequest(_Strict):
    """Fields by name, each a list with one entry for each sample: texts, numbers, or rows of numbers."""

    fields: dict[Name, list[Any]] = Field(min_length=1, max_length=256)


class ScoreResponse(_Strict):
    """For each sample the reward and what each part contributed; null is 'no verdict'."""

    total: list[float | None]
    terms: dict[str, list[float | None]]
    errors: list[str]


class OpenRLHFRequest(_Strict):
    """What OpenRLHF sends: whole texts (prompt and answer), prompts, and labels."""

    query: list[str]
    prompts: list[str]
    labels: list[Label] | None = None


class OpenRLHFResponse(_Strict):
    """What OpenRLHF reads."""

    rewards: list[float | None]
    scores: list[float | None]
    extra_logs: dict[str, float | None]


def parse_score(body: bytes, reward: Reward, most: int) -> dict[str, Any]:
    """The batch of a native request.

    Raises:
        Refused: 422 with one line.
    """
    given = _parse(ScoreRequest, body).fields
    reads = sorted(reward.fields)
    unknown = sorted(set(given) - reward.fields - _ALWAYS)
    if unknown:
        raise Refused(422, f"unknown field {unknown[0]!r}; this reward reads: {', '.join(reads) or 'nothing'}")
    missing = sorted(reward.fields - set(given))
    if missing:
        raise Refused(422, f"missing field {missing[0]!r}; this reward reads: {', '.join(reads)}")
    _check_counts({name: len(values) for name, values in given.items()}, most)
    return {name: _field(name, values) for name, values in given.items()}


def parse_openrlhf(body: bytes, reward: Reward, most: int) -> dict[str, Any]:
    """The batch of an OpenRLHF request: prompt, completion, query, label, and reference (the label again).

    Raises:
        Refused: 422 with one line, also where the reward reads what OpenRLHF does not send.
    """
    given = _parse(OpenRLHFRequest, body)
    labels = [None] * len(given.query) if given.labels is None else given.labels
    counts = {"query": len(given.query), "prompts": len(given.prompts), "labels": len(labels)}
    _check_counts(counts, most)
    pairs = zip(given.query, given.prompts, strict=True)
    completions = [completion_of(query, prompt) for query, prompt in pairs]
    columns = {"label": labels, "reference": labels, "query": given.query}
    batch = text_batch(completions, given.prompts, columns)
    missing = sorted(reward.fields - set(batch))
    if missing:
        has = ", ".join(sorted(batch))
        raise Refused(422, f"this reward reads {missing[0]!r}; OpenRLHF sends: {has}; use /v1/score")
    return batch


def dump(value: Any) -> bytes:
    """JSON; NaN is null."""
    return orjson.dumps(value)


def _parse(model: Any, body: bytes) -> Any:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise Refused(422, f"not JSON (NaN and infinity are not JSON either): {_line(problem)}") from None
    try:
        return model.model_validate(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        raise Refused(422, f"{place}: {_line(first['msg'])}") from None


def _check_counts(counts: Mapping[str, int], most: int) -> None:
    first, count = next(iter(counts.items()))
    for name, other in counts.items():
        if other != count:
            raise Refused(422, f"{name!r} has {other} entries and {first!r} has {count}; one for each sample")
    if count > most:
        raise Refused(422, f"{count} samples in one request; at most {most}")


def _field(name: str, values: Sequence[Any]) -> Any:
    """A list of texts as it is; numbers, and rows of numbers, as an array."""
    if not values or not all(isinstance(row, list) for row in values):
        return as_field(values)
    if any(isinstance(row, list) and any(isinstance(each, (str, dict)) for each in row) for row in values):
        return list(values)  # messages, or lists of texts
    try:
        array = np.asarray(values)
    except ValueError:
        raise Refused(422, f"field {name!r}: rows of different lengths") from None
    if array.dtype.kind not in "biuf" or array.ndim > _DEPTH:
        raise Refused(422, f"field {name!r}: neither texts nor rows of numbers (at most {_DEPTH} axes)")
    return array


def _line(message: object) -> str:
    return " ".join(str(message).split())
