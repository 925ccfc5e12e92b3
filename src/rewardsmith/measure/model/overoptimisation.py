r"""Over-optimisation: gold reward against the distance from the reference, its functional form, and its peak.

Distance is d = sqrt(KL(policy || reference)).  A policy that follows a proxy first gains gold reward and then
loses it; where the peak lies says how long to train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ...core.errors import BadInput
from ...core.stats import Interval
from ...optimize.gibbs import expected, kl

Floats = np.ndarray[Any, np.dtype[np.float64]]
Form: TypeAlias = Literal["log", "best_of_n", "linear", "quadratic"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, eq=False)
class OveroptCurve:
    """K checkpoints of one training, exactly.

    Args:
        kl: ``(K,)`` nats from the reference, mean over prompts.
        distance: ``(K,)`` its root.
        gain: ``(K,)`` gold reward above that of the reference.
        proxy: ``(K,)`` the same of the proxy; NaN where there is none to evaluate.
    """

    kl: Floats
    distance: Floats
    gain: Floats
    proxy: Floats

    @property
    def drop(self) -> float:
        """How far the last checkpoint is below the best one."""
        return float(self.gain.max() - self.gain[-1])


def overoptimisation_curve(
    log_policies: Any, reference_logp: Any, gold: Any, proxy: Any = None
) -> OveroptCurve:
    """Gold (and proxy) gain of every checkpoint against its KL from the reference, as exact sums.

    Methods like DPO have no proxy reward: theirs is the margin of their own training pairs, which
    ``optimize.dpo.pair_path`` records.

    Args:
        log_policies: ``(K, M, A)`` log-probabilities: checkpoints, prompts, answers.
        reference_logp, gold, proxy: ``(M, A)``.

    Source: Gao, Schulman and Hilton, arXiv:2210.10760; Rafailov et al., arXiv:2406.02900.

    Example:
        >>> reference = np.log([[0.5, 0.5]])
        >>> curve = overoptimisation_curve([reference, np.log([[0.9, 0.1]])], reference, [[1.0, 0.0]])
        >>> curve.gain.round(3).tolist(), curve.kl.round(3).tolist()
        ([0.0, 0.4], [0.0, 0.368])
    """
    policies, reference = np.asarray(log_policies, np.float64), np.asarray(reference_logp, np.float64)
    gold = np.asarray(gold, np.float64)
    worth = gold if proxy is None else np.asarray(proxy, np.float64)
    if policies.ndim != 3 or not reference.shape == gold.shape == worth.shape == policies.shape[1:]:
        received = f"policies {policies.shape}, reference {reference.shape}, gold {gold.shape}"
        raise BadInput("overoptimisation_curve", received, "(K, M, A) and (M, A) for the rest")
    spent = np.maximum(kl(policies, reference).mean(-1), 0.0)
    gain = (expected(policies, gold) - expected(reference, gold)).mean(-1)
    none = np.full(len(policies), np.nan)
    seen = none if proxy is None else (expected(policies, worth) - expected(reference, worth)).mean(-1)
    return OveroptCurve(spent, np.sqrt(spent), gain, seen)


@dataclass(frozen=True)
class OveroptFit:
    """A functional form fitted to gains.

    Args:
        form: one of ``FORMS``.
        coefficients: by name.
        r2: share of the variance of the gains that it explains; below 0 it is worse than their mean.
        peak: distance of its maximum; NaN where it has none.
        low, high: bootstrap 95 % interval of the peak over runs; NaN where that side has no end.
        furthest: the largest distance that was seen; a peak beyond is an extrapolation.
        n: points that entered.
        dropped: points at distance 0, where log d is undefined and every gain is 0 by definition.
    """

    form: Form
    coefficients: dict[str, float]
    r2: float
    peak: float
    low: float
    high: float
    furthest: float
    n: int
    dropped: int

    def __call__(self, distance: Any) -> Floats:
        """Gain at distances > 0."""
        return _columns(self.form, np.asarray(distance, np.float64)) @ np.array(
            list(self.coefficients.values())
        )

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.3g}" for name, value in self.coefficients.items())
        known = not (math.isnan(self.low) and math.isnan(self.high))
        spread = f" [{self.low:.3g}, {self.high:.3g}]" if known else ""
        peak = "no peak" if math.isnan(self.peak) else f"peak at {self.peak:.3g}{spread}"
        beyond = " (not reached)" if self.peak > self.furthest else ""
        return f"{self.form}: {numbers}; R2 {self.r2:.3f}; {peak}{beyond}"


def fit_overopt(
    distance: Any, gain: Any, form: Form = "log", runs: Any = None, draws: int = 1000, seed: int = 0
) -> OveroptFit:
    r"""Least squares of a functional form on all points.

    - ``log``: R(d) = d (a - b log d), for policies that are trained; peak at exp(a / b - 1) if b > 0;
    - ``best_of_n``: R(d) = d (a - b d); peak at a / (2 b) if b > 0;
    - ``linear``: c + a d, and ``quadratic``: c + a d - b d^2, the rivals that know nothing of the start.

    Args:
        distance, gain: ``(N,)``.  Points at distance 0 are dropped and counted.
        runs: ``(N,)`` which training a point is of; whole trainings are resampled, because their checkpoints
            are not independent.  By default every point is a training of its own.
        draws: of the bootstrap; 0 leaves the interval NaN.

    Source: Gao, Schulman and Hilton, "Scaling Laws for Reward Model Overoptimization", arXiv:2210.10760.

    Example:
        >>> d = np.array([0.5, 1.0, 2.0, 3.0])
        >>> fit = fit_overopt(d, d * (1.0 - 2.0 * np.log(d)), draws=0)
        >>> {name: round(value, 6) for name, value in fit.coefficients.items()}, round(fit.peak, 6)
        ({'a': 1.0, 'b': 2.0}, 0.606531)
    """
    d, y, run, dropped = _points(distance, gain, runs, form)
    coefficients, r2 = _fit(form, d, y)
    peaks = [
        # an edge that runs away is no bound: NaN after the quantile
        _peak(form, _fit(form, d[again], y[again])[0], math.inf)
        for again in _resampled(run, draws, seed)
    ]
    low, high = _quantiles(peaks)
    names = ("a", "b") if form in ("log", "best_of_n") else ("c", "a", "b")
    named = {name: float(value) for name, value in zip(names, coefficients, strict=False)}
    return OveroptFit(
        form, named, r2, _peak(form, coefficients, math.nan), low, high, float(d.max()), len(d), dropped
    )


def r2_gain(
    distance: Any,
    gain: Any,
    form: Form = "log",
    rival: Form = "linear",
    runs: Any = None,
    draws: int = 1000,
    seed: int = 0,
) -> Interval:
    """How much more variance one form explains than another, with a bootstrap 95 % interval over runs."""
    d, y, run, dropped = _points(distance, gain, runs, form)
    _points(distance, gain, runs, rival)

    def more(rows: Any) -> float:
        return _fit(form, d[rows], y[rows])[1] - _fit(rival, d[rows], y[rows])[1]

    low, high = _quantiles([more(again) for again in _resampled(run, draws, seed)])
    return Interval(more(slice(None)), low, high, len(d), dropped)


def value_at_kl(kl_curve: Any, values: Any, target: Any) -> Floats:
    """Values of a training at given KLs, for a comparison at equal KL; NaN where it never got there.

    Linear between the first two checkpoints that have the target between them, in the order of training.

    Args:
        kl_curve, values: ``(K,)`` in the order of training.
        target: numbers of any shape.

    Example:
        >>> value_at_kl([0.0, 1.0, 3.0], [0.0, 2.0, 1.0], [0.5, 2.0, 9.0]).tolist()
        [1.0, 1.5, nan]
    """
    spent, values = np.asarray(kl_curve, np.float64), np.asarray(values, np.float64)
    wanted = np.asarray(target, np.float64)
    if spent.ndim != 1 or spent.shape != values.shape or len(spent) < 2 or np.isnan(spent + values).any():
        received = f"shapes {spent.shape} and {values.shape}"
        raise BadInput("curve", received, "two of (K,), two checkpoints or more, no NaN")
    flat = wanted.ravel()[:, None]
    before, after = spent[:-1], spent[1:]
    between = (np.minimum(before, after) <= flat) & (flat <= np.maximum(before, after))
    at = between.argmax(-1)
    width = after[at] - before[at]
    share = np.where(width == 0, 0.0, (flat[:, 0] - before[at]) / np.where(width == 0, 1.0, width))
    found = values[at] + share * (values[at + 1] - values[at])
    return np.where(between.any(-1), found, np.nan).reshape(wanted.shape)


def _points(distance: Any, gain: Any, runs: Any, form: str) -> tuple[Floats, Floats, Any, int]:
    d, y = np.asarray(distance, np.float64), np.asarray(gain, np.float64)
    run = np.arange(d.size) if runs is None else np.asarray(runs)
    if form not in FORMS:
        raise BadInput("form", repr(form), ", ".join(FORMS))
    if d.ndim != 1 or not d.shape == y.shape == run.shape:
        raise BadInput("points", f"shapes {d.shape}, {y.shape}, {run.shape}", "three of (N,)")
    if not np.isfinite(d).all() or not np.isfinite(y).all() or (d < 0).any():
        raise BadInput("points", "NaN, infinity or a distance below 0", "finite numbers")
    kept = d > 0
    if len(np.unique(d[kept])) < 3:
        raise BadInput("points", f"{len(np.unique(d[kept]))} distances above 0", "at least 3 to fit a form")
    return d[kept], y[kept], np.unique(run[kept], return_inverse=True)[1], int((~kept).sum())


def _columns(form: Form, d: Floats) -> Floats:
    if form == "log":
        return np.stack([d, -d * np.log(d)], axis=-1)
    if form == "best_of_n":
        return np.stack([d, -(d**2)], axis=-1)
    return np.stack([np.ones_like(d), d, -(d**2)][: 2 if form == "linear" else 3], axis=-1)


def _fit(form: Form, d: Floats, y: Floats) -> tuple[Floats, float]:
    columns = _columns(form, d)
    coefficients = np.asarray(np.linalg.lstsq(columns, y, rcond=None)[0], np.float64)
    spread = float(((y - y.mean()) ** 2).sum())
    rest = float(((y - columns @ coefficients) ** 2).sum())
    return coefficients, 1 - rest / spread if spread > 0 else math.nan


def _peak(form: Form, coefficients: Floats, without: float) -> float:
    """The distance of the maximum; ``without`` where gains rise for ever."""
    if form == "linear" or coefficients[-1] <= 0:
        return without
    a, b = coefficients[-2:]
    return math.exp(min(a / b - 1, 700.0)) if form == "log" else max(0.0, float(a / (2 * b)))


def _resampled(run: Any, draws: int, seed: int) -> list[Any]:
    """Row numbers of ``draws`` samples of whole runs, with replacement."""
    rng, count = np.random.default_rng(seed), int(run.max()) + 1
    rows = [np.flatnonzero(run == k) for k in range(count)]
    return [np.concatenate([rows[k] for k in rng.integers(count, size=count)]) for _ in range(draws)]


def _quantiles(samples: list[float]) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles; NaN for none, and for an infinite one."""
    if not samples or np.isnan(samples).any():
        return math.nan, math.nan
    low, high = (float(np.quantile(samples, q, method="lower")) for q in (0.025, 0.975))
    return (low if math.isfinite(low) else math.nan), (high if math.isfinite(high) else math.nan)
