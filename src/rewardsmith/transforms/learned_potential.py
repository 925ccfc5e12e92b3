"""LearnedPotential: potential-based shaping with the values that the reward itself teaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, is_traced, xp
from ..core.columns import columns, field_names
from ..core.errors import BadInput
from ..core.fields import NEXT, read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class LearnedPotential(Transform):
    r"""r' = r + w (\gamma V(s') (1 - terminated) - V(s)), with V fitted by TD(0) to the reward that comes in.

    V is linear in named state fields (and a constant), or with ``size`` a number for each value of one field
    that holds whole numbers.  After each batch V moves by ``learning_rate`` times the mean of
    (r + \gamma V(s') - V(s)) \nabla V(s) over the steps with a verdict (in a table: over visits of a state).

    The batch is shaped with the V from before it, and what an episode that goes on was promised for its last
    state is what it is charged for it in the next batch.  So over an episode the extra is -w V_0(s_0)
    whatever the actions, V_0 being the V at its start, also while V changes.

    Args:
        of: state fields (not ``next_...``).
        discount: \gamma of the learner.
        learning_rate: step size of TD.
        weight: w, how much of V is used.
        size: 0 for linear, or how many values the field has.

    State: the weights of V, and the last V(s') of each row, so that episodes may arrive in pieces (the field
    ``first`` marks starts).

    Source: Grzes and Kudenko, "Online learning of shaping rewards in reinforcement learning", Neural Networks
    23 (2010); invariance while the potential changes: Devlin and Kudenko, AAMAS 2012.

    Example:
        >>> import numpy as np
        >>> fit = LearnedPotential("cell", size=2, learning_rate=1.0)
        >>> batch = {"cell": np.array([0]), "next_cell": np.array([1]), "terminated": np.array([False])}
        >>> fit.apply(np.array([5.0]), batch, fit.init(batch))[1][0].tolist()
        [5.0, 0.0]
    """

    of: tuple[str, ...] | str
    discount: float = number(default=0.99)
    learning_rate: float = number(default=0.1)
    weight: float = number(default=1.0)
    size: int = 0
    own_scope: ClassVar[Scope] = Scope.EPISODE

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        object.__setattr__(self, "of", field_names(self.of, "LearnedPotential"))
        if isinstance(self.discount, float) and not 0.0 <= self.discount <= 1.0:
            raise BadInput("LearnedPotential discount", self.discount, "0 to 1")
        if wrong := [name for name in self.of if name.startswith(NEXT) or name == "action"]:
            raise BadInput("LearnedPotential", ", ".join(wrong), "state fields", "their twins are read as well")
        if self.size < 0 or (self.size and len(self.of) != 1):
            received = f"size={self.size} of {len(self.of)} fields"
            raise BadInput("LearnedPotential", received, "size=0, or a size for one field of whole numbers")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({*self.of, *(NEXT + name for name in self.of), "terminated"})

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(("position", "velocity"), 0.9), cls(("cell",), 0.9, 0.5, size=5)

    def init(self, batch: Batch) -> Any:
        seen = columns(batch, self.of, "LearnedPotential")
        size = self.size or seen.shape[-1] + 1
        zeros = seen.reshape(-1)[:1] * 0.0
        return (xp(seen).concat([zeros] * size), ())

    def values(self, batch: Batch, weights: Array) -> Array:
        """V(s) of every step, for the weights of a state."""
        return self._read(batch, weights, "")[0]

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, (weights, last) = xp(reward), state
        now, seen = self._read(batch, weights, "")
        following = self._read(batch, weights, NEXT)[0]
        terminated = read_field(batch, "terminated", "LearnedPotential")
        later = lib.where(terminated, 0.0, following)
        charged, first = now, batch.get("first")
        if not isinstance(last, tuple) and first is not None:
            opening = lib.where(first[..., :1] != 0, now[..., :1], last)
            charged = lib.concat([opening, now[..., 1:]], axis=-1)
        error = reward + self.discount * later - now
        known = ~lib.isnan(error)
        step = self._mean_step(lib.where(known, error, lib.zeros_like(error)), known, seen)
        shaped = reward + self.weight * (self.discount * later - charged)
        return shaped, (weights + self.learning_rate * step, following[..., -1:])

    def _read(self, batch: Batch, weights: Array, prefix: str) -> tuple[Array, Array]:
        """V, and what it was computed from: cells, or columns with a constant."""
        names = [prefix + name for name in self.of]
        seen = columns(batch, names, "LearnedPotential")
        lib = xp(seen)
        if not self.size:
            seen = lib.concat([seen, lib.ones_like(seen[..., :1])], axis=-1)
            return lib.sum(seen * weights, axis=-1), seen
        cells = lib.astype(seen[..., 0], lib.int64 if lib.__name__ == "numpy" else lib.int32)
        if not is_traced(seen) and bool(lib.any((cells < 0) | (cells >= self.size) | (cells != seen[..., 0]))):
            raise BadInput(
                f"field {names[0]} of LearnedPotential", "other values", f"whole numbers 0..{self.size - 1}"
            )
        return weights[cells], cells

    def _mean_step(self, error: Array, known: Array, seen: Array) -> Array:
        lib = xp(error)
        ones = lib.where(known, lib.ones_like(error), lib.zeros_like(error))
        if self.size:
            groups = Groups(seen, self.size)
            count = groups.sums(ones)
            return groups.sums(error) / lib.where(count > 0, count, lib.ones_like(count))
        count = lib.sum(ones)
        flat = error.reshape(-1, 1) * lib.where(known[..., None], seen, 0.0 * ones[..., None]).reshape(
            -1, seen.shape[-1]
        )
        return lib.sum(flat, axis=0) / lib.where(count > 0, count, 1.0 + 0.0 * count)
