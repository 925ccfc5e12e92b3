"""Grading: every completion of every attack is graded once, and the scores are set against the oracle's."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .attack import Attack, Relation
from .example import Example, batch_of
from .isolate import Isolated, Reply

MOST_REPEATED = 64
FLOOR = ("junk", "another row's answer")  # the attacks whose lowest score is that of a plain wrong answer


@dataclass(frozen=True)
class Graded:
    """One completion and what it got."""

    row: int
    completion: str | None
    reply: Reply
    attack: str = ""


@dataclass(frozen=True)
class Grades:
    """Everything that was graded.

    Args:
        examples: the rows.
        oracles: one for each row.
        tried: by the name of the attack or relation, all its completions.
        floors: the score of plain wrong answers, by row; 0 where none has a score.
    """

    examples: tuple[Example, ...]
    oracles: tuple[Graded, ...]
    tried: dict[str, tuple[Graded, ...]]
    floors: tuple[float, ...]

    @property
    def decided(self) -> list[int]:
        """The rows on which the oracle earns more than plain wrong answers."""
        return [i for i, one in enumerate(self.oracles) if self.span(i) > 1e-9 * max(1.0, abs(one.reply.score))]

    @property
    def every(self) -> list[Graded]:
        """All completions, the oracles first."""
        return [*self.oracles, *(each for tried in self.tried.values() for each in tried)]

    def span(self, row: int) -> float:
        """What the oracle earns beyond plain wrong answers; NaN where that is not known."""
        span = self.oracles[row].reply.score - self.floors[row]
        return span if math.isfinite(span) else math.nan

    def share(self, one: Graded) -> float:
        """(score - floor) / (oracle - floor); 0 where there was no verdict."""
        share = (one.reply.score - self.floors[one.row]) / self.span(one.row)
        return 0.0 if math.isnan(share) else share


def grade(
    worker: Isolated, examples: Sequence[Example], tries: Sequence[Attack | Relation], seed: int
) -> Grades:
    """Grade the oracles, then every attack and relation."""
    oracles = ask(worker, examples, [(i, each.oracle) for i, each in enumerate(examples)], "oracle")
    tried: dict[str, tuple[Graded, ...]] = {}
    for each in tries:
        made = [(i, text) for i, example in enumerate(examples) for text in _make(each, example, i, seed)]
        tried[each.name] = ask(worker, examples, made, each.name)
    floors = tuple(_floor(i, tried) for i in range(len(examples)))
    return Grades(tuple(examples), oracles, tried, floors)


def ask(
    worker: Isolated, examples: Sequence[Example], made: Sequence[tuple[int, str | None]], name: str
) -> tuple[Graded, ...]:
    """Grade completions, each for itself."""
    replies = worker.each([batch_of([examples[i]], [text]) for i, text in made])
    return tuple(Graded(i, text, reply, name) for (i, text), reply in zip(made, replies, strict=True))


def repeated(worker: Isolated, grades: Grades) -> tuple[list[Graded], list[list[float]]]:
    """Up to 64 completions that have a score, and their scores again: at once, and in a new process."""
    sample = _sample(grades)
    made = [(one.row, one.completion) for one in sample]
    again = [one.reply.score for one in ask(worker, grades.examples, made, "again")]
    worker.close()
    anew = [one.reply.score for one in ask(worker, grades.examples, made, "anew")]
    return sample, [again, anew]


def in_company(worker: Isolated, grades: Grades) -> tuple[list[Graded], list[list[float] | None]]:
    """The same completions, and their scores as one batch: forwards, and backwards."""
    sample = [one for one in _sample(grades) if one.completion is not None]
    rows, texts = [grades.examples[one.row] for one in sample], [one.completion for one in sample]
    forwards = worker.whole(batch_of(rows, texts)) if sample else []
    backwards = worker.whole(batch_of(rows[::-1], texts[::-1])) if sample else []
    return sample, [forwards, None if backwards is None else backwards[::-1]]


def _sample(grades: Grades) -> list[Graded]:
    """Evenly from all that was graded without failure."""
    good = [one for one in grades.every if not one.reply.failure and not one.reply.late]
    places = np.unique(np.linspace(0, len(good) - 1, min(len(good), MOST_REPEATED)).astype(int))
    return [good[i] for i in places]


def _make(each: Attack | Relation, example: Example, row: int, seed: int) -> Sequence[str | None]:
    # a stream for each attack and row, so that leaving one out changes no other
    return each.make(example, np.random.default_rng([seed, row, zlib.crc32(each.name.encode())]))


def _floor(row: int, tried: dict[str, tuple[Graded, ...]]) -> float:
    scores = [one.reply.score for name in FLOOR for one in tried.get(name, ()) if one.row == row]
    known = [score for score in scores if math.isfinite(score)]
    return min(known, default=0.0)
