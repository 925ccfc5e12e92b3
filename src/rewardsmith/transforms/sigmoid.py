"""Sigmoid: a reward as a probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Sigmoid(Transform):
    r"""\sigma((r - c) / s), or with ``log`` its logarithm.

    With c the score of a reference answer it is the Bradley-Terry probability of beating it; where every prompt
    has references of its own, use ``PreferenceAsReward``.  The logarithm is bounded above by 0 only: it is
    nearly linear far below c and flat above it, so a bad answer still sees the way up.

    Args:
        center: c, where the result is 1/2.
        scale: s > 0, the temperature: the largest slope is 1 / (4 s).
        log: the logarithm.

    Example:
        >>> import numpy as np
        >>> Sigmoid(center=1.0).apply(np.array([-99.0, 1.0, 2.0]), {}, ())[0].round(3).tolist()
        [0.0, 0.5, 0.731]
        >>> Sigmoid(log=True).apply(np.array([-1000.0, 0.0, 50.0]), {}, ())[0].round(3).tolist()
        [-1000.0, -0.693, -0.0]
    """

    center: float = number(default=0.0)
    scale: float = number(default=1.0)
    log: bool = False

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.scale) and not self.scale > 0:
            raise BadInput("Sigmoid scale", self.scale, "> 0", "another sign would turn the order round")

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(-math.inf, 0.0) if self.log else (0.0, 1.0))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(1.0, 0.5), cls(log=True)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib, x = xp(reward), (reward - self.center) / self.scale
        if not self.log:
            # by tanh, which does not overflow where exp would
            return 0.5 + 0.5 * lib.tanh(0.5 * x), state
        return 0.5 * (x - lib.abs(x)) - lib.log1p(lib.exp(-lib.abs(x))), state
