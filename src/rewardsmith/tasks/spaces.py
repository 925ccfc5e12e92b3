"""What an agent may do: one of n choices, or a box of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from ..core.errors import BadInput


@dataclass(frozen=True)
class Discrete:
    """One of ``n`` choices, numbered 0 to n - 1; action arrays have shape ``(...)``."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 2:
            raise BadInput("Discrete", f"n = {self.n}", "n >= 2", "with one choice there is nothing to learn")

    @property
    def width(self) -> int:
        """Trailing columns of an action array: none."""
        return 0

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value of an action."""
        return 0.0, float(self.n - 1)


@dataclass(frozen=True)
class Box:
    """Numbers between ``low`` and ``high``; action arrays have shape ``(..., len(low))``."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", tuple(float(value) for value in self.low))
        object.__setattr__(self, "high", tuple(float(value) for value in self.high))
        if len(self.low) != len(self.high) or not self.low:
            raise BadInput(
                "Box",
                f"{len(self.low)} lows and {len(self.high)} highs",
                "as many lows as highs, at least one",
            )
        pairs = list(zip(self.low, self.high, strict=True))
        if not all(math.isfinite(low) and math.isfinite(high) and low < high for low, high in pairs):
            raise BadInput("Box", f"low {self.low}, high {self.high}", "finite low < high in every dimension")

    @property
    def width(self) -> int:
        """Trailing columns of an action array."""
        return len(self.low)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value over all dimensions."""
        return min(self.low), max(self.high)


Actions: TypeAlias = Discrete | Box
