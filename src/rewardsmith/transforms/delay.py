"""Delay: pay a reward some steps later, or at the end of the episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node
from ..core.segments import Segments


@dataclass(frozen=True, repr=False)
class Delay(Transform):
    r"""r'_t = sum of the r_k that fall due at t: k + steps, or the end of the episode if that comes first.

    The plain return of an episode stays what it was, the moment of payment does not: for experiments with
    delayed feedback, and (``steps=None``) to make a dense reward terminal.  A step without a verdict stays
    without one, and so does the step at which it would have been paid.

    Args:
        steps: how much later; None pays everything at the end of the episode.

    State: what is still to be paid, so that a long episode may arrive in pieces.  Pieces are recognised by the
    fields ``first`` and ``truncated``: where the last step of a row is neither terminated nor truncated, its
    episode goes on in the next batch.  Without these fields each row ends with its episode.

    Example:
        >>> import numpy as np
        >>> Delay(2).apply(np.array([1.0, 2.0, 3.0, 4.0]), {}, ())[0].tolist()
        [0.0, 0.0, 1.0, 9.0]
    """

    steps: int | None = None
    own_scope: ClassVar[Scope] = Scope.EPISODE

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.steps is not None and (isinstance(self.steps, bool) or self.steps < 0):
            raise BadInput("Delay steps", self.steps, "0 or more, or None for the end of the episode")

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, conserves_return=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(2)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, episodes = xp(reward), Segments.of(reward, batch)
        length, width = reward.shape[-1], 1 if self.steps is None else self.steps
        rows = int(np.prod(reward.shape[:-1]))
        time = episodes.time
        end = lib.astype(episodes.total(lib.where(episodes.last, time, 0 * time)), time.dtype)
        goes_on = _goes_on(batch, reward)
        # Whatever ends after this batch falls due in one of ``width`` slots behind it.
        end = lib.where(goes_on & (end == length - 1), 0 * end + length - 1 + width, end)
        due = end if self.steps is None else lib.where(time + self.steps < end, time + self.steps, end)
        values = reward
        if state != () and width:
            values, due = self._with_pending(state[0], batch, (reward, due, end))
        slots = lib.cumulative_sum(0 * end[..., :1].reshape(rows, 1) + 1, axis=0) - 1
        index = due.reshape(rows, -1) + (length + width) * slots
        paid = Groups(index, rows * (length + width)).sums(values).reshape((*reward.shape[:-1], length + width))
        return paid[..., :length] + 0.0 * reward, (paid[..., length:],)

    def _with_pending(
        self, pending: Array, batch: Batch, now: tuple[Array, Array, Array]
    ) -> tuple[Array, Array]:
        """Values and due times, with what earlier batches left to pay in front."""
        reward, due, end = now
        if "first" not in batch:
            return reward, due
        lib = xp(reward)
        old = lib.where(batch["first"][..., :1] != 0, 0.0 * pending, pending)
        slot = lib.cumulative_sum(lib.ones_like(pending, dtype=end.dtype), axis=-1) - 1
        latest = end[..., :1] + 0 * slot
        when = latest if self.steps is None else lib.where(slot < latest, slot, latest)
        return lib.concat([old, reward], axis=-1), lib.concat([when, due], axis=-1)


def _goes_on(batch: Batch, reward: Array) -> Array:
    """Whether the episode at the end of each row is continued by the next batch, ``(..., 1)``."""
    edge = reward[..., -1:] != reward[..., -1:]
    if "first" not in batch or "truncated" not in batch:
        return edge & ~edge
    return ~((batch["truncated"][..., -1:] != 0) | (batch["terminated"][..., -1:] != 0))
