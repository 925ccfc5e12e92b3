"""Random batches that hold whatever a reward reads: for checks of your own rewards and transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], Any]
_WORDS = ("the", "answer", "is", "4", "7", "\\boxed{12}", "because", "so", "<think>", "</think>", "wait", "")


def sample_batch(
    fields: Iterable[str], rng: np.random.Generator, shape: Shape = (4, 6), missing: float = 0.0
) -> dict[str, Any]:
    """Random values for the named fields, and for ``terminated`` and ``first``.

    Args:
        fields: names; the ones below have their usual type, any other is normal numbers.
        shape: the leading axes; time is the last.
        missing: share of values of ``verdict`` and ``correct`` that are NaN, 'no verdict'.

    Known names: ``terminated``, ``truncated``, ``first`` (flags), ``group`` (whole numbers), ``state`` and
    ``action`` (numbers), ``length`` (tokens), ``stage`` (0 or 1), ``plan`` (whole numbers), ``cell`` (whole
    numbers 0..4), ``correct``, ``success``, ``behaviour`` and ``kind`` (0 or 1), ``verdict``,
    ``reference_scores`` and ``member_scores`` (three columns), ``prompt``, ``completion``, ``reference``
    (texts; leading shape ``(N,)`` only).
    """
    names = sorted({"terminated", "first", *fields})  # the order of a set differs from process to process
    batch = {name: _KNOWN.get(name, _normal)(rng, shape) for name in names}
    for name in ("verdict", "correct"):
        if name in batch and missing:
            batch[name] = np.where(rng.random(shape) < missing, np.nan, batch[name])
    return batch


def _normal(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape)


def _columns(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=(*shape, 3))


def _rarely(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.random(shape) < 0.15


def _first(rng: np.random.Generator, shape: Shape) -> Any:
    del rng
    first = np.zeros(shape, bool)
    first[..., 0] = True
    return first


def _group(rng: np.random.Generator, shape: Shape) -> Any:
    """Groups of unequal size, some of one member."""
    return np.sort(rng.integers(0, max(2, int(np.prod(shape)) // 4), size=shape).ravel()).reshape(shape)


def _coin(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.integers(0, 2, shape).astype(float)


def _cell(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.integers(0, 5, shape)


def _length(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.integers(1, 60, shape).astype(float)


def _text(rng: np.random.Generator, shape: Shape) -> Any:
    return [" ".join(rng.choice(_WORDS, size=rng.integers(0, 12))) for _ in range(shape[0])]


_KNOWN: dict[str, Draw] = {
    "terminated": _rarely,
    "truncated": _rarely,
    "first": _first,
    "group": _group,
    "correct": _coin,
    "success": _coin,
    "kind": _coin,
    "stage": _coin,
    "plan": _group,
    "behaviour": _coin,
    "length": _length,
    "cell": _cell,
    "next_cell": _cell,
    "prompt": _text,
    "completion": _text,
    "reference": _text,
    "reference_scores": _columns,
    "member_scores": _columns,
}
