"""Piecewise: straight pieces over intervals of the reward, and one number beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from ..core.algebra import Transform
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number

Piece = tuple[float, float, float, float]  # from, to, value at the start, value at the end


@dataclass(frozen=True, repr=False)
class Piecewise(Transform):
    """The first piece (from, to, a, b) with from <= r <= to, on the line from a to b; ``beyond`` where none is.

    Pieces may overlap and leave gaps, so the result may jump and need not rise: ``measure.profile`` says
    whether it does.

    Source: Miangoleh et al., "BLIP-FusePPO", arXiv:2510.22370 (bands of distance to the nearest obstacle).

    Example:
        >>> import numpy as np
        >>> bands = Piecewise(((3.0, 4.0, 5.0, 5.0), (4.0, 8.0, -5.0, 0.0)))
        >>> bands.apply(np.array([0.0, 3.5, 4.0, 6.0, 9.0]), {}, ())[0].tolist()
        [0.0, 5.0, 5.0, -2.5, 0.0]
    """

    pieces: tuple[Piece, ...]
    beyond: float = number(default=0.0)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        pieces = tuple(tuple(float(each) for each in piece) for piece in self.pieces)
        for piece in pieces:
            if len(piece) != 4 or not piece[0] < piece[1] or not all(math.isfinite(each) for each in piece):
                raise BadInput("Piecewise piece", piece, "four finite numbers (from, to, a, b) with from < to")
        if not pieces:
            raise BadInput("Piecewise pieces", "none", "at least one (from, to, a, b)")
        object.__setattr__(self, "pieces", pieces)

    @property
    def laws(self) -> Laws:
        ends = [value for piece in self.pieces for value in piece[2:]]
        if not isinstance(self.beyond, float):
            return Laws()
        return Laws(bounds=(min(*ends, self.beyond), max(*ends, self.beyond)))

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        bands = ((3.0, 4.0, 5.0, 5.0), (4.0, 8.0, -5.0, 0.0))
        return cls(bands), cls(((-1.0, 1.0, 0.0, 1.0),), 0.5)

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        del batch
        lib = xp(reward)
        value = self.beyond + 0.0 * reward  # NaN stays NaN
        for low, high, start, end in reversed(self.pieces):
            line = start + (end - start) * (reward - low) / (high - low)
            value = lib.where((reward >= low) & (reward <= high), line, value)
        return value, state
