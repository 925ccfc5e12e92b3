r"""Latched: an event that costs for a while, as a factor to multiply an income with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.segments import Segments


@dataclass(frozen=True, repr=False)
class Latched(Transform):
    r"""An event (r > above) -> the factor, at the event and for ``ticks`` steps after it; 1 elsewhere.

        progress * (too_close | Latched(ticks=500, factor=0.5))

    Time is the last axis; where several episodes follow each other in a row, the field ``first`` says so, and
    nothing is held across their border.  What is paid depends on the past, so an agent (or its value function)
    should see the ticks that are left.

    A step without verdict is NaN, and so are the ``ticks`` steps after it, unless another event holds there
    anyway: whether they are free is not known.

    State: what the last ``ticks`` steps of each row held, so that a long episode may arrive in pieces.

    Args:
        ticks: steps for which an event is held after its own step; 0 holds nothing.
        factor: the value while it is held.
        above: an event is a reward above this.

    Source: Jaeger et al. 2025, "CaRL", arXiv:2504.17838 (soft penalties that are held for 50 s).

    Example:
        >>> import numpy as np
        >>> event = np.array([[0.0, 1.0, 0.0, 0.0, 0.0]])
        >>> Latched(ticks=2, factor=0.5).apply(event, {}, ())[0].tolist()
        [[1.0, 0.5, 0.5, 0.5, 1.0]]
    """

    ticks: int = 1
    factor: float = number(default=0.5)
    above: float = number(default=0.0)
    own_scope: ClassVar[Scope] = Scope.EPISODE

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.ticks < 0:
            raise BadInput("Latched ticks", self.ticks, "0 or more")

    @property
    def laws(self) -> Laws:
        if isinstance(self.factor, float):
            return Laws(policy_invariant=None, bounds=(min(1.0, self.factor), max(1.0, self.factor)))
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(ticks=3, factor=0.0), cls(ticks=0, factor=2.0, above=0.5)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, first = xp(reward), batch.get("first")
        past = reward[..., :0] if state == () or first is None else state[0]
        whole = lib.concat([past, reward], axis=-1)
        begun: dict[str, Any] = {}
        if first is not None:
            begun["first"] = first if state == () else lib.concat([state[1], first], axis=-1)
        episodes = Segments.of(whole, begun)
        cut = past.shape[-1]
        unclear = lib.isnan(whole)
        held = self._recent(whole > self.above, episodes)[..., cut:] > 0
        doubt = self._recent(unclear, episodes)[..., cut:] > 0
        value = lib.where(held, self.factor, lib.where(doubt, lib.nan, lib.ones_like(reward)))
        total = lib.where(unclear[..., cut:], lib.nan, value)
        if first is None:
            return total, state
        since = max(whole.shape[-1] - self.ticks, 0)
        return total, (whole[..., since:], begun["first"][..., since:])

    def _recent(self, flags: Array, episodes: Segments) -> Array:
        """How many flags the last ticks + 1 steps of the episode have."""
        lib, back = xp(flags), min(self.ticks + 1, flags.shape[-1])
        one = lib.ones_like(flags, dtype=lib.float64 if lib is np else lib.float32)
        count = episodes.running(lib.where(flags, one, 0.0 * one))
        steps = episodes.running(one)
        before = lib.concat([0.0 * count[..., :back], count[..., : count.shape[-1] - back]], axis=-1)
        return count - lib.where(steps > self.ticks + 1, before, 0.0 * before)
