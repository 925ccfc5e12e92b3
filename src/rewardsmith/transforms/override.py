"""Override: where something happened, one number instead of the reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.fields import read_field
from ..core.node import number


@dataclass(frozen=True, repr=False)
class Override(Transform):
    """``value`` where the field ``by`` is true (above 1/2), the reward elsewhere.

    Put it last: what is clipped afterwards is no longer ``value``.  No verdict stays no verdict, also where the
    field has none.

    Args:
        value: paid instead, such as the price of a crash.
        by: the field, such as ``failed`` or ``terminated``.

    Example:
        >>> import numpy as np
        >>> batch = {"failed": np.array([False, True])}
        >>> Override(-3.0, by="failed").apply(np.array([0.5, 0.5]), batch, ())[0].tolist()
        [0.5, -3.0]
    """

    value: float = number()
    by: str = "terminated"

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.by})

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(-3.0), cls(1.0, by="success")

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        flag = 1.0 * read_field(batch, self.by, "Override")
        value = lib.where(flag > 0.5, self.value + 0.0 * reward, reward)
        return lib.where(flag == flag, value, lib.nan), state
