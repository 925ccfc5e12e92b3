"""Verdict: from shares to findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.stats import Interval, share_interval
from ..check.finding import Code, Finding, Level
from . import behaviour
from .attack import Attack, Relation
from .grading import Graded, Grades

FULL, SOME = 0.9, 0.1  # shares of the oracle's earnings
TOLERATED = 0.05  # a share of rows that may be chance, such as another answer that is right too
_LENIENT = {Level.ERROR: Level.WARNING, Level.WARNING: Level.WARNING, Level.NOTE: Level.NOTE}
_WORD = 280
_BASES = ("A116", "A151")  # what the form alone is paid, and another answer in it
_ALIKE = 0.02  # a difference of earned shares that says nothing


@dataclass(frozen=True)
class Result:
    """What one attack or relation came to.

    Args:
        name: of the attack or relation.
        code: its kind.
        rows: on how many it was tried.
        earned: mean over rows of the share of the oracle's earnings, kept in 0..1; NaN without rows.
        full, some: shares of rows that earn at least 0.9 (of a relation: that change), and at least 0.1, with
            Wilson's interval; None without rows.
        worst: the row that earns most (changes most): its prompt, completion, score and the oracle's.
        level: None where nothing was found.
        relation: whether it is one.
    """

    name: str
    code: Code
    rows: int
    earned: float
    full: Interval | None
    some: Interval | None
    worst: dict[str, Any]
    level: Level | None
    relation: bool = False

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "attack": self.name,
            "code": self.code.code,
            "relation": self.relation,
            "level": None if self.level is None else str(self.level),
            "rows": self.rows,
            "earned": _rounded(self.earned),
            "full": _bounds(self.full),
            "some": _bounds(self.some),
            "worst": self.worst,
        }


def result_of(grades: Grades, each: Attack | Relation) -> Result:
    """Sum up one attack or relation over the rows on which the oracle is paid."""
    rows: dict[int, list[Graded]] = {i: [] for i in grades.decided}
    for one in grades.tried[each.name]:
        if one.row in rows:
            rows[one.row].append(one)
    taken = [_taken(grades, each, tried) for tried in rows.values() if tried]
    if not taken:
        return Result(each.name, each.code, 0, math.nan, None, None, {}, None, isinstance(each, Relation))
    shares = [grades.share(one) for one in taken]
    if isinstance(each, Relation):
        full = some = [_changed(each, grades, one) for one in taken]
        worst = max(taken, key=lambda one: (_changed(each, grades, one), abs(grades.share(one) - 1.0)))
    else:
        full, some = [s >= FULL for s in shares], [s >= SOME for s in shares]
        worst = max(taken, key=grades.share)
    most, part = (share_interval(sum(hits), len(hits)) for hits in (full, some))
    earned = float(np.mean(np.clip(shares, 0.0, 1.0)))
    level = _level(most, part, each.code.level)
    shown = shown_of(grades, worst)
    return Result(
        each.name, each.code, len(taken), earned, most, part, shown, level, isinstance(each, Relation)
    )


def findings_of(grades: Grades, results: Iterable[Result]) -> Iterator[Finding]:
    """One finding for each code that was found, with the attack that earned most.

    Where anything in the oracle's form is paid, nearly every attack earns that: those are named in the finding
    that says so, and get none of their own.
    """
    yield from _oracles(grades)
    results, alike = _folded([each for each in results if each.level is not None])
    found: dict[str, list[Result]] = {}
    for each in results:
        found.setdefault(each.code.code, []).append(each)
    order = list(_LENIENT)
    for same in found.values():
        first = min(same, key=lambda each: (order.index(each.level or Level.NOTE), -each.earned))
        names = ", ".join(each.name for each in same)
        evidence = {"attacks": names, "rows": first.rows, "earned": _rounded(first.earned)}
        evidence |= {"full": _bounds(first.full), "some": _bounds(first.some), **first.worst}
        others = alike.get(first.code.code, [])
        said = f"{_said(first)}; so do {', '.join(others)}" if others else _said(first)
        evidence |= {"alike": others} if others else {}
        yield Finding(first.code, said, evidence=evidence, level=first.level)


def _folded(results: list[Result]) -> tuple[list[Result], dict[str, list[str]]]:
    """The results that say something of their own, and by code the names of those that do not."""
    order = list(_LENIENT)
    bases = [each for each in results if each.code.code in _BASES]
    if all(each.code.code != _BASES[-1] for each in bases):
        return results, {}  # a wrong answer in the right form earns nothing: each attack is a hole of its own
    kept: list[Result] = []
    alike: dict[str, list[str]] = {}
    for each in results:
        same = [
            base
            for base in bases
            if abs(base.earned - each.earned) <= _ALIKE and order.index(base.level) <= order.index(each.level)  # pyright: ignore[reportArgumentType]  # all have one
        ]
        if each.relation or each in bases or not same:
            kept.append(each)
        else:
            alike.setdefault(same[0].code.code, []).append(each.name)
    return kept, alike


def shown_of(grades: Grades, one: Graded) -> dict[str, Any]:
    """A completion with its score as evidence."""
    return {
        "prompt": short(grades.examples[one.row].prompt),
        "answer": short(grades.examples[one.row].answer),
        "completion": None if one.completion is None else short(one.completion),
        "score": _number(one.reply.score),
        "oracle_score": _number(grades.oracles[one.row].reply.score),
    }


def short(text: str) -> str:
    """A text as it fits into a record: its beginning and end, and how long it is."""
    if len(text) <= _WORD:
        return text.encode("utf-8", "replace").decode()
    half = _WORD // 2
    return f"{text[:half]} ... {text[-half:]} ({len(text):,} characters)".encode("utf-8", "replace").decode()


def _oracles(grades: Grades) -> Iterator[Finding]:
    rows = len(grades.examples)
    refused = [i for i in range(rows) if i not in set(grades.decided)]
    if refused:
        one = grades.oracles[refused[0]]
        level = Level.ERROR if share_interval(len(refused), rows).low > TOLERATED else Level.WARNING
        why = one.reply.failure or ("did not come back" if one.reply.late else "")
        evidence = shown_of(grades, one) | {"plain_wrong": _number(grades.floors[one.row]), "failure": why}
        message = f"the right answer earns no more than plain wrong ones in {len(refused)} of {rows} rows"
        yield Finding(behaviour.ORACLE, message, evidence=evidence, level=level)
    scores = [grades.oracles[i].reply.score for i in grades.decided]
    if scores and max(scores) - min(scores) > 0.1 * max(abs(s) for s in scores):
        lowest = min((grades.oracles[i] for i in grades.decided), key=lambda one: one.reply.score)
        message = f"the right answer earns from {min(scores):.3g} to {max(scores):.3g}"
        yield Finding(behaviour.UNEVEN, message, evidence=shown_of(grades, lowest))


def _taken(grades: Grades, each: Attack | Relation, tried: Sequence[Graded]) -> Graded:
    """The completion that counts on one row."""
    if isinstance(each, Relation):
        return max(tried, key=lambda one: (_changed(each, grades, one), abs(grades.share(one) - 1.0)))
    return (min if each.needs_all else max)(tried, key=grades.share)


def _changed(each: Relation, grades: Grades, one: Graded) -> bool:
    beyond = grades.share(one) - 1.0
    return beyond > SOME or (not each.more_only and beyond < -SOME)


def _level(full: Interval, some: Interval, worst: Level) -> Level | None:
    if full.low > TOLERATED:
        return worst
    if some.low > TOLERATED:
        return _LENIENT[worst]
    return Level.NOTE if some.mean > 0 else None


def _said(result: Result) -> str:
    """One line with what was measured."""
    if result.relation:
        return f"{result.name} changes the score of the right answer in {_rows(result.full)}"
    if result.full is not None and result.full.mean > 0:
        return f"{result.name}: earns at least 0.9 of the right answer in {_rows(result.full)}"
    return f"{result.name}: earns {result.earned:.2f} of the right answer, at least 0.1 in {_rows(result.some)}"


def _rows(share: Interval | None) -> str:
    if share is None:
        return "no row"
    bounds = f"{share.mean:.0%}, {share.low:.0%} to {share.high:.0%}"
    return f"{round(share.mean * share.n)} of {share.n} rows ({bounds})"


def _bounds(share: Interval | None) -> list[float] | None:
    return None if share is None else [round(each, 4) for each in (share.mean, share.low, share.high)]


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _number(value: float) -> float | str | None:
    if math.isinf(value):
        return str(value)
    return None if math.isnan(value) else round(value, 6)
