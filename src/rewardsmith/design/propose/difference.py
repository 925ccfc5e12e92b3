"""Difference of two programs, in words and numbers, and a writer who goes on in its direction (ICPL)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ProgramError
from ...program import Grammar, Program, mutate, tree
from .ask import Ask, Draft
from .grammar import GrammarWriter

_TRIES = 10


@dataclass(frozen=True)
class Difference:
    """What turns one program into another; parts are named as in the program that has them.

    Args:
        added: names of parts that only the later one has.
        dropped: names of parts that only the earlier one has.
        changed: parts that differ in numbers only: name of the later one, numbers before, numbers after.
        kept: names of parts that are the same.
    """

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    changed: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...] = ()
    kept: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.dropped or self.changed)

    def __str__(self) -> str:
        said = [
            f"{word} {', '.join(names)}"
            for word, names in (("added", self.added), ("dropped", self.dropped))
            if names
        ]
        for name, before, after in self.changed:
            moves = [f"{x:g} -> {y:g}" for x, y in zip(before, after, strict=True) if x != y]
            said.append(f"changed {name}: {', '.join(moves)}")
        return "; ".join(said) or "no difference"


def reward_diff(before: Program, after: Program) -> Difference:
    """Match parts by what they compute, whatever their names and the order of commutative operands.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> fields = [Field("x"), Field("y")]
        >>> old = parse("return {'a': -abs(x), 'b': y}", fields)
        >>> new = parse("return {'near': -abs(x), 'fast': 2 * square(y)}", fields)
        >>> print(reward_diff(old, new))
        added fast; dropped b
        >>> print(reward_diff(new, new.with_numbers({"program.fast.c0": 3.0})))
        changed fast: 2 -> 3
    """
    left = [(name, tree.inline(expr, before.bindings)) for name, expr in before.parts]
    added, changed, kept = list[str](), list[Any](), list[str]()
    rest = list[tuple[str, tree.Expr]]()
    for name, expr in ((name, tree.inline(expr, after.bindings)) for name, expr in after.parts):
        same = next((each for each in left if tree.key(each[1]) == tree.key(expr)), None)
        if same is None:
            rest.append((name, expr))
        else:
            left.remove(same)
            kept.append(name)
    for name, expr in rest:
        alike = next((each for each in left if _same_but_numbers(each[1], expr)), None)
        if alike is None:
            added.append(name)
        else:
            left.remove(alike)
            changed.append((name, tuple(tree.numbers(alike[1])), tuple(tree.numbers(expr))))
    return Difference(tuple(added), tuple(name for name, _ in left), tuple(changed), tuple(kept))


@dataclass(frozen=True)
class DifferenceWriter:
    """A grammar that uses what people preferred: it changes the good program, and not towards the bad one.

    An ``improve`` with two parents (good, bad) is a mutation of the good one that shares no more parts with the
    bad one than the good one does.  Where numbers of the good one changed since the round before, ``push`` of
    the answers move them again by the same factor.

    Source: Yu et al., "ICPL", arXiv:2410.17233.
    Differs from the paper: rules stand in for a language model.
    """

    grammar: Grammar
    push: float = 0.5

    @property
    def label(self) -> str:
        return "grammar that reads differences"

    def spent(self) -> dict[str, Any]:
        return {}

    def start(self) -> Program | None:
        """The good program of the round before."""
        return None

    def write(
        self, state: Program | None, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        seen, drafts = set(known), list[Draft]()
        for ask in asks:
            program = self._from_two(state, ask, seen, rng) if len(ask.parents) == 2 else None
            if program is not None:
                found = [Draft(program, ask)]
            else:
                found = GrammarWriter(self.grammar).write((), [ask], frozenset(seen), rng)
            drafts += found
            seen |= {draft.program.structural_hash for draft in found}
        return drafts

    def learn(
        self, state: Program | None, drafts: Sequence[Draft], scores: Sequence[float | None]
    ) -> Program | None:
        del scores
        parents = next((draft.ask.parents for draft in drafts if draft.ask.parents), ())
        return parents[0].candidate.program if parents else state

    def _from_two(
        self, state: Program | None, ask: Ask, seen: set[str], rng: np.random.Generator
    ) -> Program | None:
        if ask.operator != "improve":
            return None
        good, bad = (parent.candidate.program for parent in ask.parents)
        near = len(reward_diff(bad, good).kept)
        for _ in range(_TRIES):
            try:
                program = self._pushed(state, good, rng) or mutate(good, rng, self.grammar)
            except ProgramError:
                continue
            if program.structural_hash not in seen and len(reward_diff(bad, program).kept) <= near:
                return program
        return None

    def _pushed(self, state: Program | None, good: Program, rng: np.random.Generator) -> Program | None:
        moved = reward_diff(state, good).changed if state is not None else ()
        if not moved or rng.random() >= self.push:
            return None
        return pushed(good, moved[int(rng.integers(len(moved)))])


def pushed(program: Program, change: tuple[str, tuple[float, ...], tuple[float, ...]]) -> Program:
    """Move the numbers of a part once more by the same factors (by the same steps where a sign changed).

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> print(pushed(parse("4 * x", [Field("x")]), ("reward", (2.0,), (4.0,))))
        8.0 * x
    """
    name, before, after = change
    values = iter([float(f"{_further(x, y):.4g}") for x, y in zip(before, after, strict=True)])
    parts = tuple(
        (n, tree.with_numbers(tree.inline(expr, program.bindings), values) if n == name else expr)
        for n, expr in program.parts
    )
    return Program.of(parts, program.bindings, program.table)


def _further(before: float, after: float) -> float:
    return after * after / before if before * after > 0 else 2 * after - before


def _same_but_numbers(a: tree.Expr, b: tree.Expr) -> bool:
    return tree.key(a, with_values=False) == tree.key(b, with_values=False) and len(tree.numbers(a)) == len(
        tree.numbers(b)
    )
