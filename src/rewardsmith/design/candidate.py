"""Candidates, and what proposers are allowed to see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..core.algebra import Reward
from .fit import Fitted


class Written(Protocol):
    """What every written reward has: a program of the reward language, or sandboxed Python.

    Both are rewards (``core.algebra.Reward``) besides.
    """

    @property
    def structural_hash(self) -> str:
        """Equal for rewards that are the same up to the names of their parts."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The parts."""
        ...

    @property
    def size(self) -> int:
        """Nodes of its tree."""
        ...


def when(name: str) -> list[int]:
    """Round and number of a candidate, from its id.

    Example:
        >>> when("r3c12")
        [3, 12]
    """
    return [int(part.rstrip("p")) for part in name[1:].split("c")]


@dataclass(frozen=True)
class Candidate:
    """A proposed reward and where it comes from.

    Args:
        id: ``r<round>c<number>``.
        program: the reward: a ``Program``, or a ``PythonReward`` where the method allows Python.
        operator: how it was made (``design.propose.OPERATORS``), or ``prune``.
        parents: ids of the candidates it was made from.
        island: the population it belongs to.
        observation: names of the state fields that its agents see, and nothing else; None is the task's own.
        fitted: how its numbers were fitted after it was written, where they were.
        doubts: part -> share of the other samples without a part like it, where samples were compared.
    """

    id: str
    program: Any
    operator: str
    parents: tuple[str, ...] = ()
    island: int = 0
    observation: tuple[str, ...] | None = None
    fitted: Fitted | None = None
    doubts: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def round(self) -> int:
        """The round in which it was proposed."""
        return when(self.id)[0]

    @property
    def reward(self) -> Reward:
        """What its agents are paid."""
        return self.program

    def record(self) -> dict[str, Any]:
        """As the journal stores it."""
        kept: dict[str, Any] = {
            "id": self.id,
            "text": str(self.program),
            "operator": self.operator,
            "parents": list(self.parents),
            "island": self.island,
        }
        kept |= {} if self.observation is None else {"observation": list(self.observation)}
        kept |= {} if self.fitted is None else {"fitted": self.fitted.record()}
        return {**kept, "doubts": dict(self.doubts)} if self.doubts else kept


_SEES = "@"


def identity(program: Any, observation: tuple[str, ...] | None = None) -> str:
    """What makes a candidate a new one: the structure of its program, and what its agents see, in any order."""
    hashed = str(program.structural_hash)
    return hashed if observation is None else _SEES.join([hashed, *sorted(observation)])


def program_of(name: str) -> str:
    """The structural hash in an ``identity``."""
    return name.partition(_SEES)[0]


POINTS = 10  # of a curve, as in Eureka's reflection


@dataclass(frozen=True)
class TermTrace:
    """What one part of a reward paid during training: mean per step early and late, and its share.

    Args:
        early, late: means of the first and last fifth.
        share: the part's average size over the sum of the sizes of all parts (0..1).
        points: ``POINTS`` evenly spaced values of the curve (fewer where the training was shorter).
    """

    early: float
    late: float
    share: float
    points: tuple[float, ...] = ()


def in_order(terms: Mapping[str, TermTrace], names: Sequence[str]) -> dict[str, TermTrace]:
    """What parts paid, in the order in which a program names them.

    Journals and checkpoints sort their keys, and a search that goes on from them must tell the same as one that
    was never stopped.

    Example:
        >>> list(in_order({"a": TermTrace(0, 0, 0), "b": TermTrace(1, 1, 1)}, ("b", "a")))
        ['b', 'a']
    """
    place = {name: i for i, name in enumerate(names)}
    return {name: terms[name] for name in sorted(terms, key=lambda name: (place.get(name, len(place)), name))}


@dataclass(frozen=True)
class Parent:
    """A trained candidate as a proposer sees it.

    Args:
        candidate: the program and where it comes from.
        terms: what its parts paid, where the method sees ``terms``.
        score: mean success, only where the method sees ``score``.
        curve: success per step during training, ``POINTS`` values, only where the method sees ``score``.
        confirmed: it was trained again on further seeds.
        notes: what people or analysts say of it, in words.
    """

    candidate: Candidate
    terms: Mapping[str, TermTrace] = field(default_factory=dict)
    score: float | None = None
    curve: tuple[float, ...] = ()
    confirmed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """Everything that a strategy sees.

    Args:
        round, rounds: number of the round that begins (from 0), and how many there are.
        ranked: every candidate that was trained, best first; empty unless the method sees ``order``.
        latest: those of the last round, best first.
        known: ``identity`` of everything proposed before.
    """

    round: int
    rounds: int
    ranked: tuple[Parent, ...] = ()
    latest: tuple[Parent, ...] = ()
    known: frozenset[str] = frozenset()

    def on(self, island: int) -> tuple[Parent, ...]:
        """The trained candidates of one island, best first."""
        return tuple(parent for parent in self.ranked if parent.candidate.island == island)


def evenly(values: Sequence[float], count: int = POINTS) -> tuple[float, ...]:
    """``count`` evenly spaced values of a curve, its first and last among them; all where there are fewer.

    Example:
        >>> evenly([0.0, 1.0, 2.0, 3.0, 4.0], 3)
        (0.0, 2.0, 4.0)
    """
    last = len(values) - 1
    if len(values) <= count:
        return tuple(float(value) for value in values)
    return tuple(float(values[round(i * last / (count - 1))]) for i in range(count))
