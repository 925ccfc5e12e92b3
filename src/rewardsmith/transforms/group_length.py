"""Length shaping relative to the correct answers of the group: RelativeLength and LengthBand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number

# Lengths whose spread is this share of their mean are equal, up to rounding.
_EQUAL = 1e-9


@dataclass(frozen=True, repr=False)
class RelativeLength(Transform):
    r"""r_i - \alpha \sigma((L_i - m_c) / s_c) for a correct answer, r_i for a wrong one.

    m_c and s_c are mean and standard deviation (by n) of the lengths of the correct answers of the group; where
    they are all equal, or there is one, the penalty is \alpha / 2.  On a 0/1 reward this is GRPO-lambda's
    1 - \alpha \sigma(z).  Wrong answers are not touched: a short wrong answer must not earn anything.

    Args:
        alpha: the largest penalty; below 1, or a right answer can fall to the price of a wrong one.
        correct: the field that is above 0.5 for correct answers; NaN gives NaN.
        length: the field with the length of every answer.

    Source: Dai et al., "Stable Reinforcement Learning for Efficient Reasoning" (GRPO-lambda), arXiv:2505.18086.
    Differs from the paper: alpha is that of a published re-implementation, which also pays short wrong answers
    and divides by a zero deviation.

    Example:
        >>> import numpy as np
        >>> correct, length = np.array([1.0, 1.0, 0.0]), np.array([10.0, 30.0, 1.0])
        >>> batch = {"group": [0] * 3, "correct": correct, "length": length}
        >>> RelativeLength(alpha=0.6).apply(correct, batch, ())[0].round(3).tolist()
        [0.839, 0.561, 0.0]
    """

    alpha: float = number(default=0.6)
    correct: str = "correct"
    length: str = "length"
    own_scope: ClassVar[Scope] = Scope.GROUP

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group", self.correct, self.length})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "RelativeLength")
        correct = read_field(batch, self.correct, "RelativeLength")
        length = read_field(batch, self.length, "RelativeLength")
        of_correct = lib.where(correct > 0.5, length, lib.nan)
        mean, deviation = groups.mean(of_correct), groups.std(of_correct)
        spread = deviation > _EQUAL * abs(mean)
        z = lib.where(spread, (length - mean) / lib.where(spread, deviation, 1.0), 0.0)
        penalty = 0.5 + 0.5 * lib.tanh(0.5 * z)  # the sigmoid, without overflow
        return reward - self.alpha * lib.where(correct > 0.5, penalty, 0.0) + 0.0 * correct, state


@dataclass(frozen=True, repr=False)
class LengthBand(Transform):
    r"""r_i - P min(1, max(0, |L_i - L^*| / L^* - \tau)) for a correct answer.

    L^* is the mean length of the correct answers of the group.  Too long and too short cost alike, so that a
    reward for brevity cannot run away.  In a group without a correct answer there is no L^*, and nobody is
    charged.  (``terms.length_band`` has fixed edges instead.)

    Args:
        penalty: P, the largest penalty.
        tolerance: \tau, half the width of the band as a share of L^*.
        punish_wrong: charge P for wrong answers shorter than (1 - \tau) L^* too.  It teaches how to fail, so it
            is off unless asked for.
        correct: the field that is above 0.5 for correct answers; NaN gives NaN.
        length: the field with the length of every answer, > 0.

    Source: Gulhane et al., "Beyond Monolithic Rewards" (HARMO), arXiv:2510.05283.
    Differs from the paper: what could be read of it names the parts (correct answers of the group, a cap, a
    tolerance) but not the formula, which is ours.

    Example:
        >>> import numpy as np
        >>> batch = {"group": [0] * 3, "correct": np.ones(3), "length": np.array([5.0, 10.0, 15.0])}
        >>> LengthBand(penalty=0.5, tolerance=0.2).apply(np.ones(3), batch, ())[0].round(3).tolist()
        [0.85, 1.0, 0.85]
    """

    penalty: float = number(default=0.5)
    tolerance: float = number(default=0.2)
    punish_wrong: bool = False
    correct: str = "correct"
    length: str = "length"
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.tolerance) and not self.tolerance >= 0.0:
            raise BadInput("LengthBand tolerance", self.tolerance, ">= 0")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({"group", self.correct, self.length})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(punish_wrong=True)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "LengthBand")
        correct = read_field(batch, self.correct, "LengthBand")
        length = read_field(batch, self.length, "LengthBand")
        usual = groups.mean(lib.where(correct > 0.5, length, lib.nan))
        off = lib.clip(abs(length - usual) / usual - self.tolerance, 0.0, 1.0)
        too_short = length < (1.0 - self.tolerance) * usual  # False where there is no usual length
        wrong = lib.where(too_short, lib.ones_like(reward), 0.0) if self.punish_wrong else 0.0
        share = lib.where(correct > 0.5, off, wrong)
        return reward - self.penalty * share + 0.0 * correct, state
