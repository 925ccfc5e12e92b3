"""KLBudget: a reward that fades as the policy moves away from its reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class KLBudget(Transform):
    r"""r max(1 - x / KL_max, 0), x = log \pi(a) / \pi_ref(a): the regularised reward of CGPO.

    An answer whose probability grew by the whole budget is worth nothing, so the policy stops there instead of
    trading reward for distance at a fixed price.

    Args:
        limit: KL_max > 0, in nats.
        cap: the factor is at most 1.  Without, an answer that became rarer earns more than its reward.
        log_ratio: the field with x, one number for each reward.

    Source: Xu et al., "The Perfect Blend", arXiv:2409.20370, equation 11.
    Differs from the paper: the factor is capped at 1 unless ``cap=False``; a negative reward is kept whole,
    because a factor below 1 would pay for moving away.

    Example:
        >>> import numpy as np
        >>> batch = {"log_ratio": np.array([0.0, 5.0, 20.0, -5.0, 5.0])}
        >>> KLBudget(10.0).apply(np.array([1.0, 1.0, 1.0, 1.0, -1.0]), batch, ())[0].tolist()
        [1.0, 0.5, 0.0, 1.0, -1.0]
    """

    limit: float = number(default=10.0)
    cap: bool = True
    log_ratio: str = "log_ratio"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.limit) and not self.limit > 0:
            raise BadInput("KLBudget limit", self.limit, "> 0 nats")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.log_ratio})

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(2.0), cls(2.0, cap=False)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        left = 1.0 - read_field(batch, self.log_ratio, "KLBudget") / self.limit
        factor = lib.where(left < 0, 0.0, left)
        if self.cap:
            factor = lib.where(factor > 1, 1.0, factor)
        return lib.where(reward < 0, reward + 0.0 * factor, reward * factor), state
