"""EllipticalBonus: novelty within an episode for features instead of cells (E3B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Reward, Scope, Shares
from ..core.arrays import Array, Batch, xp
from ..core.columns import columns, field_names
from ..core.errors import BadInput
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class EllipticalBonus(Reward):
    r"""b_t = \phi_t' C_t^{-1} \phi_t,  C_t = ridge I + \sum \phi_k \phi_k' over earlier steps k of the episode.

    Large in directions that the episode has not visited, and the count bonus 1 / (n + ridge) where \phi is
    one-hot. The inverse is updated step by step (Sherman and Morrison) and starts anew with every episode.

    Args:
        of: fields that make \phi: numbers, or columns such as the features of an encoder.
        ridge: regulariser; the first bonus of an episode is |\phi|^2 / ridge.

    State: the inverse of each row.  The field ``first`` marks starts; without it each row of a batch is one
    episode.

    Source: Henaff et al., "Exploration via Elliptical Episodic Bonuses", arXiv:2210.05805. Differs from the
    paper: \phi is what the batch holds; learning an encoder is not part of the reward.  The first step of an
    episode is paid.

    Example:
        >>> EllipticalBonus("x", ridge=1.0)({"x": np.array([1.0, 1.0, 1.0])}).round(3).tolist()
        [1.0, 0.5, 0.333]
    """

    of: tuple[str, ...] | str
    ridge: float = number(default=0.1)
    written: ClassVar[str] = "EllipticalBonus"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        object.__setattr__(self, "of", field_names(self.of, "EllipticalBonus"))
        if isinstance(self.ridge, float) and not self.ridge > 0:
            raise BadInput("EllipticalBonus ridge", self.ridge, "above 0")

    @classmethod
    def called(cls, *arguments: Any, **settings: Any) -> Self:
        """As the class itself: how texts are read."""
        return cls(*arguments, **settings)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(("position",)), cls(("position", "velocity"), 1.0)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.of)

    @property
    def scope(self) -> Scope:
        return Scope.EPISODE

    def init(self, batch: Batch) -> Any:
        return (self._fresh(columns(batch, self.of, "EllipticalBonus")),)

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        seen = columns(batch, self.of, "EllipticalBonus")
        shape, size = tuple(seen.shape[:-1]), seen.shape[-1]
        features = seen.reshape(-1, shape[-1], size)
        lib, fresh = xp(seen), self._fresh(seen)
        first = batch.get("first")
        starts = None if first is None else (first != 0).reshape(-1, shape[-1])
        inverse = fresh if starts is None else state[0]
        paid: list[Array] = []
        for t in range(shape[-1]):
            if starts is not None:
                inverse = lib.where(starts[:, t, None, None], fresh, inverse)
            phi = features[:, t, :]
            known = ~lib.any(lib.isnan(phi), axis=-1)
            pushed = lib.sum(
                inverse * lib.where(known[:, None], phi, 0.0 * known[:, None])[:, None, :], axis=-1
            )
            bonus = lib.sum(phi * pushed, axis=-1)
            safe = lib.where(known, bonus, lib.zeros_like(bonus))
            # both factors of the outer product are the same vector, so the inverse stays symmetric
            inverse = inverse - pushed[:, :, None] * pushed[:, None, :] / (1.0 + safe)[:, None, None]
            paid.append(bonus)
        total = lib.stack(paid, axis=-1).reshape(shape)
        return Shares(total, {self.label: total}), (inverse,)

    def _fresh(self, seen: Array) -> Array:
        """The inverse before the first step of an episode, for each row."""
        lib, size = xp(seen), seen.shape[-1]
        unit = lib.eye(size, dtype=seen.dtype)
        rows = int(np.prod(seen.shape[:-2]))
        return lib.stack([unit / self.ridge] * rows)
