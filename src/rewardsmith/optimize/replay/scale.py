"""Scale: new rewards on the scale of an elite's, so that value estimates that are passed on stay of use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput

Numbers = np.ndarray[Any, Any]
FLAT = 1e-9  # a deviation this small, relative to the size of the values, is rounding


@dataclass(frozen=True)
class Scaling:
    """r' = factor * r + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, reward: Numbers) -> Numbers:
        """The scaled reward."""
        return self.factor * reward + self.offset


def match_scale(new: Numbers, elite: Numbers) -> Scaling:
    """R' = (r - mean_new) (std_elite / std_new) + mean_elite, over the same stored transitions.

    NaN, no verdict, is left out.

    Raises:
        BadInput: one of them does not vary on the stored transitions; there is no scale to match.

    Source: LaRes (2025), Eq. 3.

    Differs from the paper: its code divides by the deviation of a constant reward.

    Example:
        >>> match_scale(np.array([0.0, 1000.0]), np.array([0.0, 2.0]))
        Scaling(factor=0.002, offset=0.0)
    """
    (mean_new, std_new), (mean_elite, std_elite) = _moments(new, "new"), _moments(elite, "elite's")
    factor = std_elite / std_new
    return Scaling(factor, mean_elite - factor * mean_new)


def varies(values: Numbers) -> bool:
    """Whether a reward has a scale: two different values at least, of those that are known (not NaN).

    Example:
        >>> varies(np.array([1.0, 2.0, np.nan])), varies(np.array([0.1, 0.1])), varies(np.array([np.nan]))
        (True, False, False)
    """
    known = values[~np.isnan(values)].astype(np.float64)
    return bool(len(known)) and float(known.std()) > FLAT * float(np.abs(known).max())


def _moments(values: Numbers, whose: str) -> tuple[float, float]:
    known = values[~np.isnan(values)].astype(np.float64)
    what, allowed = f"{whose} reward on stored transitions", "two different values at least"
    if not len(known):
        raise BadInput(what, "no verdict on any", allowed, "its scale is matched to the elite's")
    mean = float(known.mean())
    if not varies(values):
        raise BadInput(
            what, f"{mean:g} on all of them", allowed, "a constant has no scale, and teaches nothing"
        )
    return mean, float(known.std())
