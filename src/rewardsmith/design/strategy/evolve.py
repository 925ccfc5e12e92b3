"""Evolve: mutation and crossover of the best programs, on one island or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import View
from ..propose.ask import Ask
from .chance import by_rank
from .protocol import Stateless


@dataclass(frozen=True)
class Evolve(Stateless):
    """Better ranks are chosen more often (linear ranking); only the order of candidates is seen.

    Args:
        parents: how many of the best are kept as parents, per island.
        survey: share of the first round's programs that pay for one signal alone, every signal in turn.
        fresh: share of new random programs in every round after the first.
        crossover: share of the offspring that has two parents.
        islands: populations that evolve apart.
    """

    kind: ClassVar[str] = "evolve"
    needs: ClassVar[tuple[str, ...]] = ("order",)
    parents: int = 8
    survey: float = 0.75
    fresh: float = 0.25
    crossover: float = 0.4
    islands: int = 1

    @property
    def smallest(self) -> int:
        return self.islands

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state
        return [self._ask(view, i % self.islands, rng) for i in range(count)]

    def _ask(self, view: View, island: int, rng: np.random.Generator) -> Ask:
        parents = view.on(island)[: self.parents]
        if not parents:
            return Ask("survey" if rng.random() < self.survey else "fresh", island=island)
        if rng.random() < self.fresh:
            return Ask("fresh", island=island)
        first = by_rank(parents, rng)
        if len(parents) > 1 and rng.random() < self.crossover:
            others = [each for each in parents if each is not first]
            return Ask("crossover", (first, by_rank(others, rng)), island)
        return Ask("improve", (first,), island)
