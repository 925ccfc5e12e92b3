"""Whether an order of finitely many policies can be stated in a formalism: with a certificate, either way.

An order is a rank for each policy, higher is better, equal is a tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from ...core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
_EXACT = 1e-8  # residual above which a certificate proves nothing


@dataclass(frozen=True, eq=False)
class Expressible:
    """An answer with its proof.

    Args:
        answer: ``yes``, ``no`` or, where neither certificate is exact to 1e-8, ``undecided``.
        weights: ``(F,)`` that state the order, for ``yes``.
        farkas: for ``no`` a combination of the demanded differences, those of strict preferences >= 0 with sum
            1, that is 0: added up, the demands contradict each other.
        residual: how exactly.
    """

    answer: Literal["yes", "no", "undecided"]
    weights: Floats | None = None
    farkas: Floats | None = None
    residual: float = float("nan")


def linear_order(features: Any, ranks: Any) -> Expressible:
    """Is there w with ``w . features`` in this order?  A linear program, or Farkas' lemma.

    Args:
        features: ``(N, F)`` of which the objective is a linear function: occupancies, trajectory lotteries.
        ranks: ``(N,)``.

    Source: Farkas (1902); the test of Subramani et al., arXiv 2310.11840, made executable.

    Example:
        >>> linear_order([[0.0], [0.5], [1.0]], [0, 1, 0]).answer  # better in the middle
        'no'
    """
    from scipy.optimize import linprog

    strict, ties = _demands(features, ranks)
    width = strict.shape[1]
    none = np.zeros(width)
    found = linprog(none, -strict, -np.ones(len(strict)), ties, np.zeros(len(ties)), bounds=(None, None))
    if found.status == 0:
        weights = np.asarray(found.x, np.float64)
        scale = max(1.0, float(np.abs(weights).max()))
        residual = max(
            float(np.max(1 - strict @ weights, initial=0.0)), float(np.abs(ties @ weights).max(initial=0.0))
        )
        if residual / scale < _EXACT:
            return Expressible("yes", weights=weights, residual=residual / scale)
    rows = np.concatenate([strict, ties])
    system = np.vstack([rows.T, np.r_[np.ones(len(strict)), np.zeros(len(ties))]])
    bounds = [(0, None)] * len(strict) + [(None, None)] * len(ties)
    dual = linprog(np.zeros(len(rows)), A_eq=system, b_eq=np.r_[none, 1.0], bounds=bounds)
    if dual.status == 0:
        farkas = np.asarray(dual.x, np.float64)
        residual = float(np.abs(system @ farkas - np.r_[none, 1.0]).max())
        if residual < _EXACT and farkas[: len(strict)].min(initial=0.0) >= 0:
            return Expressible("no", farkas=farkas, residual=residual)
    return Expressible("undecided")


def function_order(features: Any, ranks: Any) -> Expressible:
    """Is there any function of the features with this order?  Unless equal features have different ranks.

    The Farkas vector of a ``no`` is the pair: 1 at one policy, -1 at the other.
    """
    x, order = _read(features, ranks)
    for i in range(len(x)):
        for j in range(i):
            apart = float(np.abs(x[i] - x[j]).max())
            if order[i] != order[j] and apart < _EXACT:
                pair = np.zeros(len(x))
                pair[i], pair[j] = 1.0, -1.0
                return Expressible("no", farkas=pair, residual=apart)
    return Expressible("yes", residual=0.0)


def _demands(features: Any, ranks: Any) -> tuple[Floats, Floats]:
    """Differences that must be positive (of neighbouring ranks), and those that must be 0 (within a rank)."""
    x, order = _read(features, ranks)
    levels = np.unique(order)
    first = {level: int(np.flatnonzero(order == level)[0]) for level in levels}
    strict = [x[first[b]] - x[first[a]] for a, b in pairwise(levels)]
    ties = [x[i] - x[first[order[i]]] for i in range(len(x)) if i != first[order[i]]]
    empty = np.zeros((0, x.shape[1]))
    return (np.array(strict) if strict else empty), (np.array(ties) if ties else empty)


def _read(features: Any, ranks: Any) -> tuple[Floats, Floats]:
    x, order = np.asarray(features, np.float64), np.asarray(ranks, np.float64)
    if x.ndim != 2 or order.shape != x.shape[:1] or not np.isfinite(x).all() or not np.isfinite(order).all():
        raise BadInput("order", f"features {x.shape}, ranks {order.shape}", "(N, F) and (N,), finite")
    return x, order


def ranks_of(values: Any, tolerance: float = 1e-9) -> Floats:
    """Ranks 0, 1, ... of values, where values closer than ``tolerance`` to their neighbour tie.

    Example:
        >>> ranks_of([0.3, 1.0, 0.3 + 1e-12]).tolist()
        [0.0, 1.0, 0.0]
    """
    numbers = np.asarray(values, np.float64)
    order = np.argsort(numbers, kind="stable")
    steps = np.r_[0.0, np.cumsum(np.diff(numbers[order]) > tolerance)]
    ranks = np.empty(len(numbers))
    ranks[order] = steps
    return ranks
