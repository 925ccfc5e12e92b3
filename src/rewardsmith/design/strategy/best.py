"""Best: the next round answers the best of the last one (Eureka and its descendants)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import Parent, View
from ..propose.ask import Ask
from .chance import by_score
from .protocol import Stateless


@dataclass(frozen=True)
class Best(Stateless):
    """A first round from nothing, then improvements of one parent.

    Args:
        elitist: the parent is the best so far; otherwise the best of the last round, even if it is worse
            (Eureka as published).
        worst: the worst of the round is shown beside the best (ICPL).
        crossover: share of a round that mixes the parts of two earlier candidates instead (R*).
        temperature: of the softmax of success by which these two are drawn.

    Source: Ma et al., "Eureka", arXiv:2310.12931; Yu et al., "ICPL", arXiv:2410.17233; Li et al., "R*",
    ICML 2025.
    """

    kind: ClassVar[str] = "best"
    needs: ClassVar[tuple[str, ...]] = ("order",)
    elitist: bool = False
    worst: bool = False
    crossover: float = 0.0
    temperature: float = 1.0

    @property
    def smallest(self) -> int:
        return 2 if self.worst else 1

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state
        pool = list(view.ranked if self.elitist or not view.latest else view.latest)
        if not pool:
            return [Ask("fresh")] * count
        shown = (pool[0], pool[-1]) if self.worst and len(pool) > 1 else (pool[0],)
        mixed = round(self.crossover * count) if len(view.ranked) > 1 else 0
        asks = [Ask("improve", shown)] * (count - mixed)
        return asks + [Ask("crossover", _two(view.ranked, self.temperature, rng)) for _ in range(mixed)]


def _two(ranked: tuple[Parent, ...], temperature: float, rng: np.random.Generator) -> tuple[Parent, Parent]:
    first = by_score(ranked, temperature, rng)
    others = [parent for parent in ranked if parent is not first]
    return first, by_score(others, temperature, rng)
