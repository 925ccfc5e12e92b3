"""Numbers with their uncertainty: intervals of means, paired differences, shares.

NaN means "no verdict" and is refused unless ``drop_nan=True``, which counts what it left out.  One value
has no interval: its bounds are NaN, not 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from .errors import BadInput

Values = Sequence[float] | np.ndarray[Any, Any]


@dataclass(frozen=True)
class Interval:
    """A mean (or share) with the bounds of its confidence interval.

    ``n`` values entered it, ``missing`` had no verdict.  Bounds are NaN where n is 1.
    """

    mean: float
    low: float
    high: float
    n: int
    missing: int = 0

    def __str__(self) -> str:
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.n})"


@dataclass(frozen=True)
class Difference:
    """A paired mean difference and its standard error (NaN for a single pair)."""

    mean: float
    standard_error: float
    n: int
    missing: int = 0

    def __str__(self) -> str:
        return f"{self.mean:+.3g} ± {self.standard_error:.2g} s.e. (n = {self.n})"


def mean_interval(
    values: Values,
    confidence: float = 0.95,
    method: Literal["t", "bootstrap"] = "t",
    drop_nan: bool = False,
    seed: int = 0,
) -> Interval:
    """The mean of independent values with its confidence interval.

    ``t``: ``mean ± t_{n-1} s / sqrt(n)``; exact for normal values, good for means of about 8 and more.
    ``bootstrap``: percentiles of 10,000 resampled means; for skewed values, and too narrow for n < 10.

    Example:
        >>> print(mean_interval([1.0, 2.0, 3.0, 4.0]))
        2.5 [0.446, 4.55] (n = 4)
    """
    kept, missing = _decided(values, drop_nan)
    _check_confidence(confidence)
    n, mean = len(kept), float(kept.mean())
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1, missing)
    if method == "t":
        half = t_quantile(0.5 + confidence / 2, n - 1) * float(kept.std(ddof=1)) / math.sqrt(n)
        return Interval(mean, mean - half, mean + half, n, missing)
    if method == "bootstrap":
        rng = np.random.default_rng(seed)
        means = np.concatenate([rng.choice(kept, (1000, n)).mean(-1) for _ in range(10)])
        low, high = np.quantile(means, [0.5 - confidence / 2, 0.5 + confidence / 2])
        return Interval(mean, float(low), float(high), n, missing)
    raise BadInput("method", repr(method), "'t' or 'bootstrap'")


def paired_difference(ours: Values, rival: Values, drop_nan: bool = False) -> Difference:
    """Mean of ``ours - rival`` over pairs (same seed, same data) with its standard error ``s / sqrt(n)``."""
    first, second = np.asarray(ours, dtype=np.float64), np.asarray(rival, dtype=np.float64)
    if first.shape != second.shape:
        raise BadInput("pairs", f"{first.shape} and {second.shape} values", "as many of ours as of the rival")
    kept, missing = _decided(first - second, drop_nan)
    n = len(kept)
    error = float(kept.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Difference(float(kept.mean()), error, n, missing)


def share_interval(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's interval of a share; not empty at 0 and 1.

    Source: Wilson (1927).

    Example:
        >>> print(share_interval(8, 8))
        1 [0.676, 1] (n = 8)
    """
    if n < 1 or not 0 <= hits <= n:
        raise BadInput("share", f"{hits} of {n}", "0 <= hits <= n, n >= 1")
    _check_confidence(confidence)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, scale = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), n)


@lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t distribution, without SciPy.

    With ``t = sqrt(n) tan(u)`` the distribution is ``1/2 + C integral_0^u cos^(n-1)``: a smooth integrand
    on a finite interval, so Gauss-Legendre and bisection are exact to about 1e-10 for every n.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise BadInput("t quantile", (probability, degrees), "0 < probability < 1, degrees >= 1")
    if probability < 0.5:
        return -t_quantile(1 - probability, degrees)
    # Beyond 40 widths nothing is left, and for large n the nodes would miss the narrow peak.
    low, high = 0.0, min(math.pi / 2, 40 / math.sqrt(degrees)) if degrees > 20 else math.pi / 2
    target = (2 * probability - 1) * _cosine_mass(high, degrees)
    for _ in range(60):
        u = (low + high) / 2
        low, high = (u, high) if _cosine_mass(u, degrees) < target else (low, u)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _cosine_mass(u: float, degrees: int) -> float:
    nodes, weights = np.polynomial.legendre.leggauss(100)
    return u * float(weights @ np.cos(u * (nodes + 1) / 2) ** (degrees - 1))


def _decided(values: Values, drop_nan: bool) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    undecided = np.isnan(numbers)
    if undecided.any() and not drop_nan:
        raise BadInput("values", f"{int(undecided.sum())} NaN", "decided values", "drop_nan=True counts them")
    kept = numbers[~undecided]
    if len(kept) == 0:
        raise BadInput("values", "none with a verdict", "at least one")
    if np.isinf(kept).any():
        raise BadInput("values", "infinity", "finite numbers")
    return kept, int(undecided.sum())


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise BadInput("confidence", confidence, "between 0 and 1")
