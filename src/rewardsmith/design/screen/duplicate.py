"""Duplicate: the same reward as an earlier candidate, up to a positive factor and a constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...core.algebra import Reward
from .protocol import Evidence
from .refusal import Refusal


def normal(values: Any) -> Any:
    """Values with mean 0 and deviation 1; zeros where they are all equal."""
    spread = float(values.std())
    centred = values - values.mean()
    return centred / spread if spread > 0 else centred


@dataclass(frozen=True)
class Duplicate:
    """Refuses what equals an accepted program at every recorded step, after both are normalised.

    Args:
        within: largest difference, in standard deviations.
    """

    kind: ClassVar[str] = "duplicate"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()
    within: float = 1e-6

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del program
        mine = normal(values)
        for _, other in evidence.accepted:
            if float(np.abs(mine - other).max()) < self.within:
                return Refusal("S_DUPLICATE", "equal values at every recorded step")
        return None
