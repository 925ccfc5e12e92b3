"""GroupEvidence: what one answer adds to the likelihood that a whole group gives to the reference (JEPO)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.groups import Groups
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class GroupEvidence(Transform):
    r"""A_i = log (1/n) \sum_j exp(l_j) - log (1/(n-1)) \sum_{j != i} exp(l_j): the advantage of JEPO.

    l_j is the log-probability of the reference after thought j, as ``reference_logprob`` gives it.  The first
    term is the group's multi-sample bound on the log evidence, the second the same without thought i.  It is at
    least -log 2, because leaving out a useless thought of two gains no more, and has no upper bound.

    The group is named by the field ``group``; members without a verdict are left out, and a group with fewer
    than two verdicts has no verdict.  It is an advantage already: no centring after it.

    Source: Tang et al., "Beyond Verifiable Rewards: Scaling Reinforcement Learning for Language Models to
    Unverifiable Data", arXiv:2503.19618, with the leave-one-out baseline of VIMCO (Mnih and Rezende 2016).
    Differs from the paper: the supervised gradient through l_j itself belongs to the trainer.

    Example:
        >>> import numpy as np
        >>> logprobs = np.log(np.array([0.2, 0.4, 0.6]))
        >>> GroupEvidence().apply(logprobs, {"group": [0, 0, 0]}, ())[0].round(3).tolist()
        [-0.223, 0.0, 0.288]
    """

    own_scope: ClassVar[Scope] = Scope.GROUP

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True, bounds=(-math.log(2.0), math.inf))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "GroupEvidence")
        count = groups.size(reward)
        enough = (count > 1) & ~lib.isnan(reward)
        known = lib.where(lib.isnan(reward), -lib.inf * lib.ones_like(reward), reward)
        top = groups.spread(groups.largest(known))
        scaled = lib.exp(known - lib.where(enough, top, lib.zeros_like(top)))
        total = groups.spread(groups.sums(scaled))
        # Without the only largest member, total - scaled would cancel: the others are added up anew.
        is_top = lib.where(known == top, lib.ones_like(reward), lib.zeros_like(reward))
        alone = (known == top) & (groups.spread(groups.sums(is_top)) == 1)
        rest = lib.where(alone, -lib.inf * lib.ones_like(reward), known)
        second = groups.spread(groups.largest(rest))
        second = lib.where(enough, second, lib.zeros_like(second))
        of_rest = groups.spread(groups.sums(lib.exp(rest - second)))
        left = lib.where(alone, of_rest, total - scaled)
        safe = lib.where(enough & (left > 0), left, lib.ones_like(left))
        shift = lib.where(alone & enough, second - lib.where(enough, top, second), lib.zeros_like(second))
        others = shift + lib.log(safe / lib.where(count > 1, count - 1, lib.ones_like(count)))
        every = lib.log(
            lib.where(enough, total, lib.ones_like(total)) / lib.where(count > 0, count, 1.0 + count)
        )
        return lib.where(enough, every - others, lib.nan * lib.ones_like(reward)), state
