"""MinMax: a reward as a share of the range seen so far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class MinMax(Transform):
    r"""(r - l) / (h - l), with l and h the smallest and largest reward seen so far, this batch included.

    One outlier sets the scale for good; where that matters use ``Quantile``.  Where the range is known there is
    nothing to learn: write ``(reward + -l) / (h - l)``.

    State: (l, h), ``(inf, -inf)`` before the first verdict.  While all rewards have been equal there is no
    range: NaN, 'no verdict'.

    Example:
        >>> import numpy as np
        >>> first, state = MinMax().apply(np.array([2.0, 4.0, 3.0]), {}, MinMax().init({}))
        >>> MinMax().apply(np.array([7.0, np.nan]), {}, state)[0].tolist(), first.tolist()
        ([1.0, nan], [0.0, 1.0, 0.5])
    """

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(0.0, 1.0))

    def init(self, batch: Batch) -> Any:
        del batch
        return (math.inf, -math.inf)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        if 0 in reward.shape:
            return reward, state
        lib, known = xp(reward), reward == reward
        low, high = state
        smallest = lib.min(lib.where(known, reward, math.inf))
        largest = lib.max(lib.where(known, reward, -math.inf))
        low = lib.where(smallest < low, smallest, low)
        high = lib.where(largest > high, largest, high)
        wide = high > low
        share = (reward - lib.where(wide, low, 0.0)) / lib.where(wide, high - low, 1.0)
        return lib.where(wide, share, lib.nan * reward), (low, high)
