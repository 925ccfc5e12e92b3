"""FirstTime: an event pays once per episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.laws import Laws
from ..core.node import number
from ..core.segments import Segments


@dataclass(frozen=True, repr=False)
class FirstTime(Transform):
    """r'_t = r_t at the first step of the episode where r > above, else 0.

    A checkpoint that can be crossed again and again is paid once: the cheapest cure for reward farming.

    Args:
        above: what counts as the event.

    State: whether the event has happened in the episode that goes on, so that it may arrive in pieces (the
    field ``first`` marks starts; without it each row is one episode).

    Example:
        >>> import numpy as np
        >>> FirstTime().apply(np.array([0.0, 2.0, 3.0]), {}, ())[0].tolist()
        [0.0, 2.0, 0.0]
    """

    above: float = number(default=0.0)
    own_scope: ClassVar[Scope] = Scope.EPISODE

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(-0.5)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, episodes = xp(reward), Segments.of(reward, batch)
        hits = lib.where(reward > self.above, lib.ones_like(reward), lib.zeros_like(reward))
        seen = episodes.running(hits)
        first = batch.get("first")
        if state != () and first is not None:
            before = lib.where(first[..., :1] != 0, 0.0 * state[0], state[0])
            seen = seen + lib.where(
                episodes.groups.index == episodes.groups.index[..., :1], before, 0.0 * before
            )
        paid = lib.where((hits > 0) & (seen == 1), reward, 0.0 * reward)
        return paid, (lib.where(seen[..., -1:] > 0, 1.0, 0.0 * seen[..., -1:]),)
