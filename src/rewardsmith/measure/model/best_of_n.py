"""Best-of-n: what a reward model's choice among n answers is worth, exactly, from a pool of scored answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.stats import mean_interval
from .scores import Floats, checked


@dataclass(frozen=True, eq=False)
class BonCurve:
    """Means over P problems for each of K values of n.

    Args:
        n: ``(K,)``.
        kl: ``(K,)``, ``log n - (n - 1) / n`` nats.
        value: ``(K,)`` mean gold of the answer that the model picks.
        oracle: ``(K,)`` mean gold of the best answer; the gap is what the model costs.
        low, high: ``(K,)`` 95 % intervals of ``value`` over problems (Student's t); NaN for one problem.
        problems: P.
        missing: answers without a score, left out of their pools.
    """

    n: np.ndarray[Any, np.dtype[np.int64]]
    kl: Floats
    value: Floats
    oracle: Floats
    low: Floats
    high: Floats
    problems: int
    missing: int

    def __str__(self) -> str:
        rows = zip(self.n, self.kl, self.value, self.low, self.high, self.oracle, strict=True)
        lines = [f"{n:5d} {kl:6.3f} {v:7.3f} [{a:.3f}, {b:.3f}] {o:7.3f}" for n, kl, v, a, b, o in rows]
        return "\n".join(["    n     KL   value    interval       oracle", *lines])


def best_of_n_kl(n: Any) -> Floats:
    """``log n - (n - 1) / n`` nats: KL of best-of-n from the policy that the answers are drawn from.

    Exact where no two answers score alike; an upper bound where answers repeat.

    Source: Stiennon et al., arXiv:2009.01325; the bound: Beirami et al., arXiv:2401.01879.
    """
    n = np.asarray(n, np.float64)
    if not (n >= 1).all():
        raise BadInput("n", n.tolist(), "1 or more")
    return np.log(n) - (n - 1) / n


def best_of_n_weights(scores: Any, n: int) -> Floats:
    """Chance of each of N answers to be the best of n drawn without replacement, ``(N,)``.

    For the i-th lowest score it is ``C(i - 1, n - 1) / C(N, n)``; answers that tie share what they get, as if
    ties were broken at random.

    Example:
        >>> best_of_n_weights([0.1, 0.3, 0.2], 2).round(4).tolist()
        [0.0, 0.6667, 0.3333]
    """
    scores = checked("scores", scores, 1, False)
    order = np.argsort(scores, kind="stable")
    weights = np.empty(len(scores))
    weights[order] = _alike(scores[order][None], _by_rank(len(scores), [n]))[0]
    return weights


def bon_curve(scores: Any, gold: Any, ns: Sequence[int], drop_nan: bool = False) -> BonCurve:
    """Mean gold of the best of n answers by score, for each n: an exact expectation, not a simulation.

    The n answers are drawn from the pool without replacement, so with a pool drawn from a policy the curve
    is unbiased for best-of-n of that policy at every n up to the size of the pool.

    Args:
        scores, gold: ``(P, N)``: problems, then answers; ``(N,)`` for one problem.
        ns: each at most N, less what ``drop_nan`` leaves out.
        drop_nan: leave answers without a score out of their pool; otherwise they are an error.

    Source: Nakano et al., "WebGPT", arXiv:2112.09332 (the estimator).

    Example:
        >>> curve = bon_curve([0.1, 0.3, 0.2], gold=[0.0, 1.0, 3.0], ns=[1, 2, 3])
        >>> curve.value.round(4).tolist(), curve.oracle.round(4).tolist()
        ([1.3333, 1.6667, 1.0], [1.3333, 2.3333, 3.0])
    """
    scores = checked("scores", np.atleast_2d(np.asarray(scores, np.float64)), 2, drop_nan)
    gold = checked("gold", np.atleast_2d(np.asarray(gold, np.float64)), 2, False)
    if scores.shape != gold.shape:
        raise BadInput("gold", f"shape {gold.shape}", f"that of the scores, {scores.shape}")
    known = (~np.isnan(scores)).sum(-1)
    if not known.all():
        raise BadInput("scores", f"none at problem {known.argmin()}", "at least one scored answer")
    picked, best = np.zeros((2, len(scores), len(ns)))
    for size in np.unique(known):
        rows = known == size
        chance = _by_rank(int(size), ns).T
        order = np.argsort(scores[rows], axis=-1, kind="stable")[:, :size]  # NaN comes last
        ranked, worth = (np.take_along_axis(table[rows], order, -1) for table in (scores, gold))
        picked[rows] = _alike(ranked, worth) @ chance
        best[rows] = np.sort(worth, axis=-1) @ chance
    spread = [mean_interval(column) for column in picked.T]
    low, high = np.array([s.low for s in spread]), np.array([s.high for s in spread])
    missing = int(np.isnan(scores).sum())
    sizes = np.array(list(ns), np.int64)
    return BonCurve(sizes, best_of_n_kl(sizes), picked.mean(0), best.mean(0), low, high, len(scores), missing)


def _by_rank(size: int, ns: Sequence[int]) -> Floats:
    """Chance of the answer of each rank, the lowest first, to be the best of n: ``(K, N)``."""
    if not ns or min(ns) < 1 or max(ns) > size:
        raise BadInput("n", list(ns), f"between 1 and the {size} scored answers of a problem")
    n = np.asarray(ns)[:, None]
    below = np.arange(size)[None, :]  # answers with a lower score
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    over = np.maximum(below - (n - 1), 0)
    log_chance = log_factorial[below] - log_factorial[n - 1] - log_factorial[over]
    log_chance = log_chance - (log_factorial[size] - log_factorial[n] - log_factorial[size - n])
    return np.where(below >= n - 1, np.exp(log_chance), 0.0)


def _alike(ranked: Floats, values: Floats) -> Floats:
    """Values ``(P, N)`` in the order of the scores, averaged over answers whose scores are the same."""
    first = np.ones(ranked.shape, bool)
    first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    group = np.cumsum(first.ravel()) - 1
    return (np.bincount(group, values.ravel()) / np.bincount(group))[group].reshape(ranked.shape)
