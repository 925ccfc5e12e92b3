"""PositiveUnlabelled: how surely an unlabelled answer is worse than one that is known to be good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import number

Floats = np.ndarray[Any, Any]


@dataclass(frozen=True, repr=False)
class PositiveUnlabelled(Transform):
    r"""w = 1 - \sigma(a s + b): the weight of the pair (anchor > answer) for an answer of score s.

    \sigma(a s + b) is the probability that the answer is as good as the anchor, fitted by
    ``fit_positive_unlabelled``.  An anchor can be beaten, so it never beats an answer with weight 1.

    Args:
        slope, offset: a and b.

    Source: Kou et al., arXiv:2601.20687 (the idea; no formulas were available).

    Example:
        >>> PositiveUnlabelled(slope=1.0).apply(np.array([0.0, 50.0]), {}, ())[0].round(6).tolist()
        [0.5, 0.0]
    """

    slope: float = number(default=1.0)
    offset: float = number(default=0.0)

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=False, bounds=(0.0, 1.0))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        # by tanh, which does not overflow where exp would
        return 0.5 - 0.5 * xp(reward).tanh(0.5 * (self.slope * reward + self.offset)), state


def fit_positive_unlabelled(
    positive: Floats, unlabelled: Floats, prior: float, steps: int = 500, rate: float = 0.5
) -> PositiveUnlabelled:
    r"""Fit P(positive | s) = \sigma(a s + b) to scores of positives and of unlabelled answers.

    Gradient descent on \pi E_P[l(g)] + max(0, E_U[l(-g)] - \pi E_P[l(-g)]) with g = a s + b and
    l(z) = log(1 + e^{-z}).  The second part estimates the risk on negatives, which cannot be negative; where
    the estimate is, its gradient is turned round, or the fit would run away to certainty.

    Args:
        positive: scores (any shape) of answers that are known to be good; NaN is left out.
        unlabelled: scores of answers of which the share ``prior`` is as good.
        prior: \pi, 0 < \pi < 1; it has to be known.

    Source: Kiryo et al., "Positive-Unlabeled Learning with Non-Negative Risk Estimator", NeurIPS 2017.
    """
    known = [np.asarray(scores, np.float64).ravel() for scores in (positive, unlabelled)]
    good, rest = (scores[~np.isnan(scores)] for scores in known)
    if not 0.0 < prior < 1.0:
        raise BadInput("prior of positives", prior, "between 0 and 1")
    if not (len(good) and len(rest)):
        raise BadInput("scores", f"{len(good)} positive, {len(rest)} unlabelled", "at least one of each")
    middle, scale = float(rest.mean()), float(rest.std()) or 1.0
    x = [np.stack([(scores - middle) / scale, np.ones_like(scores)], axis=1) for scores in (good, rest)]
    weights = np.zeros(2)
    for _ in range(steps):
        g_good, g_rest = x[0] @ weights, x[1] @ weights
        of_good = -prior * _sigmoid(-g_good) @ x[0] / len(good)
        of_rest = (_sigmoid(g_rest) @ x[1]) / len(rest) - prior * (_sigmoid(g_good) @ x[0]) / len(good)
        negatives = np.logaddexp(0.0, g_rest).mean() - prior * np.logaddexp(0.0, g_good).mean()
        weights = weights - rate * (of_good + of_rest if negatives >= 0 else -of_rest)
    slope = float(weights[0]) / scale
    return PositiveUnlabelled(slope, float(weights[1]) - slope * middle)


def _sigmoid(x: Floats) -> Floats:
    return 0.5 + 0.5 * np.tanh(0.5 * x)
