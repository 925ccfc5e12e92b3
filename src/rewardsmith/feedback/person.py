"""Persons: whoever watches what candidates do and says which is best, which is worst, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from ..core.errors import BadInput


@dataclass(frozen=True)
class Shown:
    """A candidate as people see it: never how well it does.

    Args:
        id: by which answers name it.
        reward: the program.
        words: what it pays for.
        film: path of a film or a picture of its fields, or None.
    """

    id: str
    reward: str
    words: str = ""
    film: str | None = None


@dataclass(frozen=True)
class Question:
    """Which of some candidates behaves best, and which worst?

    Args:
        round: of the search, from 0.
        task: what is to be achieved.
        candidates: at least two.
        page: path of a page with all films side by side, or None.
    """

    round: int
    task: str
    candidates: tuple[Shown, ...]
    page: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The names that an answer may use."""
        return tuple(each.id for each in self.candidates)


@dataclass(frozen=True)
class Answer:
    """What a person said; all of it may be left out: "no difference" is an answer.

    Args:
        best, worst: ids.
        ranking: ids, best first; may name some only.
        words: id -> what is wrong with it; "" -> about all of them.
    """

    best: str | None = None
    worst: str | None = None
    ranking: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)

    def pairs(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """(better, worse) as implied: the best beats all, all beat the worst, a ranking is transitive.

        Example:
            >>> Answer(best="a", worst="c").pairs(["a", "b", "c"])
            [('a', 'b'), ('a', 'c'), ('b', 'c')]
        """
        found: dict[tuple[str, str], None] = {}
        for better in (self.best,) if self.best else ():
            found |= {(better, each): None for each in ids if each != better}
        for worse in (self.worst,) if self.worst else ():
            found |= {(each, worse): None for each in ids if each != worse}
        for i, better in enumerate(self.ranking):
            found |= {(better, worse): None for worse in self.ranking[i + 1 :]}
        return list(found)

    def record(self) -> dict[str, Any]:
        """As the journal stores it."""
        return {
            "best": self.best,
            "worst": self.worst,
            "ranking": list(self.ranking),
            "words": dict(self.words),
        }


def parse_answer(data: Any, ids: Sequence[str]) -> Answer:
    """An answer from JSON.

    Raises:
        BadInput: unknown keys or candidates, best and worst the same, a candidate ranked twice.
    """
    allowed = 'an object with "best", "worst", "ranking" or "words"'
    if not isinstance(data, Mapping):
        raise BadInput("answer", f"a {type(data).__name__}", allowed)
    if unknown := sorted(set(data) - {"best", "worst", "ranking", "words"}):
        raise BadInput("answer", f"key {unknown[0]!r}", allowed)
    ranking, words = tuple(_of_kind(data, "ranking", list, [])), dict(_of_kind(data, "words", Mapping, {}))
    named = [*ranking, *(data[key] for key in ("best", "worst") if data.get(key) is not None)]
    for name in [*named, *(key for key in words if key)]:
        if name not in ids:
            raise BadInput("answer", f"candidate {name!r}", ", ".join(ids))
    best, worst = data.get("best"), data.get("worst")
    if best is not None and best == worst:
        raise BadInput(
            "answer", f"{best!r} as best and worst", "two candidates", "leave both out if all are alike"
        )
    if len(set(ranking)) < len(ranking):
        raise BadInput("answer", "a candidate ranked twice", "each at most once")
    if not all(isinstance(text, str) for text in words.values()):
        raise BadInput("answer", "words that are no text", '{"r0c1": "it falls over"}')
    return Answer(best, worst, ranking, words)


def _of_kind(data: Mapping[str, Any], name: str, kind: Any, nothing: Any) -> Any:
    """What an answer has under a name; ``nothing`` where it is left out."""
    found = data.get(name)
    if found is None:
        return nothing
    if not isinstance(found, kind):
        allowed = "a list of candidates, best first" if name == "ranking" else '{"r0c1": "it falls over"}'
        raise BadInput("answer", f"{name} {found!r}"[:80], allowed)
    return found


class Person(Protocol):
    """Whoever answers: a terminal, a program that speaks JSON, a script, a web page."""

    @property
    def label(self) -> str:
        """Who answers, for the report; a stand-in says that it is one."""
        ...

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        """Watch and answer.  ``truth`` (success) is for stand-ins only; a real person is never shown it."""
        ...


@dataclass(frozen=True)
class Lines:
    """Questions and answers as lines of JSON: one object out, one object in.

    A bad answer is answered by ``{"error": ...}``, and the question stands.

    Args:
        source, sink: text streams.
    """

    source: TextIO
    sink: TextIO

    @property
    def label(self) -> str:
        return "json"

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        del truth
        self._say(as_json(question))
        while True:
            line = self.source.readline()
            if not line:
                raise BadInput("feedback", "the end of the input", "one line of JSON for each question")
            try:
                return parse_answer(json.loads(line), question.ids)
            except ValueError as problem:  # BadInput is one
                self._say({"error": " ".join(str(problem).split())})

    def _say(self, data: Mapping[str, Any]) -> None:
        self.sink.write(json.dumps(data) + "\n")
        self.sink.flush()


def as_json(question: Question) -> dict[str, Any]:
    """A question as the JSON protocol and web pages have it."""
    shown = [
        {"id": each.id, "reward": each.reward, "words": each.words, "film": each.film}
        for each in question.candidates
    ]
    return {"round": question.round, "task": question.task, "page": question.page, "candidates": shown}


@dataclass(frozen=True)
class Oracle:
    """A stand-in that knows success: the best and the worst by it, wrong with a set probability.

    Args:
        noise: probability that best and worst are exchanged.
        seed: of the mistakes.
    """

    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.noise <= 1.0:
            raise BadInput("noise of an oracle", self.noise, "0 to 1")

    @property
    def label(self) -> str:
        wrong = f", {self.noise:.0%} of the answers wrong" if self.noise else ""
        return f"scripted: best and worst by hidden success{wrong}"

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        known = [name for name in question.ids if not np.isnan(truth.get(name, np.nan))]
        if len(known) < 2 or len({truth[name] for name in known}) == 1:
            return Answer()
        order = sorted(known, key=lambda name: -truth[name])
        best, worst = order[0], order[-1]
        if np.random.default_rng([self.seed, question.round]).random() < self.noise:
            best, worst = worst, best
        return Answer(best, worst)


@dataclass(frozen=True)
class Recorded:
    """Answers from a file: a list of JSON objects, one for each question; places name candidates too.

    Args:
        path: of the file.  ``"best": 0`` is the first candidate of the question, ``-1`` the last.
    """

    path: str

    @property
    def label(self) -> str:
        return f"scripted: answers from {Path(self.path).name}"

    def rows(self) -> list[Any]:
        """The answers.

        Raises:
            BadInput: there is no such file, or no JSON list of objects in it.
        """
        allowed = "a JSON list of answers, one object for each round"
        try:
            rows = json.loads(Path(self.path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else " ".join(str(problem).split())
            raise BadInput("feedback file", self.path, allowed, why or "") from None
        if not isinstance(rows, list) or not all(isinstance(each, Mapping) for each in rows):
            raise BadInput("feedback file", self.path, allowed, "it holds something else")
        return rows

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        del truth
        rows = self.rows()
        if question.round >= len(rows):
            allowed = f"at least {question.round + 1}: one for each round"
            raise BadInput(f"feedback file {self.path}", f"{len(rows)} answers", allowed)
        return parse_answer(_named(rows[question.round], question.ids), question.ids)


def _named(row: Any, ids: Sequence[str]) -> Any:
    """Places in an answer as ids."""
    if not isinstance(row, Mapping):
        return row

    def name(value: Any) -> Any:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return ids[value] if whole and -len(ids) <= value < len(ids) else value

    found = {key: name(value) for key, value in row.items()}
    if isinstance(row.get("ranking"), list):
        found["ranking"] = [name(each) for each in row["ranking"]]
    if isinstance(row.get("words"), Mapping):
        places = {str(i): each for i, each in enumerate(ids)}
        found["words"] = {places.get(key, key): text for key, text in row["words"].items()}
    return found


def parse_person(spec: str) -> Person | None:
    """A stand-in from what a user typed after ``--feedback``; None for ``terminal`` and ``json``.

    ``scripted:success`` (``scripted:success:0.1`` errs in a tenth of the answers), ``scripted:answers.json``.

    Raises:
        BadInput: for anything else.
    """
    if spec in ("terminal", "json"):
        return None
    kind, _, rest = spec.partition(":")
    if kind == "scripted" and rest:
        first, _, noise = rest.partition(":")
        if first == "success":
            try:
                share = float(noise or 0.0)
            except ValueError:
                raise BadInput("--feedback", spec, "scripted:success:0.1", "the noise is a number") from None
            return Oracle(share)
        if rest.endswith(".json"):
            return Recorded(rest)
    raise BadInput("--feedback", spec, "terminal, json, scripted:success[:NOISE] or scripted:FILE.json")
