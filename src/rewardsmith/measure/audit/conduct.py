"""Conduct: findings about how a grader behaves, from everything that it was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..check.finding import Finding, Level
from . import behaviour
from .grading import Graded, Grades, ask, in_company, repeated
from .isolate import CANARY, Isolated
from .verdict import TOLERATED, shown_of


def conduct(worker: Isolated, grades: Grades, slow: float) -> Iterator[Finding]:
    """Everything that is wrong with a grader whatever it pays.

    Args:
        worker: asks it.
        grades: what it was asked so far.
        slow: seconds for one completion that are too many.
    """
    first = grades.examples[0]
    texts = [text for each in behaviour.HARD.values() for text in dict.fromkeys((each, first.said(each)))]
    made = [(0, text) for text in texts]
    hard = ask(worker, grades.examples, made, "hard input")
    yield from _runs(worker, grades)
    yield from _failures(grades, hard)
    yield from _late(grades, hard)
    yield from _infinite(grades, hard)
    yield from _undecided(grades, hard)
    if not any(one.reply.late for one in grades.every):
        yield from _changes(worker, grades)
        yield from _company(worker, grades)
    yield from _slow(grades, slow)


def _runs(worker: Isolated, grades: Grades) -> Iterator[Finding]:
    first = grades.examples[0]
    texts = (CANARY, f"[{CANARY}]", f"str({CANARY})", f"```python\n{CANARY}\n```", first.said(CANARY))
    asked = ask(worker, grades.examples, [(0, text) for text in dict.fromkeys(texts)], "program")
    ran = [one for one in asked if one.reply.ran]
    if ran:
        message = f"{len(ran)} of {len(asked)} completions that are Python expressions were executed"
        yield Finding(behaviour.RUNS, message, evidence=shown_of(grades, ran[0]))


def latency(grades: Grades) -> dict[str, float]:
    """Median, 99th percentile and largest time of a call, in seconds, without the first."""
    times = [one.reply.seconds for one in grades.every[1:] if not one.reply.late]
    if not times:
        return {}
    p50, p99 = np.quantile(times, [0.5, 0.99])
    return {"p50": float(p50), "p99": float(p99), "max": max(times), "calls": float(len(times))}


def _failures(grades: Grades, hard: Sequence[Graded]) -> Iterator[Finding]:
    asked = grades.every
    failed = [one for one in (*asked, *hard) if one.reply.failure]
    if not failed:
        return
    plain = [one for one in failed if one.completion is not None and one.attack != "hard input"]
    one = (plain or failed)[0]
    kinds = ", ".join(dict.fromkeys(each.attack for each in failed))
    message = f"{one.reply.failure}; {len(failed)} of {len(asked) + len(hard)} completions ({kinds})"
    yield Finding(
        behaviour.RAISES,
        message,
        evidence=shown_of(grades, one) | {"failure": one.reply.failure},
        level=None if plain else Level.WARNING,
    )


def _late(grades: Grades, hard: Sequence[Graded]) -> Iterator[Finding]:
    late = [one for one in (*grades.every, *hard) if one.reply.late and not math.isnan(one.reply.seconds)]
    if late:
        kinds = ", ".join(dict.fromkeys(_kind(one) for one in late))
        message = f"{len(late)} calls were ended after {late[0].reply.seconds:.0f} s: {kinds}"
        yield Finding(behaviour.HANGS, message, evidence=shown_of(grades, late[0]))


def _kind(one: Graded) -> str:
    """The attack, or which of the hard inputs."""
    names = [name for name, text in behaviour.HARD.items() if text in (one.completion or "")]
    return names[0] if one.attack == "hard input" and names else one.attack


def _infinite(grades: Grades, hard: Sequence[Graded]) -> Iterator[Finding]:
    found = [one for one in (*grades.every, *hard) if math.isinf(one.reply.score)]
    if found:
        message = f"{found[0].reply.score} for {len(found)} completions"
        yield Finding(behaviour.INFINITE, message, evidence=shown_of(grades, found[0]))


def _undecided(grades: Grades, hard: Sequence[Graded]) -> Iterator[Finding]:
    asked = [
        one
        for tried in grades.tried.values()
        for one in tried
        if one.completion is not None and one.row in set(grades.decided)
    ]
    silent = [one for one in asked if _silent(one)]
    if asked and len(silent) / len(asked) > TOLERATED:
        kinds = ", ".join(dict.fromkeys(one.attack for one in silent))
        message = f"none for {len(silent)} of {len(asked)} completions ({kinds})"
        yield Finding(behaviour.UNDECIDED, message, evidence=shown_of(grades, silent[0]))
        return
    escapes = [one for one in hard if _silent(one)] if grades.decided else []
    if escapes:
        message = f"none for {', '.join(dict.fromkeys(_kind(one) for one in escapes))}"
        yield Finding(behaviour.UNDECIDED, message, evidence=shown_of(grades, escapes[0]), level=Level.NOTE)


def _silent(one: Graded) -> bool:
    return math.isnan(one.reply.score) and not one.reply.failure and not one.reply.late


def _changes(worker: Isolated, grades: Grades) -> Iterator[Finding]:
    sample, scores = repeated(worker, grades)
    for name, again in zip(("at once", "in a new process"), scores, strict=True):
        apart = _apart(sample, again)
        if apart:
            one, score = apart[0]
            message = f"{len(apart)} of {len(sample)} completions have another score when graded again {name}"
            yield Finding(behaviour.CHANGES, message, evidence=shown_of(grades, one) | {"again": score})
            return


def _company(worker: Isolated, grades: Grades) -> Iterator[Finding]:
    sample, scores = in_company(worker, grades)
    for name, batch in zip(("as one batch", "as one batch backwards"), scores, strict=True):
        if batch is None:
            message = f"{len(sample)} completions that have a score one by one fail {name}"
            yield Finding(behaviour.COMPANY, message)
            return
        apart = _apart(sample, batch)
        if apart:
            one, score = apart[0]
            message = f"{len(apart)} of {len(sample)} completions have another score {name}"
            yield Finding(behaviour.COMPANY, message, evidence=shown_of(grades, one) | {"in_batch": score})
            return


def _apart(sample: Sequence[Graded], scores: Sequence[float]) -> list[tuple[Graded, Any]]:
    found: list[tuple[Graded, Any]] = []
    for one, score in zip(sample, scores, strict=True):
        same = math.isnan(score) and math.isnan(one.reply.score)
        near = math.isclose(score, one.reply.score, rel_tol=1e-5, abs_tol=1e-6)
        if not same and not near:
            found.append((one, None if math.isnan(score) else round(score, 6)))
    return found


def _slow(grades: Grades, slow: float) -> Iterator[Finding]:
    times = latency(grades)
    if times and times["p99"] > slow:
        worst = max(grades.every[1:], key=lambda one: -1.0 if one.reply.late else one.reply.seconds)
        message = f"99th percentile {times['p99']:.2f} s, median {times['p50']:.2f} s a completion"
        evidence = shown_of(grades, worst) | {name: round(value, 4) for name, value in times.items()}
        yield Finding(behaviour.SLOW, message, evidence=evidence)
