"""Asks and drafts: what a strategy wants written, and what a writer answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ...core.errors import BadInput
from ..candidate import Parent
from ..fit import Fitted
from ..screen.refusal import Refusal

OPERATORS = {
    "fresh": "a new program, from nothing",
    "survey": "a program that pays for one signal alone",
    "improve": "a program that answers what its parent's parts paid, and what is noted of it",
    "structure": "a parent with other terms",
    "numbers": "a parent with other numbers",
    "crossover": "terms of two parents in one program",
    "different": "a program that looks at the task in another way than its parents",
    "path": "what a line of ancestors suggests should come next",
}


@dataclass(frozen=True)
class Ask:
    """One program that a strategy wants written.

    Args:
        operator: one of ``OPERATORS``.
        parents: what it is made from, the most important first.
        island: the population it will belong to.
        notes: what the writer is told besides, in words.
        numbers: exact numbers for the one parent, as ``Program.numbers`` names them: no writer is needed then.
        earlier: what rounds before chose, the oldest first, where the writer is told (``design.history``).

    Raises:
        BadInput: for an unknown operator, or parents where there must be none (or the other way round).
    """

    operator: str
    parents: tuple[Parent, ...] = ()
    island: int = 0
    notes: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    earlier: tuple[Parent, ...] = ()

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise BadInput("operator of an ask", repr(self.operator), ", ".join(OPERATORS))
        least = {"fresh": 0, "survey": 0, "crossover": 2}.get(self.operator, 1)
        if len(self.parents) < least:
            raise BadInput(f"parents of {self.operator}", len(self.parents), f"at least {least}")

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the parents."""
        return tuple(parent.candidate.id for parent in self.parents)


@dataclass(frozen=True)
class Draft:
    """What a writer answered: a program, or why there is none.

    Args:
        program: a ``Program``, a ``PythonReward``, or None where the reply was no program after all repairs.
        ask: what was asked for.
        refusal: why there is no program.
        text: the reply as it was written, for the report.
        trace: what a learned generator decided.
        observation: the fields that the agents shall see, where the method asks for them.
        fitted: how its numbers were fitted after it was written, where the method does that.
        doubts: part -> share of the other samples without a part like it, where the method compares samples.
    """

    program: Any
    ask: Ask
    refusal: Refusal | None = None
    text: str = ""
    trace: Any = None
    observation: tuple[str, ...] | None = None
    fitted: Fitted | None = None
    doubts: Mapping[str, float] = field(default_factory=dict[str, float])


class Writer(Protocol):
    """Whoever writes programs: a grammar, a learned generator, a language model."""

    @property
    def label(self) -> str:
        """Who wrote, for the report; a stand-in says that it is one."""
        ...

    def spent(self) -> dict[str, Any]:
        """What was used so far (replies, tokens, money), where that costs anything."""
        ...

    def start(self) -> Any:
        """The state before the first round."""
        ...

    def write(
        self, state: Any, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        """At most one draft for each ask, none of them in ``known`` (``identity``) or there twice."""
        ...

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        """The state after a round; ``scores`` is empty unless the method sees scores, None = refused."""
        ...
