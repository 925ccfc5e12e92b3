"""Tree: Monte Carlo tree search over rewards (RF-Agent)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..candidate import Parent, View
from ..propose.ask import Ask
from .protocol import Stateless

ACTIONS = ("structure", "structure", "numbers", "numbers", "crossover", "crossover", "path", "different")


def uct(value: float, visits: int, parent_visits: int, exploration: float) -> float:
    """Q + c sqrt(ln N / n): upper confidence bound for trees; infinite where nothing was visited.

    Source: Kocsis and Szepesvari, "Bandit based Monte-Carlo Planning", ECML 2006.

    Example:
        >>> uct(0.5, 1, 1, 0.4)
        0.5
    """
    if visits == 0:
        return math.inf
    return value + exploration * math.sqrt(math.log(max(parent_visits, 1)) / visits)


@dataclass(frozen=True)
class Tree(Stateless):
    """A first layer from nothing; then each expansion descends to a leaf and asks for eight children: two with
    other terms, two with other numbers, two crossed with the elite, one that follows the path from the root,
    one that thinks differently.  A round of fewer asks goes on with the kinds where the round before stopped.

    A node's value is ``(1 - best_child) own + best_child max(own, children)``, mixed early with the children's
    mean.

    Args:
        exploration: of the UCT rule; falls linearly to 0 over the rounds.
        best_child, mean_child: weights of the best child's value and (times 1 - t/N) of the children's mean.
        elite: how many of the best are partners of crossover.

    Source: Gao et al., "RF-Agent", NeurIPS 2025, arXiv:2602.23876.
    Differs from the paper: the tree is rebuilt from the candidates' parents in every round, so nothing can be
    out of step; visits of a round under way count, so that several expansions of a round take different leaves.
    """

    kind: ClassVar[str] = "tree"
    needs: ClassVar[tuple[str, ...]] = ("order", "score")
    exploration: float = 0.4
    best_child: float = 0.7
    mean_child: float = 0.15
    elite: int = 10

    def asks(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Ask]:
        del state
        if not view.ranked:
            return [Ask("fresh")] * count
        progress = view.round / max(view.rounds, 1)
        grown = _Grown(view, self, progress)
        asks: list[Ask] = []
        begun = (view.round - 1) * count % len(ACTIONS)
        while len(asks) < count:
            line = grown.descend(self.exploration * (1.0 - progress))
            asks += self._expand(line, ACTIONS[begun:], view, rng)
            begun = 0
        return asks[:count]

    def _expand(
        self, line: tuple[Parent, ...], actions: Sequence[str], view: View, rng: np.random.Generator
    ) -> list[Ask]:
        leaf = line[0]
        elite = [parent for parent in view.ranked[: self.elite] if parent is not leaf]
        asks: list[Ask] = []
        for action in actions:
            if action == "crossover":
                partner = elite[int(rng.integers(len(elite)))] if elite else None
                asks.append(Ask("crossover", (leaf, partner)) if partner else Ask("structure", (leaf,)))
            elif action == "path":
                asks.append(Ask("path", line))
            elif action == "different":
                asks.append(Ask("different", (leaf, *elite[:2])))
            else:
                asks.append(Ask(action, (leaf,)))
        return asks


class _Grown:
    """The tree of all candidates: a candidate hangs below its first parent."""

    def __init__(self, view: View, rule: Tree, progress: float) -> None:
        self.known: Mapping[str, Parent] = {parent.candidate.id: parent for parent in view.ranked}
        self.children: dict[str, list[str]] = {"": []}
        for name, parent in self.known.items():
            above = next((p for p in parent.candidate.parents if p in self.known), "")
            self.children.setdefault(above, []).append(name)
        self.rule, self.mean_weight = rule, rule.mean_child * (1.0 - progress)
        self.pending: dict[str, int] = {}

    def visits(self, name: str) -> int:
        below = self.children.get(name, [])
        return self.pending.get(name, 0) + (name != "") + sum(self.visits(child) for child in below)

    def value(self, name: str) -> float:
        own = self.known[name].score or 0.0
        below = [self.value(child) for child in self.children.get(name, [])]
        if not below:
            return own
        best = (1.0 - self.rule.best_child) * own + self.rule.best_child * max(own, *below)
        return (1.0 - self.mean_weight) * best + self.mean_weight * float(np.mean(below))

    def descend(self, exploration: float) -> tuple[Parent, ...]:
        """From the root to a leaf, leaf first; the leaf counts as visited eight times more from now on."""
        name, line = "", list[str]()
        while self.children.get(name):
            total = self.visits(name)
            name = max(
                self.children[name],
                key=lambda child: uct(self.value(child), self.visits(child), total, exploration),
            )
            line.insert(0, name)
        self.pending[name] = self.pending.get(name, 0) + len(ACTIONS)
        return tuple(self.known[each] for each in line)
