"""GroupNormalize: a reward relative to the other answers to the same prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class GroupNormalize(Transform):
    r"""(r_i - b_g) / (s_g + \epsilon): the group-relative advantage of GRPO, Dr. GRPO and RLOO.

    Groups are named by the field ``group``.  A group with fewer than two verdicts has nothing to compare,
    and with ``scale="std"`` one without spread (at most ``floor``) has nothing to divide by: their members
    get NaN, 'no verdict', instead of a number made of rounding errors.

    Args:
        center: b_g: ``mean`` (GRPO), ``others`` (leave-one-out, RLOO) or ``none``.
        scale: s_g: ``std`` (GRPO) or ``none`` (Dr. GRPO, RLOO: b alone, then no division at all).
        epsilon: added to the standard deviation.
        floor: groups whose standard deviation is not above it are masked.
        ddof: 1 divides by G - 1, as TRL's GRPO does; 0 by G.

    Source: Shao et al., "DeepSeekMath", arXiv:2402.03300 (GRPO); Ahmadian et al., arXiv:2402.14740 (RLOO);
    Liu et al., arXiv:2503.20783 (Dr. GRPO).

    Example:
        >>> import numpy as np
        >>> batch = {"group": [0, 0, 1]}
        >>> GroupNormalize(scale="none").apply(np.array([1.0, 3.0, 5.0]), batch, ())[0].tolist()
        [-1.0, 1.0, nan]
    """

    center: Literal["mean", "others", "none"] = "mean"
    scale: Literal["std", "none"] = "std"
    epsilon: float = number(default=1e-4)
    floor: float = number(default=0.0)
    ddof: int = 1
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.center not in ("mean", "others", "none") or self.scale not in ("std", "none"):
            received = f"center={self.center!r}, scale={self.scale!r}"
            raise BadInput("GroupNormalize", received, "center mean, others or none; scale std or none")
        if self.ddof not in (0, 1):
            raise BadInput("GroupNormalize ddof", self.ddof, "0 or 1")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls("others", "none"), cls("none", "std", ddof=0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "GroupNormalize")
        alone = groups.size(reward) < 2
        if self.center == "none":
            centred = reward
        else:
            centred = reward - (groups.mean(reward) if self.center == "mean" else groups.others(reward))
        if self.scale == "std":
            deviation = groups.std(reward, self.ddof)
            alone = alone | ~(deviation > self.floor)
            centred = centred / (deviation + self.epsilon)
        return lib.where(alone, lib.nan * reward, centred), state
