"""Drawing parents: by rank, or by a softmax of success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..candidate import Parent

Item = TypeVar("Item")


def by_rank(items: Sequence[Item], rng: np.random.Generator) -> Item:
    """Linear ranking: of n items, best first, the i-th (from 0) with odds n - i."""
    weights = np.arange(len(items), 0, -1, dtype=float)
    return items[int(rng.choice(len(items), p=weights / weights.sum()))]


def softmax(values: Sequence[float], temperature: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """exp(v / T) over its sum, whatever the size of the values: the largest is subtracted first.

    Example:
        >>> softmax([1000.0, 1000.0], 1.0).tolist()
        [0.5, 0.5]
    """
    shifted = (np.asarray(values, float) - np.max(values)) / temperature
    weights = np.exp(shifted)
    return weights / weights.sum()


def by_score(items: Sequence[Parent], temperature: float, rng: np.random.Generator) -> Parent:
    """A softmax of success; items without a score count as 0."""
    values = [item.score or 0.0 for item in items]
    return items[int(rng.choice(len(items), p=softmax(values, temperature)))]
