"""Do the probabilities of a reward model mean what they say?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...core.errors import BadInput
from ...core.stats import Interval, mean_interval, share_interval
from .scores import Floats, checked, same_length


@dataclass(frozen=True, eq=False)
class Reliability:
    """B bins of predictions, those without any left out.

    Args:
        predicted, observed: ``(B,)`` mean probability and mean outcome.
        low, high: ``(B,)`` Wilson's 95 % interval of ``observed``.
        count: ``(B,)``.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    count: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def ece(self) -> float:
        """Expected calibration error: mean over predictions of |predicted - observed| of their bin."""
        return float(self.count @ np.abs(self.predicted - self.observed) / self.count.sum())


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far probabilities are from frequencies.

    Args:
        ece: with its bootstrap 95 % interval.
        floor: mean ECE of a perfectly calibrated model with these probabilities: what chance alone gives.
        above: 95 % quantile of the same; an ECE above it is miscalibration.
        brier: mean squared error of the probabilities, with Student's interval.
        curve: the bins.
    """

    ece: Interval
    floor: float
    above: float
    brier: Interval
    curve: Reliability

    def __str__(self) -> str:
        return f"ECE {self.ece} (chance {self.floor:.3g}, at most {self.above:.3g}), Brier {self.brier}"


def reliability_curve(
    probability: Any, outcome: Any, bins: int = 10, spacing: Literal["quantile", "width"] = "quantile"
) -> Reliability:
    """Predicted against observed frequency in bins of equal count (``quantile``) or equal width.

    Args:
        probability: ``(N,)`` that the first answer is preferred, for a Bradley-Terry model sigmoid(margin).
        outcome: ``(N,)``, 1 or 0.

    Example:
        >>> curve = reliability_curve([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 0], bins=2)
        >>> curve.predicted.tolist(), curve.observed.tolist(), round(curve.ece, 6)
        ([0.1, 0.9], [0.0, 0.5], 0.25)
    """
    probability, outcome = _checked(probability, outcome, False)
    which = _bin(probability, bins, spacing)
    count, (predicted, observed) = _bins(which, np.stack([probability, outcome]), bins)
    hits = np.rint(count * observed).astype(int)
    spread = [share_interval(int(h), int(n)) for h, n in zip(hits, count, strict=True)]
    low, high = np.array([s.low for s in spread]), np.array([s.high for s in spread])
    return Reliability(predicted, observed, low, high, count)


def calibration(
    probability: Any,
    outcome: Any,
    bins: int = 10,
    spacing: Literal["quantile", "width"] = "quantile",
    drop_nan: bool = False,
    draws: int = 1000,
    seed: int = 0,
) -> Calibration:
    """Expected calibration error, Brier score and reliability curve.

    ECE is biased: bins that are off by chance add up, so a perfect model has an ECE above 0.  ``floor`` and
    ``above`` say what it would have, by drawing outcomes from the probabilities themselves.

    Args:
        probability, outcome, bins, spacing: as in ``reliability_curve``.
        draws: of the bootstrap and of the floor.

    Source: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015; the
    floor: Vaicenavicius et al., arXiv:1902.06977.
    """
    probability, outcome = _checked(probability, outcome, drop_nan)
    known = ~np.isnan(probability) & ~np.isnan(outcome)
    missing = int((~known).sum())
    probability, outcome = probability[known], outcome[known]
    curve = reliability_curve(probability, outcome, bins, spacing)
    which, rng = _bin(probability, bins, spacing), np.random.default_rng(seed)
    samples, chance = np.zeros((2, draws))
    for i in range(draws):
        again = rng.integers(len(outcome), size=len(outcome))
        samples[i] = _ece(which[again], probability[again], outcome[again], bins)
        chance[i] = _ece(which, probability, (rng.random(len(outcome)) < probability).astype(float), bins)
    low, high = np.quantile(samples, [0.025, 0.975])
    ece = Interval(curve.ece, float(low), float(high), len(outcome), missing)
    brier = mean_interval((probability - outcome) ** 2)
    brier = Interval(brier.mean, brier.low, brier.high, brier.n, missing)
    return Calibration(ece, float(chance.mean()), float(np.quantile(chance, 0.95)), brier, curve)


def _checked(probability: Any, outcome: Any, drop_nan: bool) -> tuple[Floats, Floats]:
    probability = checked("probability", probability, 1, drop_nan)
    outcome = checked("outcome", outcome, 1, drop_nan)
    same_length("predictions", probability, outcome)
    if ((probability < 0) | (probability > 1)).any():
        raise BadInput(
            "probability", "numbers outside [0, 1]", "probabilities", "of scores, take sigmoid(margin)"
        )
    if not np.isin(outcome[~np.isnan(outcome)], (0.0, 1.0)).all():
        raise BadInput("outcome", "other numbers than 0 and 1", "1 where the first is preferred, 0 elsewhere")
    if (np.isnan(probability) | np.isnan(outcome)).all():
        raise BadInput("predictions", "none with a verdict", "at least one")
    return probability, outcome


def _bin(probability: Floats, bins: int, spacing: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    if bins < 1 or spacing not in ("quantile", "width"):
        raise BadInput("bins", f"{bins}, {spacing!r}", "1 or more, 'quantile' or 'width'")
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.quantile(probability, inner) if spacing == "quantile" else inner
    return np.searchsorted(edges, probability, side="left")


def _bins(which: Any, values: Floats, bins: int) -> tuple[Any, Floats]:
    count = np.bincount(which, minlength=bins)
    means = np.stack([np.bincount(which, row, minlength=bins) for row in values])
    return count[count > 0], means[:, count > 0] / count[count > 0]


def _ece(which: Any, probability: Floats, outcome: Floats, bins: int) -> float:
    return float(np.abs(np.bincount(which, probability - outcome, minlength=bins)).sum()) / len(outcome)
