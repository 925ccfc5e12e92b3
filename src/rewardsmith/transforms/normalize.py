"""Normalize: running standardisation with explicit state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Normalize(Transform):
    r"""(r - m) / \sqrt{v + \epsilon}, with mean m and variance v over everything seen so far.

    The statistics are merged batch by batch (Chan, Golub, LeVeque 1979: exact for any split into
    batches); steps without a verdict are left out.  The state is (count, mean, sum of squared
    deviations); it goes in and comes out, so evaluating twice with one state gives one answer.

    Args:
        center: subtract the mean.  Off keeps the sign of the reward, which matters when episodes can end early.
        epsilon: keeps a constant reward finite.
    """

    center: bool = True
    epsilon: float = number(default=1e-8)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if isinstance(self.epsilon, float) and not self.epsilon > 0:
            raise BadInput("Normalize epsilon", self.epsilon, "> 0", "with 0 a constant reward becomes NaN")

    @property
    def laws(self) -> Laws:
        # Subtracting a mean makes short or long episodes better; dividing by a number does not.
        return Laws(policy_invariant=not self.center, order_preserving=True)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(center=False)

    def init(self, batch: Batch) -> Any:
        del batch
        return (0.0, 0.0, 0.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib = xp(reward)
        state = _merge(lib, reward, state)
        count, mean, squares = state
        variance = squares / lib.where(count > 0, count, 1.0)
        scale = lib.sqrt(variance + self.epsilon)
        return ((reward - mean) / scale if self.center else reward / scale), state


def _merge(lib: Any, reward: Array, state: Any) -> Any:
    known = ~lib.isnan(reward)
    values = lib.where(known, reward, 0.0)
    count_b = lib.sum(lib.astype(known, values.dtype))
    safe_b = lib.where(count_b > 0, count_b, 1.0)
    mean_b = lib.sum(values) / safe_b
    squares_b = lib.sum(lib.where(known, values - mean_b, 0.0) ** 2)
    count_a, mean_a, squares_a = state
    count = count_a + count_b
    safe = lib.where(count > 0, count, 1.0)
    shift = mean_b - mean_a
    mean = mean_a + shift * count_b / safe
    return count, mean, squares_a + squares_b + shift**2 * count_a * count_b / safe
