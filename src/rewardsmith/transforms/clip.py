"""Clip: limit a reward to an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Clip(Transform):
    """min(max(r, low), high); NaN stays NaN.

    Order-preserving, not policy-invariant: outside the interval the reward has no slope.

    Example:
        >>> import numpy as np
        >>> Clip(-1, 1).apply(np.array([-3.0, 0.5, 2.0]), {}, ())[0].tolist()
        [-1.0, 0.5, 1.0]
    """

    low: float = number()
    high: float = number()

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.low) and not is_array(self.high) and not self.low < self.high:
            raise BadInput("Clip", f"low {self.low}, high {self.high}", "low < high")

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(self.low, self.high))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(-1.0, 1.0), cls(0.0, 0.5)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib = xp(reward)
        if lib is np:
            return np.clip(reward, self.low, self.high), state
        # where() rather than clip(): at the bounds the whole gradient goes on to the reward
        limited = lib.where(reward < self.low, self.low, lib.where(reward > self.high, self.high, reward))
        return limited, state
