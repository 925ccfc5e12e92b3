"""Rank: a reward as its rank among the other answers to the same prompt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.groups import Groups
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class Rank(Transform):
    r"""(below + ties / 2) / (G - 1): the share of the other answers of the group that are beaten.

    Groups are named by the field ``group``; a tie counts one half.  The mean of a group is always 1/2, so a
    reward model's scale and offset per prompt do not matter, nor how far the best is ahead.  A group with fewer
    than two verdicts has nothing to compare: NaN.

    Example:
        >>> import numpy as np
        >>> batch = {"group": np.array([0, 0, 0, 1, 1, 2])}
        >>> Rank().apply(np.array([3.0, 9.0, 3.0, 0.0, -5.0, 1.0]), batch, ())[0].tolist()
        [0.25, 1.0, 0.25, 1.0, 0.0, nan]
    """

    own_scope: ClassVar[Scope] = Scope.GROUP

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True, bounds=(0.0, 1.0))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "Rank")
        flat, index = reward.reshape(-1), groups.index.reshape(-1)
        known = flat == flat
        overall = lib.searchsorted(
            lib.sort(lib.where(known, flat, math.inf)), lib.where(known, flat, 0.0), side="left"
        )
        # One whole number that orders by group first and by reward within it; no verdict comes last.
        width = flat.shape[0] + 1
        key = index * width + lib.where(known, overall, width - 1)
        ordered = lib.sort(key)
        left = lib.searchsorted(ordered, key, side="left")
        ties = lib.searchsorted(ordered, key, side="right") - left - 1
        below = left - lib.searchsorted(ordered, index * width, side="left")
        others = groups.size(reward).reshape(-1) - 1.0
        share = (below + 0.5 * ties) / lib.where(others > 0, others, lib.nan) + 0.0 * flat
        return share.reshape(reward.shape), state
