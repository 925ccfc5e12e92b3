"""Constant: the same reward at every step teaches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...core.algebra import Reward
from .protocol import Evidence
from .refusal import Refusal


@dataclass(frozen=True)
class Constant:
    """Refuses what pays the same at every recorded step.

    Args:
        below: spread (standard deviation over the largest size) at or below which it is the same.
    """

    kind: ClassVar[str] = "constant"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()
    below: float = 1e-9

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        del program, evidence
        if float(values.std()) > self.below * max(1.0, float(abs(values).max())):
            return None
        return Refusal("S_CONSTANT", f"{values[0]:.4g} at every step")
