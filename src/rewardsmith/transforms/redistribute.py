"""Redistribute: spread the return of an episode over its steps by importance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Reward, Scope, Transform
from ..core.arrays import Array, Batch, is_traced, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.segments import Segments
from ..core.term import term


@term
def _importance(length: Array) -> Array:
    """The importance of the example: how much was said."""
    return length


@dataclass(frozen=True, repr=False)
class Redistribute(Transform):
    r"""r'_t = \gamma^{-t} w_t \sum_k \gamma^k r_k with w_t = u_t / \sum_k u_k over the episode of t.

    A reward that comes at the end is spread over the steps that earned it; the (discounted) return of every
    episode stays exactly what it was, which ``conservation`` certifies, and no share has the opposite sign.

    Args:
        importance: u >= 0, a reward.  Importance that depends on what the policy does later conserves the
        return
            all the same, but tells earlier steps what they could not know.
        discount: \gamma of the learner whose return is to be conserved; 1 for the plain sum.
        when_zero: an episode without any importance is left as it is (``keep``) or spread evenly (``even``).

    Raises:
        BadInput: an importance is negative.

    Source: Arjona-Medina et al., "RUDDER", arXiv:1806.07857 (return-equivalent redistribution); weights as in
    ReviBranch, arXiv:2508.17452.

    Example:
        >>> import numpy as np
        >>> batch = {"length": np.array([1.0, 3.0])}
        >>> Redistribute(_importance).apply(np.array([0.0, 8.0]), batch, ((),))[0].tolist()
        [2.0, 6.0]
    """

    importance: Reward
    discount: float = number(default=1.0)
    when_zero: Literal["keep", "even"] = "keep"
    own_scope: ClassVar[Scope] = Scope.EPISODE

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.discount, float) and not 0.0 < self.discount <= 1.0:
            raise BadInput("Redistribute discount", self.discount, "above 0, at most 1")
        if self.when_zero not in ("keep", "even"):
            raise BadInput("Redistribute when_zero", repr(self.when_zero), "keep or even")

    @property
    def fields(self) -> frozenset[str]:
        return self.importance.fields

    @property
    def scope(self) -> Scope:
        return max(self.own_scope, self.importance.scope)

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, conserves_return=self.discount == 1.0)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(_importance), cls(_importance, 0.9, "even")

    def init(self, batch: Batch) -> Any:
        return self.importance.init(batch)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        weight, state = self.importance.apply(batch, state)
        lib, episodes = xp(reward), Segments.of(reward, batch)
        if not is_traced(weight) and bool(lib.any(weight < 0)):
            raise BadInput(f"importance {self.importance}", float(lib.min(weight)), "0 or more at every step")
        each = 1.0 + 0.0 * reward
        factor = self.discount ** (episodes.running(lib.ones_like(reward)) - 1.0)
        total, whole = episodes.total(factor * reward), episodes.total(weight)
        even = each / episodes.total(each)
        some = whole != 0  # true for NaN, which then spreads
        share = lib.where(some, weight / lib.where(some, whole, lib.ones_like(whole)), even)
        spread = share * total / factor
        return (spread if self.when_zero == "even" else lib.where(some, spread, reward)), state


def conservation(before: Array, after: Array, batch: Batch, discount: float = 1.0) -> Array:
    r"""Certificate: |\sum_t \gamma^t (after_t - before_t)| of the episode, at every step of it.

    Example:
        >>> import numpy as np
        >>> conservation(np.array([0.0, 8.0]), np.array([2.0, 6.0]), {}).tolist()
        [0.0, 0.0]
    """
    episodes, lib = Segments.of(before, batch), xp(before)
    factor = discount ** (episodes.running(lib.ones_like(before)) - 1.0)
    return lib.abs(episodes.total(factor * (after - before)))
