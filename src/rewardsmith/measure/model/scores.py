"""What all numbers about reward models share: scores that are checked, and a mean with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.stats import mean_interval, share_interval

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class ItemMean:
    """A mean over items with its 95 % interval.

    Args:
        mean, low, high: bounds are NaN for a single item.
        n: items that entered.
        missing: items without a verdict, left out.
        ties: share of the n items that were decided by how ties count, at 1 the model says nothing; NaN where
            that is not known.
    """

    mean: float
    low: float
    high: float
    n: int
    missing: int
    ties: float

    def __str__(self) -> str:
        extra = f", {self.missing} without verdict" if self.missing else ""
        extra += f", ties {self.ties:.3g}" if self.ties > 0 else ""
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.n}{extra})"


def item_mean(values: Floats, tied: Bools, missing: int) -> ItemMean:
    """The mean of values in [0, 1]: Wilson's interval where all are 0 or 1, otherwise Student's t, clipped."""
    if not len(values):
        raise BadInput("items", f"none with a verdict ({missing} without)", "at least one")
    if np.isin(values, (0.0, 1.0)).all():
        got = share_interval(int(values.sum()), len(values))
    else:
        got = mean_interval(values)
    alone = len(values) == 1
    low, high = (math.nan, math.nan) if alone else (max(0.0, got.low), min(1.0, got.high))
    return ItemMean(got.mean, low, high, len(values), missing, float(tied.mean()))


def checked(what: str, values: Any, dimensions: int, drop_nan: bool) -> Floats:
    """Scores as an array of so many axes, items first.

    Raises:
        BadInput: another shape, an infinity, or a NaN that was not allowed; it names the first such item.
    """
    scores = np.asarray(values, np.float64)
    if scores.ndim != dimensions or not scores.size:
        axes = "(N,)" if dimensions == 1 else "(N, K)"
        raise BadInput(what, f"shape {scores.shape}", f"{axes}, not empty")
    if np.isinf(scores).any():
        raise BadInput(what, f"infinity at item {_first(np.isinf(scores))}", "finite numbers")
    if np.isnan(scores).any() and not drop_nan:
        why = "drop_nan=True leaves such items out and counts them"
        raise BadInput(what, f"NaN at item {_first(np.isnan(scores))}", "a score for every item", why)
    return scores


def same_length(what: str, *arrays: Floats) -> None:
    """Refuse arrays about different numbers of items."""
    if len({len(array) for array in arrays}) != 1:
        raise BadInput(what, " and ".join(str(len(array)) for array in arrays), "as many items in each")


def _first(wrong: Bools) -> int:
    return int(np.argwhere(wrong)[0][0])
