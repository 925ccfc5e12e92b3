"""Observing: what the agents see, chosen by chance for programs that another writer writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..candidate import identity, program_of
from .ask import Ask, Draft, Writer

OWN = 0.25  # of fresh programs keep the task's observation
EACH = 0.75  # of the fields are in a fresh choice
ALONE = 0.25  # of children have the parent's program, and see something else
KEPT = 1.0 / 3.0  # of the others see what the parent's agents see


@dataclass(frozen=True)
class ObservingWriter:
    """Gives every program of a writer a choice of fields that its agents see, drawn or changed by chance.

    A program from nothing keeps the task's observation or sees a random subset.  A child sees what its parent's
    agents see, less one field, or one more; some children change nothing else.  A child of two sees what both
    see, and half of what one of them sees.

    Args:
        writer: writes the programs.
        fields: names of the state fields of the task.

    Source: Jaswal et al., LIMEN, RLC 2026, arXiv:2605.03408.
    Differs from the paper: agents see fields of the task; no new features are written.
    """

    writer: Writer
    fields: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.writer.label

    def spent(self) -> dict[str, Any]:
        return self.writer.spent()

    def start(self) -> Any:
        return self.writer.start()

    def write(
        self, state: Any, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        written = self.writer.write(state, asks, frozenset(map(program_of, known)), rng)
        seen, drafts = set(known), list[Draft]()
        for draft in written:
            chosen = self._chosen(draft, seen, rng)
            seen.add(identity(chosen.program, chosen.observation))
            drafts.append(chosen)
        return drafts

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        return self.writer.learn(state, drafts, scores)

    def _chosen(self, draft: Draft, seen: set[str], rng: np.random.Generator) -> Draft:
        ask = draft.ask
        if not ask.parents:
            return replace(draft, observation=fresh_observation(self.fields, rng))
        parents = [parent.candidate.observation for parent in ask.parents]
        if ask.numbers:
            return replace(draft, observation=parents[0])
        if ask.operator == "crossover":
            return replace(draft, observation=mixed_observation(self.fields, parents[0], parents[1], rng))
        if rng.random() < ALONE:
            program = ask.parents[0].candidate.program
            other = changed_observation(self.fields, parents[0], rng)
            if identity(program, other) not in seen:
                return replace(draft, program=program, observation=other)
        if rng.random() < KEPT:
            return replace(draft, observation=parents[0])
        return replace(draft, observation=changed_observation(self.fields, parents[0], rng))


def fresh_observation(fields: Sequence[str], rng: np.random.Generator) -> tuple[str, ...] | None:
    """A random choice: None (the task's own observation), or a subset that is not empty."""
    return None if rng.random() < OWN else _subset(fields, rng)


def changed_observation(
    fields: Sequence[str], parent: tuple[str, ...] | None, rng: np.random.Generator
) -> tuple[str, ...]:
    """The parent's choice with one field more or less, in the order of ``fields``; a subset where it has none.

    Example:
        >>> import numpy as np
        >>> changed_observation(("x", "y"), ("y",), np.random.default_rng(0))  # the only one is never dropped
        ('x', 'y')
    """
    if parent is None:
        return _subset(fields, rng)
    absent = [name for name in fields if name not in parent]
    if absent and (len(parent) == 1 or rng.random() < 0.5):
        new = {*parent, absent[int(rng.integers(len(absent)))]}
    elif len(parent) > 1:
        new = set(parent) - {parent[int(rng.integers(len(parent)))]}
    else:
        new = set(parent)  # the task has one field
    return tuple(name for name in fields if name in new)


def mixed_observation(
    fields: Sequence[str],
    first: tuple[str, ...] | None,
    second: tuple[str, ...] | None,
    rng: np.random.Generator,
) -> tuple[str, ...] | None:
    """What both have, and each other field of either with probability 1/2; the first where one is None."""
    if first is None or second is None:
        return first
    either = [name for name in fields if name in first or name in second]
    drawn = rng.random(len(either)) < 0.5
    new = [n for n, lucky in zip(either, drawn, strict=True) if lucky or (n in first and n in second)]
    return tuple(new) or first


def _subset(fields: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    drawn = rng.random(len(fields)) < EACH
    drawn[int(rng.integers(len(fields)))] = True
    return tuple(name for name, lucky in zip(fields, drawn, strict=True) if lucky)
