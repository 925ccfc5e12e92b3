"""StepPenalty: the 'Clip' of Clip and Delta, which pays nothing for a good step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Reward, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import CompositionError
from ..core.laws import Laws
from ..core.node import number
from ..core.term import Term


@dataclass(frozen=True, repr=False)
class StepPenalty(Transform):
    r"""min(p - \eta, 0): a step scored above the threshold earns 0, one below it costs what it lacks.

    For step scores p in [0, 1], such as those of a process reward model.  The sum over any trajectory is at
    most 0, so correct but useless steps are worth nothing.  Follow it with ``StepDelta``, so that penalties do
    not add up over a long solution.

    Args:
        threshold: \eta, in the unit of p.

    Raises:
        CompositionError: the term says that its values are not within [0, 1] (logits, say).

    Source: Gao et al., "On Designing Effective RL Reward at Training Time for LLM Reasoning", arXiv:2410.15115.

    Example:
        >>> import numpy as np
        >>> StepPenalty(0.7).apply(np.array([0.9, 0.7, 0.4]), {}, ())[0].round(3).tolist()
        [0.0, 0.0, -0.3]
    """

    threshold: float = number(default=0.5)

    @property
    def laws(self) -> Laws:
        return Laws(order_preserving=True, bounds=(-math.inf, 0.0))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(0.7)

    def check(self, reward: Reward) -> None:
        if not isinstance(reward, Term):
            return
        low, high = reward.info.low, reward.info.high
        if (math.isfinite(low) and low < 0) or (math.isfinite(high) and high > 1):
            raise CompositionError(
                f"{self} needs step scores within [0, 1]; {reward} says that it lies within [{low:g}, {high:g}]"
            )

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib, lacking = xp(reward), reward - self.threshold
        return lib.where(lacking > 0, 0.0, lacking), state
