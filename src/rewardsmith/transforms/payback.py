"""Payback: a part of what the later stages earn goes to the plan that they carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Payback(Transform):
    r"""R_k + \lambda mean(R_{k+1}) for stage k of a plan: the plan shares in what becomes of it.

    The batch holds the samples of all stages, one row each; the mean is over the samples of the next stage of
    the same plan, themselves paid back already, so that stage j counts \lambda^{j-k}.  The last stage keeps its
    reward.  A plan none of whose next samples has a verdict (no render succeeded) has none itself.

    Advantages are made per stage: let the field ``group`` name prompt and stage, and follow with
    ``GroupNormalize``.

    Args:
        share: \lambda.
        stages: how many stages there are, numbered from 0.
        stage: the field with the stage of every sample.
        plan: the field with the plan that a sample is, or carries out.

    Source: Tang et al., "Are We Ready for RL in Text-to-3D Generation?" (Hi-GRPO), arXiv:2512.10949.
    Differs from the paper: several samples per plan are averaged; lambda was not stated, 0.5 is ours.

    Example:
        >>> import numpy as np
        >>> batch = {"stage": np.array([0, 1, 1, 0, 1]), "plan": np.array([7, 7, 7, 8, 8])}
        >>> Payback(share=0.5).apply(np.array([1.0, 2.0, 4.0, 1.0, np.nan]), batch, ())[0].tolist()
        [2.5, 2.0, 4.0, nan, nan]
    """

    share: float = number(default=0.5)
    stages: int = 2
    stage: str = "stage"
    plan: str = "plan"
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.stages < 2:
            raise BadInput("Payback stages", self.stages, "at least 2")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.stage, self.plan})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(0.9, stages=3)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        stage = read_field(batch, self.stage, "Payback")
        plans = Groups.of(read_field(batch, self.plan, "Payback"))
        for now in range(self.stages - 2, -1, -1):
            later = plans.mean(lib.where(stage == now + 1, reward, lib.nan))
            reward = lib.where(stage == now, reward + self.share * later, reward)
        return reward, state
