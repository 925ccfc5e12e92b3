"""Numbers about a set of returns with several objectives: which are good, and how good is the set.

Points are ``(N, K)``: N policies, K objectives, larger is better.  A point with NaN has no verdict and takes
part in nothing.  Returns that were estimated from few episodes fake dominance: evaluate again before
filtering.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def non_dominated(points: Any) -> Bools:
    """Which points no other one dominates, ``(N,)``: as good everywhere and better somewhere.

    Of equal points the first stays.

    Example:
        >>> non_dominated([[1, 3], [2, 2], [1, 2], [3, 1], [2, 2]]).tolist()
        [True, True, False, True, False]
    """
    points = _points(points)
    count = len(points)
    as_good = (points[:, None, :] >= points[None, :, :]).all(-1)  # NaN compares as False
    better = (points[:, None, :] > points[None, :, :]).any(-1)
    earlier = np.arange(count)[:, None] < np.arange(count)[None, :]
    beaten = as_good & (better | (earlier & ~better))
    return ~beaten.any(0) & ~np.isnan(points).any(-1)


def hypervolume(points: Any, reference: Any) -> float:
    """The volume between the reference point and the points, of any number of objectives.

    Only points that exceed the reference everywhere count.  The number depends on the reference, so state it.
    Exact, by slicing along the last objective: O(N log N) for two, O(N^2 log N) for three objectives.

    Source: Zitzler and Thiele, "Multiobjective optimization using evolutionary algorithms", PPSN 1998.

    Example:
        >>> hypervolume([[1, 3], [2, 2], [3, 1]], reference=[0, 0])
        6.0
    """
    points, reference = _points(points), np.asarray(reference, np.float64)
    if reference.shape != points.shape[1:] or not np.isfinite(reference).all():
        raise BadInput(
            "reference point", reference.tolist(), f"{points.shape[1]} finite numbers, one per objective"
        )
    above = points - reference
    return _volume(above[(above > 0).all(-1)])


def _volume(points: Floats) -> float:
    """Of the boxes between the origin and positive points."""
    if len(points) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float(points.max())
    points = points[np.argsort(-points[:, -1], kind="stable")]
    floors = np.append(points[1:, -1], 0.0)
    if points.shape[1] == 2:
        return float(np.sum(np.maximum.accumulate(points[:, 0]) * (points[:, 1] - floors)))
    slices = [
        (high - low) * _volume(points[: i + 1, :-1])
        for i, (high, low) in enumerate(zip(points[:, -1], floors, strict=True))
        if high > low
    ]
    return float(sum(slices))


def expected_utility(points: Any, weights: Any) -> float:
    """Mean over preferences w of ``max_n w . points[n]``: what people with these preferences get.

    Args:
        weights: ``(M, K)`` preferences, each >= 0 with sum 1.

    NaN where no point has a verdict.

    Source: Zintgraf et al., "Quality assessment of MORL algorithms: a utility-based approach", 2015.

    Example:
        >>> expected_utility([[1.0, 0.0], [0.0, 1.0]], weights=[[1.0, 0.0], [0.5, 0.5]])
        0.75
    """
    points, weights = _points(points), np.asarray(weights, np.float64)
    if weights.ndim != 2 or weights.shape[1] != points.shape[1]:
        raise BadInput("weights", f"shape {weights.shape}", f"(M, {points.shape[1]})")
    if (weights < 0).any() or not np.allclose(weights.sum(-1), 1.0):
        raise BadInput("weights", "rows that are no preferences", "numbers >= 0 that sum to 1")
    known = points[~np.isnan(points).any(-1)]
    return float((weights @ known.T).max(-1).mean()) if len(known) else float("nan")


def sparsity(points: Any) -> float:
    r"""1/(N-1) \sum_k \sum_n (gap between neighbours of the front in objective k)^2; smaller is denser.

    Of the non-dominated points; NaN for fewer than two.  Few points far apart are not told from many with one
    hole, so it is never reported alone.

    Source: Xu et al., "Prediction-Guided Multi-Objective Reinforcement Learning", ICML 2020.

    Example:
        >>> sparsity([[0, 2], [1, 1], [2, 0]])
        2.0
    """
    points = _points(points)
    front = points[non_dominated(points)]
    if len(front) < 2:
        return float("nan")
    ordered: Floats = np.sort(front, axis=0)
    return float(((ordered[1:] - ordered[:-1]) ** 2).sum() / (len(front) - 1))


def crowding_distance(points: Any) -> Floats:
    """How lonely every point is, ``(N,)``: the gap between its neighbours, summed over objectives.

    Gaps are divided by the range of the objective; the two ends of an objective are infinitely lonely.  Filter
    with ``non_dominated`` first.  NaN for points without a verdict.

    Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 2002.

    Example:
        >>> crowding_distance([[0, 3], [1, 2], [3, 0]]).tolist()
        [inf, 2.0, inf]
    """
    points = _points(points)
    found = np.full(len(points), np.nan)
    known = np.flatnonzero(~np.isnan(points).any(-1))
    found[known] = 0.0
    for column in points[known].T:
        order = known[np.argsort(column, kind="stable")]
        values = np.sort(column)
        span = values[-1] - values[0] if len(values) else 0.0
        if span > 0:
            found[order[1:-1]] += (values[2:] - values[:-2]) / span
        found[order[:1]] = found[order[-1:]] = np.inf
    return found


def _points(points: Any) -> Floats:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise BadInput("points", f"shape {array.shape}", "(N, K): policies, objectives")
    if np.isinf(array).any():
        raise BadInput("points", "infinity", "finite numbers, or NaN for no verdict")
    return array
