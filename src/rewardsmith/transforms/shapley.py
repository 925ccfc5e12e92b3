r"""Shapley values of the parts of a sequence: a score that comes at the end, split by who earned it (SCAR).

The game: the value of a set of parts is the score of what is left when only they are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Worth = Callable[[Any], Any]
EXACT = 10  # parts up to which all sets are scored


@dataclass(frozen=True, eq=False)
class ShapleyShares:
    """What each of n parts earned.

    Args:
        shares: ``(n,)``.
        standard_error: ``(n,)``; 0 where all sets were scored.
        empty, whole: the scores of nothing and of everything.
        calls: sets that were scored.
    """

    shares: Floats
    standard_error: Floats
    empty: float
    whole: float
    calls: int

    @property
    def residual(self) -> float:
        """``sum shares - (whole - empty)``: 0 up to rounding, exactly as in the theory."""
        return float(self.shares.sum() - (self.whole - self.empty))


def shapley_redistribute(
    v: Worth, units: int, pairs: int = 32, rng: np.random.Generator | None = None, exact: int = EXACT
) -> ShapleyShares:
    r"""\phi_i = E over orders of ``v(before i, and i) - v(before i)``: dense, with the sum of the score.

    Up to ``exact`` parts, all ``2^n`` sets are scored.  Beyond that, ``pairs`` random orders, each with its
    reverse (antithetic); the error is that of the pairs' means.

    Args:
        v: scores of sets: bools ``(m, n)`` of what is kept -> ``(m,)``.
        units: n, the parts.
        pairs: at least 2.
        rng: needed for more than ``exact`` parts.

    Raises:
        BadInput: no parts, too few pairs, no generator, or a score that is not finite.

    Source: Shapley, "A value for n-person games", 1953; SCAR in Zhang, arXiv:2512.04302; orders and their
    reverses: Mitchell et al., "Sampling permutations for Shapley value estimation", JMLR 23 (2022).

    Example:
        >>> shapley_redistribute(lambda kept: kept[:, 0] * kept[:, 1] + 2.0 * kept[:, 2], 3).shares.tolist()
        [0.5, 0.5, 2.0]
    """
    if units < 1 or pairs < 2:
        raise BadInput("shapley_redistribute", f"units={units}, pairs={pairs}", "units >= 1, pairs >= 2")
    if units <= exact:
        return _exact(v, units)
    if rng is None:
        raise BadInput("shapley_redistribute rng", "None", f"a generator for more than {exact} units")
    orders = np.array([rng.permutation(units) for _ in range(pairs)])
    both = np.concatenate([orders, orders[:, ::-1]])
    place = both.argsort(1)
    kept = place[:, None, :] < np.arange(units + 1)[None, :, None]  # the first k of each order
    scores = _scored(v, kept.reshape(-1, units)).reshape(2 * pairs, units + 1)
    gains = np.take_along_axis(np.diff(scores, axis=1), place, axis=1)
    paired = gains.reshape(2, pairs, units).mean(0)
    error = paired.std(0, ddof=1) / np.sqrt(pairs)
    return ShapleyShares(paired.mean(0), error, float(scores[0, 0]), float(scores[0, -1]), scores.size)


def _exact(v: Worth, units: int) -> ShapleyShares:
    kept, weights = _coalitions(units)
    scores = _scored(v, kept)
    return ShapleyShares(weights @ scores, np.zeros(units), float(scores[0]), float(scores[-1]), len(scores))


@cache
def _coalitions(units: int) -> tuple[Any, Floats]:
    """All sets ``(2^n, n)``, and the weights ``(n, 2^n)`` of their scores in each share."""
    numbers = np.arange(2**units)
    kept = (numbers[:, None] >> np.arange(units)) & 1 == 1
    size, weights = kept.sum(1), np.zeros((units, 2**units))
    each = 1.0 / (units * np.array([comb(units - 1, k) for k in range(units)]))
    for i in range(units):
        without = numbers[~kept[:, i]]
        weights[i, without] = -each[size[without]]
        weights[i, without | (1 << i)] = each[size[without]]
    kept.setflags(write=False)
    return kept, weights


def _scored(v: Worth, kept: Any) -> Floats:
    scores = np.asarray(v(kept), np.float64)
    if scores.shape != kept.shape[:1] or not np.isfinite(scores).all():
        raise BadInput("scores", f"shape {scores.shape}", f"{kept.shape[:1]} finite numbers")
    return scores
