"""GatedAccumulation: step rewards count only in episodes whose outcome clears a threshold (G-RA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Reward, Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import number
from ..core.segments import Segments
from ..core.term import term


@term
def _ended(terminated: Array) -> Array:
    """The outcome of the example: the episode came to its own end."""
    return terminated


@dataclass(frozen=True, repr=False)
class GatedAccumulation(Transform):
    r"""r'_t = r_t where \sum_k h_k >= threshold over the episode of t, else 0; h is the reward ``outcome``.

    Easy step rewards cannot replace the goal: they are paid only in episodes whose more important reward h
    reached its threshold.  Several levels are several gates, ``low | GatedAccumulation(middle, 0.2) |
    GatedAccumulation(high, 0.5)``; add the outcome itself outside: ``high + (low | ...)``.  Once the gate is
    open nothing limits the step sum, so bound it (``Clip``) where long episodes could farm it.  Penalties that
    must always count, for safety say, stand outside the gate too.

    An episode that was cut off, with no ``terminated`` step, has no outcome: its gate stays closed, and
    ``gates(batch)`` counts it as such.  An outcome without a verdict (NaN: the sandbox failed) is no verdict
    for the whole episode, not a closed gate.

    Args:
        outcome: h, the more important reward.
        threshold: what its sum over the episode has to reach.
        strict: open only above the threshold, not at it.
        needs_end: False where an episode that was cut off can have reached its outcome.

    Source: Sun et al., "Stabilizing Long-term Multi-turn Reinforcement Learning with Gated Rewards",
    arXiv:2508.10548.
    Differs from the paper: a missing outcome abstains; reaching the threshold exactly opens the gate.

    Example:
        >>> import numpy as np
        >>> batch = {"terminated": np.array([[False, True], [False, False]])}
        >>> GatedAccumulation(_ended, 1.0).apply(np.ones((2, 2)), batch, ((),))[0].tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """

    outcome: Reward
    threshold: float = number()
    strict: bool = False
    needs_end: bool = True
    own_scope: ClassVar[Scope] = Scope.EPISODE

    @property
    def fields(self) -> frozenset[str]:
        return self.outcome.fields | {"terminated"}

    @property
    def scope(self) -> Scope:
        return max(self.own_scope, self.outcome.scope)

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(_ended, 1.0), cls(_ended, 0.0, strict=True, needs_end=False)

    def init(self, batch: Batch) -> Any:
        return self.outcome.init(batch)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        value, state = self.outcome.apply(batch, state)
        reached, ended, total = self._judge(value, batch)
        paid = xp(reward).where(reached & ended, reward, 0.0 * reward)
        return paid + 0.0 * total, state

    def gates(self, batch: Batch) -> dict[str, Array]:
        """Bools per step: the gate of its episode is open, closed, without outcome or without verdict."""
        value, _ = self.outcome.apply(batch, self.outcome.init(batch))
        reached, ended, total = self._judge(value, batch)
        unknown = xp(total).isnan(total)
        return {
            "open": reached & ended,
            "closed": ended & ~reached & ~unknown,
            "no_outcome": ~ended & ~unknown,
            "no_verdict": unknown,
        }

    def _judge(self, value: Array, batch: Batch) -> tuple[Array, Array, Array]:
        """Whether the threshold was reached, whether there was an end, and the total, at every step."""
        episodes = Segments.of(value, batch)
        total = episodes.total(value)
        reached = total > self.threshold if self.strict else total >= self.threshold
        if not self.needs_end:
            return reached, reached | ~reached, total
        terminated = read_field(batch, "terminated", "GatedAccumulation")
        return reached, episodes.total(xp(value).where(terminated, 1.0, 0.0 * total)) > 0, total
