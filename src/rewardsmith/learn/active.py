r"""Which pairs to ask next: optimal design for Bradley-Terry rewards.

One more label of x adds ``p (1 - p) x x^T`` to the information I, with p at the current estimate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


def next_pairs(
    candidates: Any, theta: Any, asked: Any, count: int, target: Any = None, ridge: float = 1e-2
) -> np.ndarray[Any, np.dtype[np.int64]]:
    r"""Numbers ``(count,)`` of the candidate pairs to ask next, one after the other by greedy design.

    D-optimal without a target: the largest gain of log det, ``log(1 + p (1 - p) x^T I^-1 x)``.  A-optimal with
    one: the largest fall of ``sum_k c_k^T I^-1 c_k``, the variance of what one wants to know.

    Args:
        candidates: ``(M, F)`` differences of features; each may be asked once.
        theta: ``(F,)`` the current estimate; zeros before there is one.
        asked: ``(N, F)`` differences that have labels already; N may be 0.
        target: ``(K, F)`` directions of interest, or None.
        ridge: times the identity is added to the information, which would else be singular at first.

    Source: Chaloner and Verdinelli, "Bayesian experimental design: a review", Statistical Science 1995.

    Example:
        >>> next_pairs([[0.1, 0.0], [1.0, 0.0], [0.0, 0.9]], [0.0, 0.0], np.zeros((0, 2)), 2).tolist()
        [1, 2]
    """
    x, w, old = (np.asarray(each, np.float64) for each in (candidates, theta, asked))
    if x.ndim != 2 or w.shape != x.shape[1:] or old.ndim != 2 or old.shape[1] != x.shape[1] or not ridge > 0:
        raise BadInput("next_pairs", f"{x.shape}, {w.shape}, {old.shape}", "(M, F), (F,), (N, F), ridge > 0")
    if not 1 <= count <= len(x):
        raise BadInput("next_pairs: count", count, f"1 to {len(x)}")
    wanted = None if target is None else np.atleast_2d(np.asarray(target, np.float64))
    inverse = np.linalg.inv((old.T * _weight(old @ w)) @ old + ridge * np.eye(x.shape[1]))
    weight, free, chosen = _weight(x @ w), np.ones(len(x), bool), list[int]()
    for _ in range(count):
        moved = x @ inverse
        leverage = weight * np.einsum("mf,mf->m", moved, x)
        gain = leverage
        if wanted is not None:
            gain = weight * np.sum((moved @ wanted.T) ** 2, axis=1) / (1 + leverage)
        best = int(np.argmax(np.where(free, gain, -np.inf)))
        chosen.append(best)
        free[best] = False
        # Sherman and Morrison: the inverse after one more pair
        inverse = inverse - weight[best] * np.outer(moved[best], moved[best]) / (1 + leverage[best])
    return np.array(chosen, np.int64)


def _weight(margin: Floats) -> Floats:
    chance = 0.5 + 0.5 * np.tanh(0.5 * margin)
    return chance * (1 - chance)
