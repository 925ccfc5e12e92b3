r"""Direct preference optimisation of a log-linear policy: exact, because the loss is convex in its weights.

For pi_w(a) ~ pi_ref(a) exp(features(a) . w) the log-ratio of two answers is (f_+ - f_-) . w, whatever the
normaliser, so DPO is a weighted logistic regression without intercept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


def dpo_weights(
    winners: Any, losers: Any, weights: Any = None, beta: float = 0.1, ridge: float = 1e-3, steps: int = 50
) -> Floats:
    r"""Weights ``(F,)`` that minimise the mean over pairs of c log(1 + exp(-\beta (f_+ - f_-) . w)).

    Args:
        winners, losers: features ``(M, F)`` of the preferred and of the other answer of each pair.
        weights: c >= 0, ``(M,)``, how much a pair counts; all alike by default.  NaN leaves a pair out.
        beta: a smaller one moves the policy further from its reference.
        ridge: times |\beta w|^2 / 2 is added; pairs that can be separated have no optimum without.
        steps: of Newton's method, which ends sooner where it has converged.

    Source: Rafailov et al., "Direct Preference Optimization", arXiv:2305.18290.
    Differs from the paper: pairs may have weights, and the policy is log-linear.

    Example:
        >>> dpo_weights([[1.0]] * 3 + [[0.0]], [[0.0]] * 3 + [[1.0]], beta=1.0, ridge=1e-9).round(4).tolist()
        [1.0986]
    """
    gap = np.asarray(winners, np.float64) - np.asarray(losers, np.float64)
    counts = np.ones(len(gap)) if weights is None else np.asarray(weights, np.float64)
    if gap.ndim != 2 or counts.shape != gap.shape[:1] or (counts < 0).any():
        received = f"gaps {gap.shape}, weights {counts.shape}"
        raise BadInput("dpo_weights", received, "features (M, F) and weights (M,), each >= 0")
    if not beta > 0 or not ridge > 0:
        raise BadInput("dpo_weights", f"beta={beta}, ridge={ridge}", "both > 0")
    counts = np.where(np.isnan(counts), 0.0, counts) / max(len(gap), 1)
    found = np.zeros(gap.shape[1])  # beta w
    for _ in range(steps):
        wrong = 0.5 - 0.5 * np.tanh(0.5 * gap @ found)
        slope = -(counts * wrong) @ gap + ridge * found
        curvature = (gap.T * (counts * wrong * (1 - wrong))) @ gap + ridge * np.eye(len(found))
        step = np.linalg.solve(curvature, slope)
        # a full step may overshoot where the loss is flat
        found = found - step / max(1.0, float(np.linalg.norm(step)))
        if np.abs(step).max() < 1e-12:
            break
    return found / beta
