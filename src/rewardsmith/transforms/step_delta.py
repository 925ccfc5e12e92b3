"""StepDelta: pay a step for being better than the next one, so that a trajectory collects its first score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.segments import Segments


@dataclass(frozen=True, repr=False)
class StepDelta(Transform):
    r"""d_k = q_k - \gamma q_{k+1}, with q_k = p_k, and q = 0 at the final step and after the end.

    The discounted sum is q_1, so the total is bounded however long the trajectory is, and the return from
    step k on is p_k alone.  ``Delta`` looks back and pays the last level; this one looks ahead and pays the
    first.

    The final step is the one that is ``terminated`` (the answer): it earns nothing here, because the outcome
    reward is its own.  A trajectory that is cut off has no such step, and pays p_1 too.  A trajectory of one
    final step earns 0.  A step without a verdict would break the telescope: the whole trajectory gets NaN.

    The array must hold time on its last axis.  A trajectory ends where ``terminated`` is set, before a step
    that is ``first``, and at the end of its row; what follows in the row is another one.

    Args:
        discount: \gamma of the learner; with another one the sum no longer telescopes.

    Source: Gao et al., "On Designing Effective RL Reward at Training Time for LLM Reasoning", arXiv:2410.15115.
    Differs from the paper: the next score is discounted (the paper has no discount).

    Example:
        >>> import numpy as np
        >>> batch = {"terminated": np.array([[False, False, False, True]])}
        >>> StepDelta().apply(np.array([[0.9, 0.9, 0.25, 0.8]]), batch, ())[0].tolist()
        [[0.0, 0.65, 0.25, 0.0]]
    """

    discount: float = number(default=1.0)
    own_scope: ClassVar[Scope] = Scope.EPISODE

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.discount, float) and not 0.0 <= self.discount <= 1.0:
            raise BadInput("StepDelta discount", self.discount, "0 to 1")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"terminated"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(0.9)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        if 0 in reward.shape[-1:]:
            raise BadInput("StepDelta", "trajectories without a step", "at least one step")
        lib, final = xp(reward), read_field(batch, "terminated", "StepDelta") != 0
        segments = Segments.of(reward, {"first": _starts(lib, final, batch.get("first"))})
        score = lib.where(final, 0.0, reward)
        later = lib.concat([score[..., 1:], 0.0 * reward[..., :1]], axis=-1)
        change = score - self.discount * lib.where(segments.last, 0.0, later)
        return change + segments.total(0.0 * reward), state


def _starts(lib: Any, final: Array, first: Array | None) -> Array:
    """A trajectory starts at the step after a final one, and where the batch says so."""
    after = lib.concat([final[..., :1], final[..., :-1]], axis=-1)
    return after if first is None else after | (first != 0)
