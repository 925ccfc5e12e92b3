"""Imitate first, then polish: a start from demonstrations, and small steps on a leash from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .bandit import PolicyGradient
from .gibbs import log_softmax

Floats = np.ndarray[Any, Any]


def imitate(contexts: Floats, answers: Floats, width: int, l2: float = 1e-2, steps: int = 300) -> Floats:
    r"""Weights ``(C, width)`` of the linear softmax policy that demonstrations make most likely.

    Minimises ``-mean_i log softmax(x_i W)[a_i] + l2 / 2 |W|^2`` by accelerated gradient descent with step
    1 / L, ``L = mean |x|^2 / 2 + l2``.

    Args:
        contexts: ``(N, C)``.
        answers: ``(N,)`` numbers below ``width``.

    Source: Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k^2)",
    1983.

    Example:
        >>> imitate(np.ones((4, 1)), np.array([0, 0, 0, 1]), 2).argmax(1).tolist()
        [0]
    """
    x, chosen = np.asarray(contexts, np.float64), np.asarray(answers)
    if x.ndim != 2 or chosen.shape != x.shape[:1] or l2 <= 0:
        raise BadInput(
            "imitate", f"contexts {x.shape}, answers {chosen.shape}, l2={l2}", "(N, C), (N,), l2 > 0"
        )
    if chosen.min() < 0 or chosen.max() >= width:
        raise BadInput("answers", f"{chosen.min()} to {chosen.max()}", f"0 to {width - 1}")
    hot = np.eye(width)[chosen]
    rate = 1.0 / (np.square(x).sum(1).mean() / 2 + l2)
    weights = ahead = np.zeros((x.shape[1], width))
    for step in range(steps):
        gradient = x.T @ (np.exp(log_softmax(x @ ahead)) - hot) / len(x) + l2 * ahead
        new = ahead - rate * gradient
        ahead = new + step / (step + 3) * (new - weights)
        weights = new
    return weights


def polish(config: PolicyGradient, kl: float = 0.1, slower: float = 10.0) -> PolicyGradient:
    """Gentle polishing: the same training with a smaller step and a price on leaving the start.

    It is meant for a reward of bounded terms; a penalty that outweighs them is followed just as surely, later.

    Source: Jain, arXiv:2511.16073.  Differs from the paper: it gives no numbers; these are ours.

    Example:
        >>> polish(PolicyGradient(learning_rate=2.0)).learning_rate
        0.2
    """
    if kl < 0 or slower < 1:
        raise BadInput("polish", f"kl={kl}, slower={slower}", "kl >= 0, slower >= 1")
    return replace(config, kl=kl, learning_rate=config.learning_rate / slower)
