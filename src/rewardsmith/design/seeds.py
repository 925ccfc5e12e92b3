"""Seeds: search, confirmation, selection and the final report never share one."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import BadInput

_BLOCK = 10_000
STAGES = ("search", "confirm", "selection", "final")


@dataclass(frozen=True)
class Seeds:
    """Disjoint sets of training seeds, derived from one number.

    Args:
        base: the seed of the run, 0 or more.
        search, confirm, selection, final: how many seeds each stage uses.
    """

    base: int
    search: int = 2
    confirm: int = 3
    selection: int = 6
    final: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.base < 2**31 // _BLOCK:
            raise BadInput("seed", self.base, f"a whole number from 0 to {2**31 // _BLOCK - 1}")
        for name in STAGES:
            if not 1 <= getattr(self, name) <= 1000:
                raise BadInput(f"{name} seeds", getattr(self, name), "1 to 1000")

    def of(self, stage: str) -> list[int]:
        """The seeds of a stage."""
        start = _BLOCK * self.base + 1000 * STAGES.index(stage)
        return list(range(start, start + getattr(self, stage)))
