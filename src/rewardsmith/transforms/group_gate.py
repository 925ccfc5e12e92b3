"""GroupGate: a transform for the groups that are solved well enough, and no change for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from ..core.algebra import Scope, Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.groups import Groups
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.nodes import Scale


@dataclass(frozen=True, repr=False)
class GroupGate(Transform):
    r"""T(r) in the groups with the highest accuracy, r in all others.

    The accuracy of a group is the mean of ``correct`` over its members with a verdict; a group without any is
    never chosen.  ``rule="top"`` takes ceil(share * Q) of the Q groups, so at least one; groups of equal
    accuracy at the cut are drawn at random, anew for each batch.  ``rule="threshold"`` takes those of at
    least ``threshold``.

    Args:
        then: T, evaluated on the whole batch and kept where its group is chosen.
        share: lambda, 0 to 1.
        threshold: of the accuracy.
        seed: of the draw between equal groups.

    State: the number of batches seen, and the state of ``then``.

    Source: Dai et al., "Stable Reinforcement Learning for Efficient Reasoning" (GRPO-lambda), arXiv:2505.18086.
    Differs from the paper: it does not say what happens at ties; sorting would always favour the same prompts.

    Example:
        >>> batch = {"group": [0, 0, 1, 1], "correct": np.array([1.0, 1.0, 0.0, 1.0])}
        >>> GroupGate(Scale(0.5), share=0.5).apply(batch["correct"], batch, (0, ()))[0].tolist()
        [0.5, 0.5, 0.0, 1.0]
    """

    then: Transform
    share: float = number(default=0.2)
    rule: Literal["top", "threshold"] = "top"
    threshold: float = number(default=0.75)
    correct: str = "correct"
    seed: int = 0
    own_scope: ClassVar[Scope] = Scope.GROUP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.rule not in ("top", "threshold"):
            raise BadInput("GroupGate rule", repr(self.rule), "top or threshold")
        if isinstance(self.share, float) and not 0.0 <= self.share <= 1.0:
            raise BadInput("GroupGate share", self.share, "0 to 1")

    @property
    def fields(self) -> frozenset[str]:
        return self.then.fields | {"group", self.correct}

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(Scale(0.5)), cls(Scale(0.5), rule="threshold")

    def init(self, batch: Batch) -> Any:
        return (0, self.then.init(batch))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib, groups = xp(reward), Groups.from_batch(batch, "GroupGate")
        correct = read_field(batch, self.correct, "GroupGate")
        after, inner = self.then.apply(reward, batch, state[1])
        chosen = groups.spread(self.chosen(groups, correct, state[0]))
        return lib.where(chosen, after, reward), (state[0] + 1, inner)

    def chosen(self, groups: Groups, correct: Array, seen: int = 0) -> Array:
        """Which groups are transformed: ``(count,)`` truth values."""
        lib, known = xp(correct), ~xp(correct).isnan(correct)
        size = groups.sums(lib.where(known, lib.ones_like(correct), 0.0))
        right = groups.sums(lib.where(known, correct, 0.0))
        accuracy = lib.where(size > 0, right / lib.where(size > 0, size, 1.0), -1.0)  # no verdict: last
        if self.rule == "threshold":
            return (size > 0) & (accuracy >= self.threshold)
        shuffled = np.random.default_rng((self.seed, seen)).permutation(groups.count)
        order = lib.asarray(shuffled)[lib.argsort(-accuracy[lib.asarray(shuffled)], stable=True)]
        rank = lib.argsort(order, stable=True)
        allowed = lib.sum(lib.where(size > 0, lib.ones_like(accuracy), 0.0)) * self.share
        # rounding must not add a group: 0.2 * 15 is 3.0000000000000004
        return (size > 0) & (rank < lib.clip(lib.ceil(allowed - 1e-6), 1.0, None))
