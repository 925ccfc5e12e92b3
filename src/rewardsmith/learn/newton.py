r"""Newton's method for the Bradley-Terry likelihood: the one loop behind every fit to comparisons.

``P(first preferred) = \sigma(w . x)``, x the features of the first minus those of the second.  The negative
log-likelihood is convex, so the loop either converges or, without a ridge, runs away to infinity where some
direction of w separates the labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
_LARGE = 12.0  # a margin beyond which one asks whether the estimate runs away
_SAME = 1e-9


def bradley_terry(x: Floats, y: Floats, weight: Floats, l2: float = 0.0) -> Floats | None:
    """``argmin_w  weight . loss(w) / sum(weight) + l2 / 2 |w|^2``; None where there is no minimum.

    ``loss = log(1 + exp(x w)) - y x w`` for each pair.  The caller has checked the data.

    Args:
        x: ``(N, F)``, of full column rank where ``l2`` is 0.
        y: ``(N,)``, 0 to 1.
        weight: ``(N,)``, above 0.
        l2: at least 0; with 0 there may be no minimum.

    Source: Bradley and Terry, "Rank analysis of incomplete block designs", Biometrika 1952; steps are halved as
    Armijo, Pacific Journal of Mathematics 16 (1966).

    Example:
        >>> bradley_terry(np.ones((3, 1)), np.array([1.0, 1.0, 0.0]), np.ones(3)).round(4).tolist()
        [0.6931]
    """
    n = weight / weight.sum()

    def loss(w: Floats) -> float:
        margin = x @ w
        return float(n @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * l2 * w @ w)

    w, trusted = np.zeros(x.shape[1]), l2 > 0
    for _ in range(200):
        margin = x @ w
        if not trusted and np.abs(margin).max() > _LARGE:
            if separated(x, y):
                return None
            trusted = True
        chance = 0.5 + 0.5 * np.tanh(0.5 * margin)
        gradient = x.T @ (n * (chance - y)) + l2 * w
        curvature = (x.T * (n * chance * (1 - chance))) @ x + l2 * np.eye(len(w))
        step, length, now = np.linalg.solve(curvature, gradient), 1.0, loss(w)
        gain = float(gradient @ step)
        # below rounding the loss cannot tell steps apart, and Newton's own is right there
        while gain > 1e-12 * (1 + now) and loss(w - length * step) > now - 1e-4 * length * gain:
            length *= 0.5
        w = w - length * step
        if gain <= 1e-18 * (1 + now):
            return w
    return w if l2 > 0 else None


def separated(x: Floats, y: Floats) -> bool:
    """Whether some direction agrees with every label and with one of them strictly: a linear program."""
    from scipy.optimize import linprog

    ties = (y > 0) & (y < 1)
    signed = np.where(y[:, None] > 0.5, x, -x)
    rows, level = -signed[~ties], x[ties]
    zeros = np.zeros(len(rows)), np.zeros(len(level))
    found = linprog(rows.sum(0), rows, zeros[0], level, zeros[1], bounds=(-1, 1))
    return bool(found.status == 0 and found.fun < -_SAME * max(1.0, float(np.abs(rows).sum())))
