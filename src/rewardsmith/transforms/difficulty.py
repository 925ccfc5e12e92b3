"""DifficultyWeight: weigh the answers to a prompt by how often it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class DifficultyWeight(Transform):
    r"""w(p) r, with p the share of the group's answers that are correct.

    ``middle``: w = 4 p (1 - p), largest (1) where half are correct: the variance of the verdict, which is what
    a group can learn from.  ``hard``: w = (1 - p)^a, for prompts that are seldom solved.  Put it after the
    group normalisation; before it a scale per group is divided out again.

    Args:
        favours: ``middle`` or ``hard``.
        exponent: a, for ``hard``.
        floor: the smallest weight, so that no prompt is left out: w becomes floor + (1 - floor) w.
        correct: the field with verdicts 0 to 1; NaN is left out of p.  A group without any verdict has no
            weight: NaN.

    Source: the weights are standard; (1 - p)^a is that of the focal loss, Lin et al., arXiv:1708.02002.

    Example:
        >>> import numpy as np
        >>> batch = {"group": np.array([0, 0, 1, 1]), "correct": np.array([1.0, 0.0, 1.0, 1.0])}
        >>> DifficultyWeight().apply(np.ones(4), batch, ())[0].tolist()
        [1.0, 1.0, 0.0, 0.0]
        >>> DifficultyWeight("hard", floor=0.2).apply(np.ones(4), batch, ())[0].round(3).tolist()
        [0.6, 0.6, 0.2, 0.2]
    """

    favours: Literal["middle", "hard"] = "middle"
    exponent: float = number(default=1.0)
    floor: float = number(default=0.0)
    correct: str = "correct"
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.favours not in ("middle", "hard"):
            raise BadInput("DifficultyWeight favours", repr(self.favours), "middle or hard")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group", self.correct})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None, order_preserving=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls("hard", 2.0), cls(floor=0.1)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        groups = Groups.from_batch(batch, "DifficultyWeight")
        rate = groups.mean(read_field(batch, self.correct, "DifficultyWeight") + xp(reward).zeros_like(reward))
        weight = 4.0 * rate * (1.0 - rate) if self.favours == "middle" else (1.0 - rate) ** self.exponent
        return (self.floor + (1.0 - self.floor) * weight) * reward, state
