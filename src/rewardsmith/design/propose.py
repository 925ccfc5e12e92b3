"""Who proposes: random programs, evolution, reflection, and a learned generator.

A proposer is a frozen configuration with explicit state: ``start -> state``,
``propose(state, view, count, rng) -> (drafts, state)`` and ``learn(state, drafts, scores) -> state``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core.errors import ProgramError
from ..program import Grammar, Program, crossover, mutate, random_program, survey
from .candidate import Parent, View
from .method import Method
from .pcfg import INVALID, PCFG, outer_step
from .reflection import answer

_TRIES = 20


@dataclass(frozen=True)
class Draft:
    """A program before it has an id; ``trace`` is what a learned generator decided to write it."""

    program: Program
    operator: str
    parents: tuple[str, ...] = ()
    trace: Any = None


class Proposer(Protocol):
    """Anything that writes programs."""

    def start(self) -> Any:
        """The state before the first round."""
        ...

    def propose(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Draft]:
        """At most ``count`` programs that are not in ``view.known``."""
        ...

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        """The state after a round; ``scores`` is empty unless the method sees scores, None = refused."""
        ...


@dataclass(frozen=True)
class Random:
    """Independent programs from the grammar."""

    grammar: Grammar

    def start(self) -> Any:
        return ()

    def propose(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Draft]:
        del state
        return _distinct(view, count, lambda: Draft(random_program(self.grammar, rng), "random"))

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        del drafts, scores
        return state


@dataclass(frozen=True)
class Evolve:
    """Mutation and crossover of parents; better ranks are chosen more often (linear ranking).

    Where there are no parents yet, a share ``survey`` of the programs tries every signal alone.  With
    ``reflect``, a mutation answers what the parts of the parent paid (see ``reflection``).
    """

    grammar: Grammar
    fresh: float
    crossover: float
    survey: float = 0.0
    reflect: bool = False

    def start(self) -> Any:
        return ()

    def propose(self, state: Any, view: View, count: int, rng: np.random.Generator) -> list[Draft]:
        del state
        signals = survey(self.grammar, rng)

        def one() -> Draft:
            if not view.parents and rng.random() < self.survey:
                return Draft(next(signals), "survey")
            return self._one(view, rng)

        return _distinct(view, count, one)

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        del drafts, scores
        return state

    def _one(self, view: View, rng: np.random.Generator) -> Draft:
        if not view.parents or rng.random() < self.fresh:
            return Draft(random_program(self.grammar, rng), "random")
        first = _ranked(view.parents, rng)
        if len(view.parents) > 1 and rng.random() < self.crossover:
            second = _ranked(view.parents, rng)
            child = crossover(first.candidate.program, second.candidate.program, rng)
            return Draft(child, "crossover", (first.candidate.id, second.candidate.id))
        if self.reflect:
            return Draft(answer(first, self.grammar, rng), "reflect", (first.candidate.id,))
        return Draft(mutate(first.candidate.program, rng, self.grammar), "mutate", (first.candidate.id,))


@dataclass(frozen=True)
class Derl:
    r"""A probabilistic grammar whose logits are learned from success.

    Each round is one group: A_i = (R_i - mean R) / (std R + eps), refused programs have R = -1, and the
    logits follow \sum_i A_i \nabla log p(program i).

    Source: Cheng et al., "Differentiable Evolutionary Reinforcement Learning", arXiv:2512.13399.
    Differs from the paper: the generator is a grammar over our language instead of a language model.
    """

    grammar: Grammar
    learning_rate: float = 0.5

    def start(self) -> PCFG:
        return PCFG.of(self.grammar.weights())

    def propose(self, state: PCFG, view: View, count: int, rng: np.random.Generator) -> list[Draft]:
        def one() -> Draft:
            chooser = state.chooser()
            program = random_program(self.grammar, rng, chooser)
            return Draft(program, "derl", trace=chooser.trace)

        return _distinct(view, count, one)

    def learn(self, state: PCFG, drafts: Sequence[Draft], scores: Sequence[float | None]) -> PCFG:
        values = [INVALID if score is None else score for score in scores]
        return outer_step(state, [draft.trace for draft in drafts], values, self.learning_rate)


def make_proposer(method: Method, grammar: Grammar) -> Proposer:
    """The proposer of a method."""
    if method.proposer == "random":
        return Random(grammar)
    if method.proposer == "derl":
        return Derl(grammar)
    return Evolve(grammar, method.fresh, method.crossover, method.survey, method.proposer == "reflect")


def _ranked(parents: Sequence[Parent], rng: np.random.Generator) -> Parent:
    weights = np.arange(len(parents), 0, -1, dtype=float)
    return parents[int(rng.choice(len(parents), p=weights / weights.sum()))]


def _distinct(view: View, count: int, make: Any) -> list[Draft]:
    """Up to ``count`` drafts that differ from each other and from everything known."""
    seen, drafts = set(view.known), []
    for _ in range(_TRIES * count):
        if len(drafts) == count:
            break
        try:
            draft = make()
        except ProgramError:
            continue  # crossover can exceed the limits of the language; the next draw will not
        if draft.program.structural_hash not in seen:
            seen.add(draft.program.structural_hash)
            drafts.append(draft)
    return drafts
