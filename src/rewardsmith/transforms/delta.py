"""Delta: pay the change of a reward instead of its level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.laws import Laws


@dataclass(frozen=True, repr=False)
class Delta(Transform):
    r"""d_t = r_t - r_{t-1},  d_0 = r_0 at the start of each episode.

    The sum over an episode is the last level r_T, so a level cannot be farmed by staying at it.
    The array must hold time on its last axis; where several episodes follow each other, the batch
    says so with the field ``first`` (True where an episode starts).  Without it each row is one episode.

    State: the last reward of each row, so that a long episode may arrive in pieces.
    """

    own_scope: ClassVar[Scope] = Scope.EPISODE

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        first = batch.get("first")
        carried = reward[..., :1] * 0.0 if state == () or first is None else state[0]
        before = lib.concat([carried, reward[..., :-1]], axis=-1)
        change = reward - before
        if first is not None:
            starts = first if state != () else _with_start(lib, first)
            change = lib.where(starts, reward, change)
        return change, (reward[..., -1:],)


def _with_start(lib: Any, first: Array) -> Array:
    """The first batch of all starts an episode in every row, whatever the flag says."""
    return lib.concat([lib.ones_like(first[..., :1]), first[..., 1:]], axis=-1)
