"""One score for a solution whose steps were scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ...core.errors import BadInput
from .scores import Floats

How: TypeAlias = Literal["min", "max", "prod", "geometric", "mean", "mean_logit", "mean_odds", "last"]
AGGREGATORS: tuple[How, ...] = get_args(How)
_EDGE = 1e-12


def aggregate_steps(probabilities: Any, lengths: Any, how: How) -> Floats:
    r"""Solution scores ``(N,)`` from step probabilities ``(N, T)``.

    ``min``, ``max``, ``prod``, ``geometric`` (prod^(1/T)), ``mean``, ``mean_logit`` (mean of log p / (1 - p)),
    ``mean_odds`` (mean of p / (1 - p)) and ``last``.  ``prod`` and ``min`` punish long solutions.

    Args:
        probabilities: in [0, 1]; what lies beyond the length of a solution is not looked at.
        lengths: ``(N,)`` steps of each solution; 0 gives NaN, no verdict.

    Source: Kim et al., arXiv:2410.01729 (the list).
    Differs from the paper: logits and odds take p within [1e-12, 1 - 1e-12], where the released code divides by
    1 - p and overflows at p = 1.

    Example:
        >>> aggregate_steps([[0.5, 0.5], [1.0, 0.0]], [2, 1], "prod").tolist()
        [0.25, 1.0]
    """
    steps, lengths = np.asarray(probabilities, np.float64), np.asarray(lengths)
    if how not in AGGREGATORS:
        raise BadInput("how", repr(how), ", ".join(AGGREGATORS))
    if steps.ndim != 2 or lengths.shape != steps.shape[:1] or lengths.dtype.kind not in "iu":
        raise BadInput("steps", f"{steps.shape}, lengths {lengths.shape}", "(N, T) and whole numbers (N,)")
    if (lengths < 0).any() or (lengths > steps.shape[1]).any():
        raise BadInput("lengths", f"{lengths.min()} to {lengths.max()}", f"0 to {steps.shape[1]}")
    inside = np.arange(steps.shape[1]) < lengths[:, None]
    wrong = inside & ~((steps >= 0) & (steps <= 1))
    if wrong.any():
        item, step = np.argwhere(wrong)[0]
        raise BadInput("steps", f"{steps[item, step]} at item {item}, step {step}", "probabilities")
    scores = _RULES[how](np.where(inside, steps, 0.5), inside, lengths)
    return np.where(lengths > 0, scores, np.nan)


def _mean(values: Floats, inside: Any, lengths: Any) -> Floats:
    return np.where(inside, values, 0.0).sum(-1) / np.maximum(lengths, 1)


def _geometric(steps: Floats, inside: Any, lengths: Any) -> Floats:
    logs = np.log(np.maximum(steps, np.finfo(float).tiny))
    zero = (inside & (steps == 0)).any(-1)
    return np.where(zero, 0.0, np.exp(_mean(logs, inside, lengths)))


def _odds(steps: Floats) -> Floats:
    safe = np.clip(steps, _EDGE, 1 - _EDGE)
    return safe / (1 - safe)


_RULES: dict[How, Callable[[Floats, Any, Any], Floats]] = {
    "min": lambda steps, inside, lengths: np.where(inside, steps, 1.0).min(-1, initial=1.0),
    "max": lambda steps, inside, lengths: np.where(inside, steps, 0.0).max(-1, initial=0.0),
    "prod": lambda steps, inside, lengths: np.where(inside, steps, 1.0).prod(-1),
    "geometric": _geometric,
    "mean": _mean,
    "mean_logit": lambda steps, inside, lengths: _mean(np.log(_odds(steps)), inside, lengths),
    "mean_odds": lambda steps, inside, lengths: _mean(_odds(steps), inside, lengths),
    "last": lambda steps, inside, lengths: steps[np.arange(len(steps)), np.maximum(lengths - 1, 0)],
}
