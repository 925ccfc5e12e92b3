"""Advice: what an analyst says, between two rounds, of the rewards from which the next one starts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.endpoint import BudgetSpent
from ..program import Program, parse
from ..tasks import Task
from .candidate import Parent
from .compose import uncomposed
from .failures import failure_causes
from .method import ASKED, Writing
from .notes import rows
from .propose.ask import Ask
from .propose.difference import reward_diff
from .propose.model import ModelWriter
from .propose.roles import Roles
from .screen.protocol import Episode

if TYPE_CHECKING:
    from .loop import Search

_log = logging.getLogger("rewardsmith.design")
FAILURES = 5  # failed episodes that a model reads
LONGEST = 1_000  # characters of a reply that are passed on
_FIELDS = 12  # that a rule tells
_STREAM = 1  # of the samples, apart from those that write
_ENDED = {"failure": "the agent failed, which ended the episode", "goal": "the episode ended at the goal"}


@dataclass
class Advice:
    """What was advised so far; all of it can be rebuilt from the journal.

    Args:
        words: id of a candidate -> what was said of it.
        analysed: ids of the candidates whose failures were read.
        choice: id of the reward from which the last round started.
    """

    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    analysed: set[str] = field(default_factory=set[str])
    choice: str | None = None

    def take(self, stored: Mapping[str, Any]) -> None:
        """Take in what the journal holds of a round."""
        for row in stored["advice"]:
            if row["kind"] == "analyzer":
                self.analysed.add(row["id"])
            if row["text"]:
                self.words[row["id"]] = (*self.words.get(row["id"], ()), row["text"])
        self.choice = stored["choice"]


@dataclass(frozen=True)
class Wish:
    """Advice that is wanted.

    Args:
        kind: ``analyzer`` or ``difference``.
        about: the reward in question.
        episodes: in which its agents failed, for an analyzer.
        beside: the choice of the round before, for a difference.
        recorded: how many of its episodes were recorded.
    """

    kind: str
    about: Parent
    episodes: tuple[Episode, ...] = ()
    beside: Parent | None = None
    recorded: int = 0

    @property
    def id(self) -> str:
        """Of the reward in question."""
        return self.about.candidate.id


def advise(search: Search, number: int, state: Any) -> None:
    """Ask for advice after a round, or read it back; nothing after the last round, when nobody would use it.

    It is asked about the rewards from which the next round will start: their failed episodes where the method
    wants an ``analyzer``, and how the first of them differs from that of the round before where it wants the
    ``difference``.  With a language model the model is asked, and what it used is counted; otherwise rules say
    it.  What was said is in the journal before it is used, and reaches the next round as notes.

    Source: Li et al., "Auto MC-Reward", CVPR 2024, arXiv:2312.09238; Yu et al., "ICPL", arXiv:2410.17233.
    """
    kinds = advice_of(search.config.resolved.writing)
    if not kinds or number + 1 >= search.config.rounds:
        return
    key, writer = f"round/{number}/advice", search.writer
    stored = search.run.done(key)
    if stored is None:
        stored = {"round": number, **_asked(search, kinds, number, state)}
        search.run.record("advice", key, stored)
    elif isinstance(writer, ModelWriter):
        for row in stored["advice"]:
            writer.ledger.restore(writer.model, row["read"], row["written"])
        writer.ledger.models.update(stored["models"])
    search.advice.take(stored)
    # people who judge must not be told of failures
    if search.config.resolved.selection.judge != "people" or "analyzer" not in kinds:
        search.watch.event("advice", stored)


def advice_of(writing: Writing) -> tuple[str, ...]:
    """The kinds of advice that a method wants."""
    return tuple(kind for kind in ASKED if kind in writing.feedback)


def wishes(
    kinds: Sequence[str],
    asks: Sequence[Ask],
    played: Mapping[str, Sequence[Episode]],
    analysed: frozenset[str] = frozenset(),
    before: Parent | None = None,
) -> list[Wish]:
    """What is to be asked before a round.

    Args:
        kinds: of advice that the method wants.
        asks: what the round will ask for.
        played: recorded episodes by candidate.
        analysed: candidates whose failures were read before.
        before: from what the round before started.
    """
    firsts = [each.parents[0] for each in asks if each.parents and not each.numbers]
    starts = {parent.candidate.id: parent for parent in firsts}
    found: list[Wish] = []
    for name, parent in starts.items() if "analyzer" in kinds else ():
        recorded = played.get(name, ())
        failed = tuple(each for each in recorded if not each.success)
        if failed and name not in analysed:
            found.append(Wish("analyzer", parent, failed, recorded=len(recorded)))
    if "difference" in kinds and before is not None and firsts and firsts[0].candidate != before.candidate:
        found.append(Wish("difference", firsts[0], beside=before))
    return found


def _asked(search: Search, kinds: Sequence[str], number: int, state: Any) -> dict[str, Any]:
    """What the journal will hold of the advice after a round."""
    compose, last = search.config.resolved.writing.compose, search.advice.choice
    asks = [uncomposed(ask, compose) for ask in search.upcoming(number + 1, state)]
    before = None if last is None else _written(Parent(search.candidates[last]), compose)
    found = wishes(kinds, asks, search.played, frozenset(search.advice.analysed), before)
    choice = next((ask.names[0] for ask in asks if ask.parents and not ask.numbers), last)
    sample = int(np.random.default_rng([search.config.seed, number, _STREAM]).integers(2**30))
    said: list[dict[str, Any]] = []
    unasked: list[str] = []
    for i, wish in enumerate(found):
        try:
            said.append(_said(search, wish, sample + i))
        except BudgetSpent as spent:
            _log.warning("%s", spent)
            unasked = [f"{each.kind} of {each.id}" for each in found[i:]]
            break
    models = sorted(search.writer.ledger.models) if isinstance(search.writer, ModelWriter) else []
    by = search.writer.label if isinstance(search.writer, ModelWriter) else "rules"
    return {"by": by, "choice": choice, "advice": said, "unasked": unasked, "models": models}


def _written(parent: Parent, compose: str) -> Parent:
    return uncomposed(Ask("improve", (parent,)), compose).parents[0]


def _said(search: Search, wish: Wish, sample: int) -> dict[str, Any]:
    """One answer, with the tokens that it took."""
    row: dict[str, Any] = {"kind": wish.kind, "id": wish.id}
    if not isinstance(search.writer, ModelWriter):
        return {**row, "text": by_rule(search.task, wish), "read": 0, "written": 0}
    used = search.writer.ledger.used
    text = by_model(search.writer.roles, search.task, wish, sample)
    now = search.writer.ledger.used
    tokens = {
        "read": now.prompt_tokens - used.prompt_tokens,
        "written": now.completion_tokens - used.completion_tokens,
    }
    return {**row, "text": text[:LONGEST], **tokens}


def by_model(roles: Roles, task: Task, wish: Wish, sample: int) -> str:
    """What a language model says; "" where it says nothing that can be read.

    Raises:
        BudgetSpent: nothing may be asked any more.
    """
    if wish.beside is not None:
        return roles.difference(wish.about, wish.beside, sample)
    return roles.analyzer(wish.about, failures(task, wish), sample)


def advice_prompt(roles: Roles, task: Task, wish: Wish) -> str:
    """What a language model is asked."""
    if wish.beside is not None:
        return roles.difference_prompt(wish.about, wish.beside)
    return roles.analyzer_prompt(wish.about, failures(task, wish))


def by_rule(task: Task, wish: Wish) -> str:
    """What is said without a model: what changed, or how failed episodes ended.

    Differs from the papers: rules stand in for language models, so it names what happened and suggests nothing.
    """
    if wish.beside is not None:
        older, newer = wish.beside.candidate, wish.about.candidate
        if not isinstance(older.program, Program) or not isinstance(newer.program, Program):
            return ""
        changes = reward_diff(older.program, newer.program)
        return f"Against {older.id}, the choice of the round before: {changes}."
    events = {_ENDED[task.ending]: parse("terminated", task)} if task.ending in _ENDED else {}
    fields = [f.name for f in task.fields if f.kind == "state" and not f.width][:_FIELDS]
    causes = failure_causes(wish.episodes, events, fields)
    return f"How episodes failed: {'; '.join(map(str, causes))}."


def failures(task: Task, wish: Wish) -> str:
    """Failed episodes as tables, for a model."""
    fields = [f.name for f in task.fields if f.kind == "state"]
    shown = [rows(each, fields) for each in wish.episodes[:FAILURES]]
    head = f"{len(wish.episodes)} of {wish.recorded} recorded episodes failed."
    head += f" These are {len(shown)} of them." if len(shown) < len(wish.episodes) else ""
    return "\n\n".join([head, *shown])
