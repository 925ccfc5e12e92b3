"""People: films for them, their answers in the journal before they are used, and an order of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..feedback.person import Answer, Person, Question, Shown, parse_answer
from ..learn.preferences import fit_preferences
from ..optimize.control import Population
from ..program import Program
from ..report.audience import contact_sheet
from ..report.gif import gif
from ..report.strip import strip
from ..store import Run
from ..tasks import Task
from .candidate import Candidate
from .race import STARTS
from .render import render_gif
from .screen.protocol import Episode
from .words import in_words


@dataclass
class Audience:
    """A person, and everything that was said; all of it can be rebuilt from the journal.

    Args:
        person: who answers; None where the method asks nobody.
    """

    person: Person | None = None
    pairs: list[tuple[str, str]] = field(default_factory=list)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merits: dict[str, float] = field(default_factory=dict)

    def ask(
        self,
        run: Run,
        task: Task,
        number: int,
        shown: Sequence[Candidate],
        played: Mapping[str, tuple[Episode, ...]],
        truth: Mapping[str, float],
    ) -> Answer | None:
        """Show candidates and take the answer in; an answer that is in the journal is not asked for again."""
        if self.person is None or len(shown) < 2:
            return None
        key, ids = f"round/{number}/answer", [each.id for each in shown]
        stored = run.done(key)
        if stored is None:
            question = prepare(run, task, number, shown, played)
            given = self.person.answer(question, truth)
            stored = {"round": number, "shown": ids, "person": self.person.label, **given.record()}
            run.record("answer", key, stored)
        answer = parse_answer({name: stored[name] for name in ("best", "worst", "ranking", "words")}, ids)
        self.pairs += answer.pairs(ids)
        for name, text in sorted(answer.words.items()):  # as the journal gives them back
            for each in [name] if name else ids:
                self.words[each] = (*self.words.get(each, ()), text)
        self.merits = merits(self.pairs, [*self.merits, *ids])
        return answer


def merits(pairs: Sequence[tuple[str, str]], ids: Sequence[str]) -> dict[str, float]:
    """Bradley-Terry strengths of candidates from who was preferred to whom; all 0 where nothing was said."""
    names = list(dict.fromkeys(ids))
    if not pairs:
        return dict.fromkeys(names, 0.0)
    place = {name: i for i, name in enumerate(names)}
    differences = np.zeros((len(pairs), len(names)))
    for row, (better, worse) in zip(differences, pairs, strict=True):
        row[place[better]], row[place[worse]] = 1.0, -1.0
    strengths = fit_preferences(differences, np.ones(len(pairs)))
    return dict(zip(names, map(float, strengths), strict=True))


def said_before(
    words: Mapping[str, tuple[str, ...]], candidates: Mapping[str, Candidate], name: str
) -> tuple[str, ...]:
    """What was said of a candidate and of those it was made from, the oldest first, each word once.

    Example:
        >>> first, second = (Candidate(f"r{i}c0", None, "fresh", ("r0c0",) * i) for i in range(2))
        >>> said_before({"r0c0": ("higher",), "r1c0": ("slower",)}, {"r0c0": first, "r1c0": second}, "r1c0")
        ('higher', 'slower')
    """
    line = [name]
    while candidates[line[-1]].parents:
        line.append(candidates[line[-1]].parents[0])
    return tuple(dict.fromkeys(word for each in reversed(line) for word in words.get(each, ())))


def films_of(run: Run) -> Path:
    """The folder of a run's films; nothing in the journal depends on it."""
    folder = run.folder / "films"
    folder.mkdir(exist_ok=True)
    return folder


def film_simulator(run: Run, task: Task, ids: Sequence[str], population: Population) -> None:
    """Let a simulator draw an episode of each candidate, right after its training, while there is a policy."""
    policies, seeds = population.policies(), population.seeds
    for owner in dict.fromkeys(population.owners):
        member = population.owners.index(owner)
        film, _ = render_gif(task, policies[member], STARTS + seeds[member])
        if film is not None:
            (films_of(run) / f"{ids[owner]}.gif").write_bytes(film.tobytes())


def prepare(
    run: Run, task: Task, number: int, shown: Sequence[Candidate], played: Mapping[str, tuple[Episode, ...]]
) -> Question:
    """Draw the films of a question and a page with all of them; files of the run that nothing depends on."""
    folder = films_of(run)
    rows: list[Shown] = []
    for each in shown:
        film = _film(task, played.get(each.id, ()), folder / each.id)
        words = in_words(each.program, task.table()) if isinstance(each.program, Program) else "Python code"
        rows.append(Shown(each.id, str(each.program), words, None if film is None else str(film)))
    page = folder / f"round-{number + 1}.html"
    page.write_text(contact_sheet(task.name, task.text, number, rows), encoding="utf-8")
    return Question(number, task.text, tuple(rows), str(page))


def _film(task: Task, episodes: Sequence[Episode], stem: Path) -> Path | None:
    """The first episode as a film; a picture of its fields where the task cannot be drawn."""
    if stem.with_suffix(".gif").is_file():
        return stem.with_suffix(".gif")
    if not episodes:
        return None
    batch = episodes[0].batch
    if task.frame is not None:
        obs = np.asarray(batch["obs"])
        frames = [task.sketch(row) for row in obs]
        target = stem.with_suffix(".gif")
        target.write_bytes(gif(frames, task.frame, float(getattr(task.env, "dt", 0.02))))
        return target
    curves = {f.name: np.asarray(batch[f.name], float) for f in task.fields if not f.width}
    target = stem.with_suffix(".png")
    target.write_bytes(strip(curves))
    return target
