"""Tanh: a soft limit that keeps the order and the slope near zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Tanh(Transform):
    r"""s tanh(r / s): near 0 the reward itself, far from 0 never more than s in size.

    Unlike ``Clip`` it keeps some slope everywhere, so of two large rewards the larger one is still the better
    one, until float precision ends (at about 18 s in float64).

    Args:
        scale: s > 0, the bound, in the unit of the reward.

    Example:
        >>> import numpy as np
        >>> Tanh(2.0).apply(np.array([-100.0, 0.1, 2.0]), {}, ())[0].round(3).tolist()
        [-2.0, 0.1, 1.523]
    """

    scale: float = number(default=1.0)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.scale) and not self.scale > 0:
            raise BadInput("Tanh scale", self.scale, "> 0", "it is the bound of the result")

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(-self.scale, self.scale))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(3.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        return self.scale * xp(reward).tanh(reward / self.scale), state
