"""LabelDistribution: the scores of a group as a distribution over its members."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class LabelDistribution(Transform):
    r"""r_i = n q_i with q = softmax(s / \tau) over the n members of a group with a verdict: a listwise label.

    The mean over a group is 1, whatever the scores; members with equal scores all get 1, which a following
    ``GroupNormalize`` masks.  A low temperature pays the best member alone (n), a high one all alike.

    Args:
        temperature: \tau, in units of the score.

    Source: Kou et al., "Positive-Unlabeled Reinforcement Learning Distillation for On-Premise Small Models",
    arXiv:2601.20687 (LDL-GRPO; its formulas were not available, this is our reading); Geng, "Label
    Distribution Learning", IEEE TKDE 2016.

    Example:
        >>> import numpy as np
        >>> scores = np.log(np.array([1.0, 2.0, 3.0]))
        >>> LabelDistribution(temperature=1.0).apply(scores, {"group": [0, 0, 0]}, ())[0].round(6).tolist()
        [0.5, 1.0, 1.5]
    """

    temperature: float = number(default=0.5)
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.temperature, float) and not 0 < self.temperature < math.inf:
            raise BadInput("LabelDistribution temperature", self.temperature, "> 0")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True, bounds=(0.0, math.inf))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "LabelDistribution")
        known = ~lib.isnan(reward)
        top = lib.where(known, groups.spread(groups.largest(reward)), lib.zeros_like(reward))
        raised = lib.exp((lib.where(known, reward, lib.zeros_like(reward)) - top) / self.temperature)
        weights = lib.where(known, raised, lib.nan * lib.ones_like(reward))
        return weights / groups.mean(weights), state
