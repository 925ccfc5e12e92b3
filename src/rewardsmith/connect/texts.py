"""Text batches: what trainers of language models hand over, as the fields that rewards read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import is_array

# What a data set usually calls the right answer; the first that there is becomes the field `reference`.
REFERENCES = ("reference", "answer", "solution", "ground_truth")


def text_batch(
    completions: Sequence[Any],
    prompts: Sequence[Any] | None = None,
    columns: Mapping[str, Any] | None = None,
    *,
    lengths: Sequence[int] | None = None,
    group_size: int | None = None,
) -> dict[str, Any]:
    """The fields of a batch of completions, each a list or an array with one entry per completion.

    - ``completion``, ``prompt``: texts.  Of a conversation it is the last message of the assistant, or of the
      user; the messages are in ``completion_messages`` and ``prompt_messages``.
    - every column under its own name; numbers and truth values as arrays, None among numbers as NaN.
    - ``reference``: the column of that name, else ``answer``, ``solution`` or ``ground_truth``; as text.
    - ``group``: the column of that name, else one number for each run of equal prompts.
    - ``length``: the column of that name, else the tokens of each completion, where they are known.
    - ``terminated`` and ``first``: True, because each completion is an episode of one step.

    Args:
        completions, prompts: texts, or conversations (lists of messages).
        columns: other columns of the data set.
        lengths: tokens of each completion.
        group_size: completions per prompt; splits runs in which one prompt was drawn several times.

    Example:
        >>> batch = text_batch(["4", "5"], ["2+2", "2+2"], {"answer": [4, 4], "level": [1, None]})
        >>> batch["reference"], batch["group"].tolist(), batch["level"].tolist()
        (['4', '4'], [0, 0], [1.0, nan])
    """
    given = {name: as_field(values) for name, values in (columns or {}).items()}
    count = len(completions)
    batch: dict[str, Any] = {"terminated": np.ones(count, bool), "first": np.ones(count, bool)}
    if prompts is not None:
        batch |= _texts("prompt", prompts, "user") | {"group": run_ids(prompts, group_size)}
    if lengths is not None:
        batch["length"] = np.asarray(lengths, dtype=np.float64)
    source = next((name for name in REFERENCES if name in given), None)
    batch |= given
    if source is not None:
        batch["reference"] = [_as_text(value) for value in (columns or {})[source]]
    return batch | _texts("completion", completions, "assistant")


def as_field(values: Any) -> Any:
    """A column as a field: an array if it holds numbers or truth values only, else a list."""
    if is_array(values) or isinstance(values, str) or not isinstance(values, Sequence):
        return values
    kinds = {type(value) for value in values}
    if kinds == {bool} or kinds == {int}:
        return np.asarray(values)
    if kinds & {int, float} and kinds <= {int, float, type(None)}:
        return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
    return list(values)


def run_ids(values: Iterable[Any], size: int | None = None) -> np.ndarray[Any, Any]:
    """A number for each run of equal values, begun anew after ``size`` of them.

    Example:
        >>> run_ids(["a", "a", "b", "a"]).tolist(), run_ids(["a", "a", "a", "a"], 2).tolist()
        ([0, 0, 1, 2], [0, 0, 1, 1])
    """
    ids: list[int] = []
    before: Any = None
    members = 0
    for value in values:
        same = bool(ids) and value == before and members != size
        members = members + 1 if same else 1
        ids.append((ids[-1] if same else ids[-1] + 1) if ids else 0)
        before = value
    return np.asarray(ids, dtype=np.int64)


def message_text(value: Any, role: str) -> str:
    """A text as it is; of a conversation the text of the last message of that role (else of the last one)."""
    if isinstance(value, str):
        return value
    messages = [message for message in value or () if isinstance(message, Mapping)]
    spoken = [message for message in messages if message.get("role") == role] or messages
    return _content(spoken[-1].get("content")) if spoken else ""


def _texts(name: str, values: Sequence[Any], role: str) -> dict[str, Any]:
    fields: dict[str, Any] = {name: [message_text(value, role) for value in values]}
    if any(not isinstance(value, str) for value in values):
        fields[f"{name}_messages"] = list(values)
    return fields


def _content(content: Any) -> str:
    """The text of a message; of one in pieces (text, image ...) the texts."""
    if isinstance(content, str):
        return content
    pieces = content if isinstance(content, Sequence) else ()
    texts = (piece.get("text") for piece in pieces if isinstance(piece, Mapping))
    return "".join(text for text in texts if isinstance(text, str))


def _as_text(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return value
    return str(value)
