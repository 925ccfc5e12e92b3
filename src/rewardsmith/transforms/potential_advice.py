"""PotentialAdvice: potential-based advice on actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Reward, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput, CompositionError
from ..core.fields import NEXT, read_field
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.nodes import AtNext
from ..core.term import term


@term
def _advice(position: Array, action: Array) -> Array:
    """The advice of the example: go away from the origin."""
    return position * action


@dataclass(frozen=True, repr=False)
class PotentialAdvice(Transform):
    r"""r' = r + \gamma \Phi(s', a') (1 - terminated) - \Phi(s, a): look-ahead advice, a' the next action taken.

    The values that a learner sees become Q(s, a) - \Phi(s, a), for every policy.  So the learner must choose
    its actions by Q + \Phi (``argmax_a Q(s, a) + Phi(s, a)``); one that takes the greedy action of the shaped
    values alone does the opposite of the advice.

    Args:
        advice: \Phi, a reward over state fields and the action; evaluated at the twins too, ``next_action``
            among them.
        discount: \gamma of the learner.

    Source: Wiewiora, Cottrell, Elkan, "Principled methods for advising reinforcement learning agents",
    ICML 2003.

    Example:
        >>> import numpy as np
        >>> batch = {"position": np.ones(1), "action": np.array([2.0]), "terminated": np.array([True])}
        >>> batch |= {"next_position": np.ones(1), "next_action": np.zeros(1)}
        >>> PotentialAdvice(_advice).apply(np.zeros(1), batch, ())[0].tolist()
        [-2.0]
    """

    advice: Reward
    discount: float = number(default=0.99)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.discount, float) and not 0.0 <= self.discount <= 1.0:
            raise BadInput("PotentialAdvice discount", self.discount, "0 to 1")
        if wrong := sorted(name for name in self.advice.fields if name.startswith(NEXT)):
            raise CompositionError(
                f"PotentialAdvice({self.advice}) needs a term over s and a; it reads {', '.join(wrong)}"
            )

    @property
    def fields(self) -> frozenset[str]:
        return self.advice.fields | AtNext(self.advice).fields | {"terminated"}

    @property
    def laws(self) -> Laws:
        # It reads the next action, so it is no function of one transition.
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls(_advice, discount=0.9),)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        now, later = self.advice(batch), AtNext(self.advice)(batch)
        later = xp(later).where(read_field(batch, "terminated", "PotentialAdvice"), 0.0, later)
        return reward + self.discount * later - now, state
