"""Candidates, and what a proposer is allowed to see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..program import Program


@dataclass(frozen=True)
class Candidate:
    """A proposed reward and where it comes from.

    Args:
        id: ``r<round>c<number>``.
        program: the reward.
        operator: how it was made: ``random``, ``mutate``, ``crossover``, ``reflect``, ``derl``.
        parents: ids of the candidates it was made from.
        island: the population it belongs to.
    """

    id: str
    program: Program
    operator: str
    parents: tuple[str, ...] = ()
    island: int = 0

    def record(self) -> dict[str, Any]:
        """As the journal stores it."""
        return {
            "id": self.id,
            "text": str(self.program),
            "operator": self.operator,
            "parents": list(self.parents),
            "island": self.island,
        }


@dataclass(frozen=True)
class TermTrace:
    """What one part of a reward paid during training: mean per step early and late, and its share.

    ``share`` is the part's average size over the sum of the sizes of all parts (0..1).
    """

    early: float
    late: float
    share: float


@dataclass(frozen=True)
class Parent:
    """A trained candidate as a proposer sees it: no success in it unless the method says ``score``."""

    candidate: Candidate
    terms: Mapping[str, TermTrace]
    score: float | None = None


@dataclass(frozen=True)
class View:
    """Everything that a proposer sees when it proposes for one island.

    Args:
        round: number of the round, from 0.
        parents: the best so far, best first; empty in the first round.
        known: structural hashes of every program proposed before.
    """

    round: int
    parents: tuple[Parent, ...]
    known: frozenset[str]
