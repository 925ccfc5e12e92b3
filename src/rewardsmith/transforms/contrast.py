"""ContrastiveBonus: pay a behaviour where the group shows that it helps, and charge it where it hurts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class ContrastiveBonus(Transform):
    r"""r_i + m_g b [i shows the behaviour], with m_g = +1, -1 or 0 by what the behaviour does to accuracy in g.

    m_g = sign(d) where |d| > ``margin``, else 0; d = accuracy of the members with the behaviour minus accuracy
    of those without it.  With fewer than ``least`` verdicts on either side there is no contrast, and m_g = 0.

    Args:
        bonus: b; below the price of a correct answer, or a wrong answer with the behaviour beats a right one.
        margin: of the accuracy gap.
        least: n_min, verdicts needed on each side.
        correct: the field with 0 or 1; NaN is no verdict and counts on neither side.
        behaviour: the field that is above 0.5 where the behaviour is shown; NaN gives NaN.

    Source: Wang et al., "GeometryZero" (Group Contrastive Policy Optimization), arXiv:2506.07160.
    Differs from the paper: one set of samples is split by what they show; the paper may sample two sets.  Its
    margin, bonus and least number were not stated where we could read.

    Example:
        >>> import numpy as np
        >>> correct, behaviour = np.array([1.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0])
        >>> batch = {"group": [0] * 4, "correct": correct, "behaviour": behaviour}
        >>> ContrastiveBonus().apply(correct, batch, ())[0].tolist()
        [1.5, 1.5, 0.0, 1.0]
    """

    bonus: float = number(default=0.5)
    margin: float = number(default=0.05)
    least: int = 2
    correct: str = "correct"
    behaviour: str = "behaviour"
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.least < 1 or (isinstance(self.margin, float) and self.margin < 0):
            raise BadInput(
                "ContrastiveBonus", f"least {self.least}, margin {self.margin}", "least >= 1, margin >= 0"
            )

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group", self.correct, self.behaviour})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(bonus=-1.0, margin=0.0, least=1)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "ContrastiveBonus")
        correct = read_field(batch, self.correct, "ContrastiveBonus")
        behaviour = read_field(batch, self.behaviour, "ContrastiveBonus")
        mask = contrastive_mask(groups, correct, behaviour, self.margin, self.least)
        shown = lib.where(behaviour > 0.5, lib.ones_like(reward), 0.0) + 0.0 * behaviour
        return reward + self.bonus * mask * shown, state


def contrastive_mask(
    groups: Groups, correct: Array, behaviour: Array, margin: float = 0.05, least: int = 2
) -> Array:
    """+1, -1 or 0 for every member: does the behaviour help, hurt, or neither, in its group?

    See ``ContrastiveBonus`` for the rule; all arrays have the shape of ``groups.index``.
    """
    lib = xp(correct)
    with_it = lib.where(behaviour > 0.5, correct, lib.nan)
    without = lib.where(behaviour <= 0.5, correct, lib.nan)
    gap = groups.mean(with_it) - groups.mean(without)
    enough = (groups.size(with_it) >= least) & (groups.size(without) >= least)
    one = lib.ones_like(gap)
    return lib.where(enough & (gap > margin), one, lib.where(enough & (gap < -margin), -one, 0.0))
