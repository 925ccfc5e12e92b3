"""Archive: one elite per kind of program (MAP-Elites, as in LIMEN)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import Parent, View
from ..propose.ask import Ask
from .chance import by_score
from .protocol import Stateless

TEMPERATURE = 0.2  # of the softmax of success on one island


@dataclass(frozen=True)
class Archive(Stateless):
    """A grid over the size of a program and the number of fields that its agents see (or that it reads); a
    candidate competes only with the elite of its own cell.

    Args:
        bins: cells per axis; their edges are quantiles of what was seen so far.
        islands: populations; offspring join their parent's.
        elite, uniform: share of the parents that is drawn uniformly among all elites, and uniformly on one
            island; the rest by a softmax of success on one island.
        seeds: programs that are asked for from nothing before any parent is used.

    Source: Jaswal et al., "Discovering RL interfaces with large language models" (LIMEN), arXiv:2605.03408;
    Mouret and Clune, "Illuminating search spaces by mapping elites", arXiv:1504.04909.
    """

    kind: ClassVar[str] = "archive"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    bins: int = 5
    islands: int = 3
    elite: float = 0.7
    uniform: float = 0.2
    seeds: int = 4

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state
        asks: list[Ask] = []
        for i in range(count):
            if len(view.ranked) + i < self.seeds or not view.ranked:
                asks.append(Ask("fresh", island=i % self.islands))
                continue
            parent = self._parent(view, rng)
            others = [each for each in elites(view.ranked, self.bins) if each is not parent]
            asks.append(Ask("improve", (parent, *others[:2]), parent.candidate.island))
        return asks

    def _parent(self, view: View, rng: np.random.Generator) -> Parent:
        draw = rng.random()
        if draw < self.elite:
            best = elites(view.ranked, self.bins)
            return best[int(rng.integers(len(best)))]
        inhabited = [i for i in range(self.islands) if view.on(i)]
        island = view.on(inhabited[int(rng.integers(len(inhabited)))])
        if draw < self.elite + self.uniform:
            return island[int(rng.integers(len(island)))]
        return by_score(island, TEMPERATURE, rng)


def elites(ranked: tuple[Parent, ...], bins: int) -> list[Parent]:
    """The best of each inhabited cell, best first."""
    described = np.array([_descriptor(parent) for parent in ranked], float)
    edges = np.quantile(described, np.linspace(0.0, 1.0, bins + 1)[1:-1], axis=0)
    cells = [tuple(np.sum(row > edges, axis=0).tolist()) for row in described]
    found: dict[Any, Parent] = {}
    for cell, parent in zip(cells, ranked, strict=True):
        found.setdefault(cell, parent)
    return list(found.values())


def _descriptor(parent: Parent) -> tuple[int, int]:
    candidate = parent.candidate
    seen = candidate.observation
    return candidate.program.size, len(candidate.program.fields if seen is None else seen)
