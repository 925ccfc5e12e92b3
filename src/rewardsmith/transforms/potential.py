"""Potential: potential-based shaping, extra reward that leaves the optimal policies unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Reward, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput, CompositionError
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.nodes import AtNext
from ..core.term import term


@term
def _state(position: Array) -> Array:
    """The potential of the example: the position itself."""
    return position


@dataclass(frozen=True, repr=False)
class Potential(Transform):
    r"""r' = r + \gamma \Phi(s') (1 - terminated) - \Phi(s).

    Over an episode that terminates, the discounted extra is exactly -\Phi(s_0), whatever the actions, so
    optimal policies do not change; at a truncation the next potential is kept, because the episode
    would have gone on.

    Args:
        potential: \Phi, a reward over state fields; evaluated at the state and at its twins.
        discount: \gamma of the learner.  Another value breaks the invariance.

    Source: Ng, Harada, Russell, "Policy invariance under reward transformations", ICML 1999.
    Differs from the paper: the next potential is 0 at a true termination (Grzes, AAMAS 2017).
    """

    potential: Reward
    discount: float = number(default=0.99)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.discount, float) and not 0.0 <= self.discount <= 1.0:
            raise BadInput("Potential discount", self.discount, "0 to 1")
        wrong = sorted(f for f in self.potential.fields if f == "action" or f.startswith("next_"))
        if wrong:
            raise CompositionError(
                f"Potential({self.potential}) needs a function of the state alone; it reads {', '.join(wrong)}"
            )

    @property
    def fields(self) -> frozenset[str]:
        return self.potential.fields | AtNext(self.potential).fields | {"terminated"}

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls(_state, discount=0.9),)

    def init(self, batch: Batch) -> Any:
        del batch
        return ()

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        now = self.potential(batch)
        later = AtNext(self.potential)(batch)
        terminated = read_field(batch, "terminated", "Potential")
        later = xp(later).where(terminated, 0.0, later)
        return reward + self.discount * later - now, state
