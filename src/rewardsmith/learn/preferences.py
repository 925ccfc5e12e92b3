r"""Rewards from comparisons: linear Bradley-Terry by Newton's method, and bootstrap ensembles of it.

``P(first preferred) = sigmoid(w . (phi_first - phi_second))``; phi are features of an answer, or sums of
features over a trajectory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput
from .newton import bradley_terry

Floats = np.ndarray[Any, np.dtype[np.float64]]


def fit_preferences(differences: Any, labels: Any, l2: float = 1e-2, counts: Any = None) -> Floats:
    """Weights ``(F,)`` that maximise ``mean counts log P(label) - l2 / 2 |w|^2``; convex, to 1e-10.

    Args:
        differences: ``(N, F)``, features of the first minus features of the second.
        labels: ``(N,)`` P(first preferred): 1, 0, 0.5 for a tie; NaN is left out.
        l2: > 0, so that separable data have an answer too.
        counts: ``(N,)`` how often each pair counts (bootstrap); None for once.

    Source: Bradley and Terry, "Rank analysis of incomplete block designs", Biometrika 1952.

    Example:
        >>> fit_preferences([[1.0], [1.0], [1.0]], [1.0, 1.0, 0.0], l2=1e-9).round(4).tolist()
        [0.6931]
    """
    x, y = np.asarray(differences, np.float64), np.asarray(labels, np.float64)
    n = np.ones(len(y)) if counts is None else np.asarray(counts, np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1] or n.shape != y.shape or not l2 > 0:
        received = f"differences {x.shape}, labels {y.shape}, counts {n.shape}, l2={l2}"
        raise BadInput("fit_preferences", received, "(N, F), (N,), (N,), l2 > 0")
    known = ~np.isnan(y) & (n > 0)
    if not known.any() or (y[known] < 0).any() or (y[known] > 1).any() or not np.isfinite(x[known]).all():
        raise BadInput("fit_preferences", "no labels, or labels beyond 0..1", "labels 0 to 1, finite features")
    found = bradley_terry(x[known], y[known], n[known], l2)
    assert found is not None  # a ridge has a minimum
    return found


def bootstrap_preferences(
    differences: Any, labels: Any, members: int, rng: np.random.Generator, l2: float = 1e-2
) -> Floats:
    """Weights ``(E, F)`` of an ensemble: each is fitted to a sample of the pairs, drawn with replacement.

    Source: Efron, "Bootstrap methods", Annals of Statistics 1979.
    """
    count = len(np.asarray(labels))
    if members < 1 or count < 1:
        raise BadInput("bootstrap_preferences", f"{members} members, {count} pairs", "at least one of each")
    draws = rng.multinomial(count, np.full(count, 1.0 / count), members)
    return np.array([fit_preferences(differences, labels, l2, each) for each in draws])
