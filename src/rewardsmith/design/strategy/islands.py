"""Islands: populations with admission and migration (REvolve)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..candidate import Parent, View
from ..propose.ask import Ask
from .chance import by_score, softmax

Members = tuple[tuple[str, ...], ...]  # ids of the candidates on each island


@dataclass(frozen=True)
class Islands:
    """Each offspring: a coin decides mutation or crossover, an island is drawn by a softmax of its mean
    success, parents on it by a softmax of their own; it is admitted where it is at least as good as the
    island's mean.

    Args:
        islands: populations.
        crossover: share of the offspring with two parents.
        capacity: members of an island; the worst leaves.
        temperature: of both softmaxes, in units of success.
        migrate: every so many rounds the best of the best island joins the worst; 0 never.

    Source: Hazra et al., "REvolve", ICLR 2025, arXiv:2406.01309.
    Differs from the paper: migration comes at a fixed rhythm instead of a coin flip; the largest value is
    subtracted in the softmax, so that no success overflows it; the best of an island is kept as its best, not
    overwritten by the last that was admitted.
    """

    kind: ClassVar[str] = "islands"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    islands: int = 4
    crossover: float = 0.5
    capacity: int = 8
    temperature: float = 0.2
    migrate: int = 3

    @property
    def smallest(self) -> int:
        return 1

    def start(self) -> Members:
        return ((),) * self.islands

    def asks(self, state: Members, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        known = {parent.candidate.id: parent for parent in view.ranked}
        return [self._ask(state, known, i, rng) for i in range(count)]

    def learn(self, state: Members, view: View) -> Members:
        known = {parent.candidate.id: parent for parent in view.ranked}
        islands = [list(island) for island in state]
        for parent in view.latest:
            island = islands[parent.candidate.island]
            if not island or (parent.score or 0.0) >= _mean(island, known):
                island.append(parent.candidate.id)
        if self.migrate and view.round and view.round % self.migrate == 0 and all(islands):
            order = sorted(range(self.islands), key=lambda i: -_mean(islands[i], known))
            best = max(islands[order[0]], key=lambda name: known[name].score or 0.0)
            islands[order[-1]].append(best)
        return tuple(self._kept(island, known) for island in islands)

    def _kept(self, island: Sequence[str], known: Mapping[str, Parent]) -> tuple[str, ...]:
        names = list(dict.fromkeys(island))
        return tuple(sorted(names, key=lambda name: -(known[name].score or 0.0))[: self.capacity])

    def _ask(self, state: Members, known: Mapping[str, Parent], number: int, rng: np.random.Generator) -> Ask:
        inhabited = [i for i, island in enumerate(state) if island]
        empty = [i for i, island in enumerate(state) if not island]
        # in the first round, and on islands on which nothing could be trained
        if empty and (not inhabited or number % 2 == 0):
            turn = number // 2 if inhabited else number
            return Ask("fresh", island=empty[turn % len(empty)])
        means = [_mean(state[i], known) for i in inhabited]
        island = inhabited[int(rng.choice(len(inhabited), p=softmax(means, self.temperature)))]
        members = [known[name] for name in state[island]]
        first = by_score(members, self.temperature, rng)
        if len(members) > 1 and rng.random() < self.crossover:
            others = [parent for parent in members if parent is not first]
            return Ask("crossover", (first, by_score(others, self.temperature, rng)), island)
        return Ask("improve", (first,), island)


def _mean(island: Sequence[str], known: Mapping[str, Parent]) -> float:
    return float(np.mean([known[name].score or 0.0 for name in island]))
