"""Quantile: a reward as its rank among the rewards seen lately."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class Quantile(Transform):
    r"""(below + ties / 2) / (n - 1): the share of the other rewards that are beaten, a tie counting one half.

    The others are the rest of the batch and the last ``window`` verdicts before it.  Whatever the unit and
    the tails of a reward, the result is spread evenly over [0, 1]; an outlier is just the best.  Distances
    are lost.

    Args:
        window: how many verdicts of earlier batches are remembered; 0 compares within the batch only.

    State: (how many verdicts were seen, the last ones).  A single verdict has nothing to compare with: NaN.

    Example:
        >>> import numpy as np
        >>> values, state = Quantile().apply(np.array([5.0, 1000.0, 5.0]), {}, Quantile().init({}))
        >>> values.tolist(), Quantile().apply(np.array([6.0]), {}, state)[0].round(3).tolist()
        ([0.25, 1.0, 0.25], [0.667])
    """

    window: int = 1000

    def __post_init__(self) -> None:
        if self.window < 0:
            raise BadInput("Quantile window", self.window, "0 or more")

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(0.0, 1.0))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(window=0), cls(window=7)

    def init(self, batch: Batch) -> Any:
        del batch
        return (0.0, ())

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib, flat = xp(reward), reward.reshape(-1)
        seen, before = state
        pool = flat if isinstance(before, tuple) else lib.concat([before, flat], axis=0)
        known = pool == pool
        # infinity sorts to the end in every library, which NaN does not for searchsorted
        ordered = lib.sort(lib.where(known, pool, math.inf))
        count = lib.sum(known * lib.ones_like(pool))
        asked = lib.where(flat == flat, flat, 0.0)
        below = lib.searchsorted(ordered, asked, side="left")
        ties = lib.searchsorted(ordered, asked, side="right") - below - 1
        others = lib.where(count > 1, count - 1.0, lib.nan)
        share = (below + 0.5 * ties + 0.0 * flat) / others  # 0 * flat: whole numbers become its floats
        new = lib.sum((flat == flat) * lib.ones_like(flat))
        return share.reshape(reward.shape), (seen + new, _last(lib, pool, known, self.window))


def _last(lib: Any, pool: Array, known: Array, window: int) -> Array:
    """The newest ``window`` values, those with a verdict before the others, in the order they came."""
    order = lib.argsort(known * lib.ones((), dtype=lib.int32), stable=True)
    return pool[order][max(0, pool.shape[0] - window) :]
