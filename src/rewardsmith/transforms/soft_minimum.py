r"""A smooth minimum of several rewards: the worst part decides, and the others still have a slope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Reward, Shares
from ..core.arrays import Batch, is_array, xp
from ..core.errors import BadInput
from ..core.node import Node, number
from ..core.nodes import as_reward, share_each
from ..core.term import success


@dataclass(frozen=True, repr=False)
class SoftMinimum(Reward):
    r"""R = -\tau \log( (1/n) \sum_i \exp(-r_i / \tau) ).

    Between the minimum and the mean of the parts: the minimum as \tau goes to 0 (above it by at most
    \tau log n), the mean as it grows.  Equal parts a give a.  Smooth and increasing in every part; the slopes
    are the softmax of -r / \tau and sum to 1.  One share in ``terms()``.

    Args:
        parts: the rewards, scaled alike.
        temperature: \tau > 0, in the unit of the rewards.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.term import term
        >>> @term
        ... def a(a): return a
        >>> @term
        ... def b(b): return b
        >>> batch = {"a": np.array([0.0]), "b": np.array([1.0])}
        >>> [soft_minimum(a, b, temperature=t)(batch).round(3).item() for t in (0.01, 0.5, 100.0)]
        [0.007, 0.283, 0.499]
    """

    parts: tuple[Reward, ...]
    temperature: float = number(default=0.1)
    written: ClassVar[str] = "soft_minimum"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not self.parts:
            raise BadInput("soft_minimum", "no rewards", "one or more rewards")
        if not is_array(self.temperature) and not self.temperature > 0:
            raise BadInput("soft_minimum temperature", self.temperature, "> 0")

    @property
    def label(self) -> str:
        return f"soft_minimum({','.join(part.label for part in self.parts)})"

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls((success, 0.5 * success)), cls((success, 0.5 * success), temperature=2.0)

    @classmethod
    def called(cls, *parts: Reward, temperature: float = 0.1) -> Reward:
        return soft_minimum(*parts, temperature=temperature)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = share_each(self.parts, batch, state)
        lib = xp(shares[0].total)
        lowest = shares[0].total
        for each in shares[1:]:
            lowest = lib.minimum(lowest, each.total)
        # the lowest is taken out before exp, which would overflow
        weights = sum(lib.exp((lowest - each.total) / self.temperature) for each in shares)
        total = lowest - self.temperature * lib.log(weights / len(shares))
        return Shares(total, {self.label: total}), state


def soft_minimum(*rewards: Reward | float, temperature: float = 0.1) -> Reward:
    """A smooth minimum of rewards of one scale; see ``SoftMinimum``."""
    return SoftMinimum(tuple(as_reward(reward) for reward in rewards), temperature)
