r"""The signed geometric mean of several rewards (KRC): all must be good at once."""

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
class GeometricMean(Reward):
    r"""R = s (\prod_i (|r_i| + \epsilon)^{1/n} - \epsilon), s = +1 if every r_i >= 0, else -1.

    Kinesthetic Reward Combination with a stated epsilon.  Parts must be scaled alike, to [-1, 1] say.  Equal
    parts a >= 0 give a; one part at 0 leaves almost nothing of the others.  One share in ``terms()``, because a
    product cannot be split fairly.

    What to know of it:

    - With |r_i| <= M the slope in one part is at most ((M + \epsilon) / \epsilon)^{1 - 1/n} / n; with
      \epsilon = 0 it is unbounded near 0.
    - It jumps at 0 by up to 2 (\epsilon^{1/n} (M + \epsilon)^{1 - 1/n} - \epsilon), where the sign turns.
    - It is increasing in every part only while all are >= 0.  Where another part is negative, a *better* part
      makes the result *worse*, and two bad parts do not cancel: the sign is -1, not the product of signs.

    Args:
        parts: the rewards to combine.
        epsilon: >= 0; 0 is the formula of the paper.

    Source: Moschopoulos et al. 2023, "Lucy-SKG", arXiv:2305.15801, equation 2.
    Differs from the paper: epsilon; a part without verdict (NaN) makes the whole NaN.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.term import term
        >>> @term
        ... def a(a): return a
        >>> @term
        ... def b(b): return b
        >>> both = geometric_mean(a, b, epsilon=0.0)
        >>> both({"a": np.array([1.0, 1.0, -0.5]), "b": np.array([0.25, -0.25, -0.5])}).tolist()
        [0.5, -0.5, -0.5]
    """

    parts: tuple[Reward, ...]
    epsilon: float = number(default=1e-6)
    written: ClassVar[str] = "geometric_mean"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not self.parts:
            raise BadInput("geometric_mean", "no rewards", "one or more rewards")
        if not is_array(self.epsilon) and self.epsilon < 0:
            raise BadInput("geometric_mean epsilon", self.epsilon, ">= 0")

    @property
    def label(self) -> str:
        return f"geometric_mean({','.join(part.label for part in self.parts)})"

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls((success, 0.5 * success)), cls((success, 0.5 * success), epsilon=0.0)

    @classmethod
    def called(cls, *parts: Reward, epsilon: float = 1e-6) -> Reward:
        return geometric_mean(*parts, epsilon=epsilon)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        shares, state = share_each(self.parts, batch, state)
        lib = xp(shares[0].total)
        size: Any = 1.0
        negative: Any = False
        for each in shares:
            size = size * (abs(each.total) + self.epsilon) ** (1.0 / len(shares))
            negative = negative | (each.total < 0)
        size = size - self.epsilon
        total = lib.where(negative, -size, size)
        return Shares(total, {self.label: total}), state


def geometric_mean(*rewards: Reward | float, epsilon: float = 1e-6) -> Reward:
    """The signed geometric mean (KRC) of rewards of one scale; see ``GeometricMean``."""
    return GeometricMean(tuple(as_reward(reward) for reward in rewards), epsilon)
