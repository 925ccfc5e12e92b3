"""DynamicPotential: potential-based shaping whose potential changes with time."""

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
def _state(position: Array) -> Array:
    """The potential of the example: the position itself."""
    return position


@dataclass(frozen=True, repr=False)
class DynamicPotential(Transform):
    r"""r' = r + \gamma w(t') \Phi(s') (1 - terminated) - w(t) \Phi(s), with w from ``start`` to ``end``.

    w(t) = start + (end - start) min(max(t / duration, 0), 1): shaping that fades in or out.  Each side has
    the weight of its own moment, so over an episode the extra is -w(t_0) \Phi(s_0), whatever the actions, and
    optimal policies do not change.  Fading ``Potential`` out with one weight for both sides breaks that.

    Args:
        potential: \Phi, a reward over state fields.
        discount: \gamma of the learner.
        start, end: the weight at time 0 and from ``duration`` on.
        duration: how long the change takes, in the unit of the clock.
        clock: the field that tells the time t, for example steps trained so far; its twin ``next_<clock>``
            tells t'.

    Source: Devlin and Kudenko, "Dynamic potential-based reward shaping", AAMAS 2012.
    Differs from the paper: the next potential is 0 at a true termination.

    Example:
        >>> import numpy as np
        >>> batch = {"position": np.ones(1), "next_position": np.ones(1), "terminated": np.zeros(1, bool)}
        >>> batch |= {"time": np.array([0.0]), "next_time": np.array([1.0])}
        >>> DynamicPotential(_state, discount=1.0, duration=10.0).apply(np.zeros(1), batch, ())[0].round(3)
        array([-0.1])
    """

    potential: Reward
    discount: float = number(default=0.99)
    start: float = number(default=1.0)
    end: float = number(default=0.0)
    duration: float = number(default=1.0)
    clock: str = "time"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.discount, float) and not 0.0 <= self.discount <= 1.0:
            raise BadInput("DynamicPotential discount", self.discount, "0 to 1")
        if isinstance(self.duration, float) and not self.duration > 0:
            raise BadInput("DynamicPotential duration", self.duration, "above 0")
        wrong = sorted(f for f in self.potential.fields if f == "action" or f.startswith(NEXT))
        if wrong:
            raise CompositionError(
                f"DynamicPotential({self.potential}) needs a function of the state; it reads {', '.join(wrong)}"
            )

    @property
    def fields(self) -> frozenset[str]:
        clocks = {self.clock, NEXT + self.clock, "terminated"}
        return self.potential.fields | AtNext(self.potential).fields | clocks

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(_state, discount=0.9), cls(_state, 0.9, 0.0, 2.0, 0.5)

    def weight(self, time: Array) -> Array:
        """w(t)."""
        lib = xp(time)
        return self.start + (self.end - self.start) * lib.clip(time / self.duration, 0.0, 1.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        now = self.weight(read_field(batch, self.clock, "DynamicPotential")) * self.potential(batch)
        time = read_field(batch, NEXT + self.clock, "DynamicPotential")
        later = self.weight(time) * AtNext(self.potential)(batch)
        later = xp(later).where(read_field(batch, "terminated", "DynamicPotential"), 0.0, later)
        return reward + self.discount * later - now, state
