"""Grammar: programs from a seeded grammar over the task's fields; no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ProgramError
from ...program import Grammar, Program, crossover, mutate, random_program, survey
from ..candidate import Parent
from .ask import Ask, Draft
from .reflection import answer

_TRIES = 20
STRUCTURE = ("signal", "replace", "add", "drop", "wrap", "calm")


@dataclass(frozen=True)
class GrammarWriter:
    """Writes what is asked for by chance: random programs, mutations and crossovers.

    An ``improve`` answers what the parent's parts paid, where that is seen, by the rules of Eureka's
    reflection; otherwise it is any mutation.  Words (``Ask.notes``) are not understood: a program that is
    asked for in words is made as if there were none.
    """

    grammar: Grammar

    @property
    def label(self) -> str:
        return "grammar"

    def spent(self) -> dict[str, Any]:
        return {}

    def start(self) -> Any:
        return ()

    def write(
        self, state: Any, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        del state
        seen, drafts = set(known), []
        signals = survey(self.grammar, rng)
        for ask in asks:
            program = self._new(ask, signals, seen, rng)
            if program is not None:
                seen.add(program.structural_hash)
                drafts.append(Draft(program, ask))
        return drafts

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        del drafts, scores
        return state

    def _new(
        self, ask: Ask, signals: Iterator[Program], seen: set[str], rng: np.random.Generator
    ) -> Program | None:
        for _ in range(1 if ask.numbers else _TRIES):
            try:
                program = self._one(ask, signals, rng)
            except ProgramError:
                continue  # crossover can exceed the limits of the language; the next draw will not
            if program.structural_hash not in seen:
                return program
        return None

    def _one(self, ask: Ask, signals: Iterator[Program], rng: np.random.Generator) -> Program:
        if ask.numbers:
            return ask.parents[0].candidate.program.with_numbers(dict(ask.numbers))
        if ask.operator == "survey":
            return next(signals)
        if ask.operator == "fresh":
            return random_program(self.grammar, rng)
        first = ask.parents[0]
        program = first.candidate.program
        match ask.operator:
            case "crossover":
                return crossover(program, ask.parents[1].candidate.program, rng)
            case "improve":
                return answer(first, self.grammar, rng) if first.terms else mutate(program, rng, self.grammar)
            case "numbers":
                return mutate(program, rng, self.grammar, ("numbers",))
            case "structure":
                return mutate(program, rng, self.grammar, STRUCTURE)
            case "different":
                return self._different(ask.parents, rng)
            case _:
                return self._along(ask.parents, rng)

    def _different(self, parents: Sequence[Parent], rng: np.random.Generator) -> Program:
        """A random program that reads something that no parent reads, if one comes in a few tries."""
        read = set[str]().union(*(parent.candidate.program.fields for parent in parents))
        program = random_program(self.grammar, rng)
        for _ in range(_TRIES):
            if program.fields - read:
                break
            program = random_program(self.grammar, rng)
        return program

    def _along(self, line: Sequence[Parent], rng: np.random.Generator) -> Program:
        """The best of a line of ancestors, with terms of another of them where there is one."""
        if len(line) == 1:
            return mutate(line[0].candidate.program, rng, self.grammar)
        other = line[1 + int(rng.integers(len(line) - 1))]
        child = crossover(line[0].candidate.program, other.candidate.program, rng)
        return mutate(child, rng, self.grammar) if child == line[0].candidate.program else child
