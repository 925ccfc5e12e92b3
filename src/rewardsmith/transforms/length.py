"""Length shaping with fixed limits: CosineLength and OverlongPenalty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, is_array, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.laws import Laws
from ..core.node import Node, number


@dataclass(frozen=True, repr=False)
class CosineLength(Transform):
    r"""A verdict becomes b + (a - b) (1 + cos(\pi t)) / 2, with t = min(length / limit, 1).

    That is a for short answers and b for long ones.  A verdict above 0.5 is a right answer, with (a, b) =
    (``correct_short``, ``correct_long``): paid for being short.  The others are wrong, with (``wrong_short``,
    ``wrong_long``): they lose less when they thought for long.

    Args:
        limit: length at which the value is b, > 0; in the unit of the field.
        length: the field with the length of every answer.

    Source: Yeo et al., "Demystifying Long Chain-of-Thought Reasoning in LLMs", arXiv:2502.03373.
    Differs from the paper: no extra penalty at the limit; follow it by ``OverlongPenalty``.

    Example:
        >>> import numpy as np
        >>> batch = {"length": np.array([0.0, 500.0, 0.0, 5000.0])}
        >>> CosineLength(limit=1000.0).apply(np.array([1.0, 1.0, 0.0, 0.0]), batch, ())[0].round(3).tolist()
        [1.0, 0.75, -1.0, -0.5]
    """

    limit: float = number(default=1024.0)
    correct_short: float = number(default=1.0)
    correct_long: float = number(default=0.5)
    wrong_short: float = number(default=-1.0)
    wrong_long: float = number(default=-0.5)
    length: str = "length"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.limit) and not self.limit > 0:
            raise BadInput("CosineLength limit", self.limit, "> 0")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.length})

    @property
    def laws(self) -> Laws:
        ends = self.correct_short, self.correct_long, self.wrong_short, self.wrong_long
        return Laws(bounds=(min(ends), max(ends)))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(limit=40.0), cls(40.0, 2.0, 1.0, 0.0, 0.0)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        lib = xp(reward)
        length = read_field(batch, self.length, "CosineLength")
        bend = 0.5 + 0.5 * lib.cos(math.pi * lib.clip(length / self.limit, 0.0, 1.0))
        right = self.correct_long + (self.correct_short - self.correct_long) * bend
        wrong = self.wrong_long + (self.wrong_short - self.wrong_long) * bend
        return lib.where(reward > 0.5, right, wrong) + 0.0 * reward, state


@dataclass(frozen=True, repr=False)
class OverlongPenalty(Transform):
    r"""r - w min(1, max(0, (length - limit + buffer) / buffer)).

    Nothing is charged up to limit - buffer, then a straight line, and w from the limit on.

    Source: Yu et al., "DAPO", arXiv:2503.14476, equation 13 (soft overlong punishment), with w = 1.

    Args:
        limit: the length that is cut off.
        buffer: how long before it the penalty starts, > 0.
        weight: w.
        length: the field with the length of every answer.

    Example:
        >>> import numpy as np
        >>> batch = {"length": np.array([80.0, 90.0, 100.0, 999.0])}
        >>> OverlongPenalty(limit=100.0, buffer=20.0).apply(np.ones(4), batch, ())[0].tolist()
        [1.0, 0.5, 0.0, 0.0]
    """

    limit: float = number(default=20480.0)
    buffer: float = number(default=4096.0)
    weight: float = number(default=1.0)
    length: str = "length"

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        if not is_array(self.buffer) and not self.buffer > 0:
            raise BadInput("OverlongPenalty buffer", self.buffer, "> 0")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.length})

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls(limit=2.0, buffer=4.0),)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        length = read_field(batch, self.length, "OverlongPenalty")
        over = (length - self.limit + self.buffer) / self.buffer
        return reward - self.weight * xp(reward).clip(over, 0.0, 1.0), state
