"""Schedule: a weight that changes while training goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class Schedule(Transform):
    r"""w(x) r, where w goes from ``start`` to ``end`` while the progress of training x goes from ``begin`` to
    ``finish``, and stands still before and after.

    With u = (x - begin) / (finish - begin) limited to [0, 1]: ``linear``, start + (end - start) u; ``cosine``,
    start + (end - start) (1 - cos \pi u) / 2; ``step``, ``end`` from x >= begin on.  A constant weight is
    ``2.0 * reward``.

    Args:
        start, end: weights.
        shape: ``linear``, ``cosine`` or ``step`` (which does not use ``finish``).
        begin, finish: in the unit of the progress.
        progress: the field with x, one number for each reward: the share of training that is over.

    Example:
        >>> import numpy as np
        >>> batch = {"progress": np.array([0.0, 0.25, 0.5, 1.0])}
        >>> Schedule(1.0, 0.0, finish=0.5).apply(np.ones(4), batch, ())[0].tolist()
        [1.0, 0.5, 0.0, 0.0]
        >>> Schedule(0.0, 2.0, "step", begin=0.5).apply(np.ones(4), batch, ())[0].tolist()
        [0.0, 0.0, 2.0, 2.0]
    """

    start: float = number(default=1.0)
    end: float = number(default=0.0)
    shape: Literal["linear", "cosine", "step"] = "linear"
    begin: float = number(default=0.0)
    finish: float = number(default=1.0)
    progress: str = "progress"
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if self.shape not in ("linear", "cosine", "step"):
            raise BadInput("Schedule shape", repr(self.shape), "linear, cosine or step")
        limits = self.begin, self.finish
        if self.shape != "step" and all(isinstance(x, float) for x in limits) and not limits[0] < limits[1]:
            raise BadInput("Schedule", f"begin {limits[0]}, finish {limits[1]}", "begin < finish")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.progress})

    @property
    def laws(self) -> Laws:
        return Laws()

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(0.0, 1.0, "cosine", 0.2, 0.8), cls(0.5, 2.0, "step", 0.3)

    def weight(self, progress: Array) -> Array:
        """w(x)."""
        lib = xp(progress)
        if self.shape == "step":
            return lib.where(progress >= self.begin, self.end, self.start) + 0.0 * progress
        share = (progress - self.begin) / (self.finish - self.begin)
        share = lib.where(share < 0, 0.0, lib.where(share > 1, 1.0, share))
        if self.shape == "cosine":
            share = 0.5 * (1.0 - lib.cos(math.pi * share))
        return self.start + (self.end - self.start) * share

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        return self.weight(read_field(batch, self.progress, "Schedule")) * reward, state
