"""BatchNormalize: a reward relative to everything in the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class BatchNormalize(Transform):
    r"""(r_i - m) / (s + \epsilon), with mean m and standard deviation s of the verdicts of this batch.

    The second half of GDPO, after ``normalize_then_sum``.  Unlike ``Normalize`` it forgets the batches before.
    A batch with fewer than two verdicts gives NaN.

    Args:
        epsilon: added to the standard deviation.
        ddof: 1 divides by N - 1, as TRL does; 0 by N.

    Example:
        >>> import numpy as np
        >>> BatchNormalize(epsilon=0.0).apply(np.array([1.0, 3.0, np.nan]), {}, ())[0].round(3).tolist()
        [-0.707, 0.707, nan]
    """

    epsilon: float = number(default=1e-4)
    ddof: Literal[0, 1] = 1
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.ddof not in (0, 1):
            raise BadInput("BatchNormalize ddof", self.ddof, "0 or 1")

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(ddof=0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib = xp(reward)
        known = ~lib.isnan(reward)
        count = lib.sum(lib.where(known, lib.ones_like(reward), 0.0))
        mean = lib.sum(lib.where(known, reward, 0.0)) / lib.where(count > 0, count, 1.0)
        squares = lib.sum(lib.where(known, (reward - mean) ** 2, 0.0))
        free = count - self.ddof
        deviation = lib.sqrt(squares / lib.where(free > 0, free, 1.0))
        normal = (reward - mean) / (deviation + self.epsilon)
        return lib.where(count > 1, normal, lib.nan * reward), state
