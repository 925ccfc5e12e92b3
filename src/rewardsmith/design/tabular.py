"""Searches for rewards on tabular tasks: any strategy and any writer, with trainings of milliseconds.

The candidates of all searches are trained side by side by Q-learning; what a policy is worth, and what each
part of a reward paid on the way, is computed exactly from the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core import grid
from ..core.errors import ProgramError
from ..core.fields import NEXT, Field, with_twins
from ..core.mdp import Floats, Table, TabularMDP, value_iteration
from ..feedback.person import Person, Question, Shown
from ..optimize.tabular import QLearning, q_learning, walk
from ..program import Grammar, Program
from .candidate import POINTS, Candidate, Parent, TermTrace, View
from .propose.ask import Ask, Draft, Writer
from .propose.grammar import GrammarWriter
from .screen.protocol import Episode
from .strategy.protocol import Strategy


@dataclass(frozen=True, eq=False)
class TabularTask:
    """A tabular MDP whose states have named fields that programs read.

    Args:
        mdp: its own reward says what success is; programs never read it.
        fields: of the states; programs may read them, their twins and ``terminated``.
        values: field -> ``(S,)``.
        learning: how candidates are trained.
    """

    name: str
    mdp: TabularMDP
    fields: tuple[Field, ...]
    values: Mapping[str, Floats]
    learning: QLearning

    @cached_property
    def table(self) -> tuple[Field, ...]:
        """Everything that a program may read."""
        return (*with_twins(self.fields), Field("terminated", low=0.0, high=1.0, kind="flag"))

    @cached_property
    def grammar(self) -> Grammar:
        """Random programs of this task."""
        return Grammar.from_fields(self.table)

    @cached_property
    def best(self) -> float:
        """The highest expected discounted return of the MDP's own reward."""
        return float(self.mdp.initial @ value_iteration(self.mdp))

    @cached_property
    def batch(self) -> dict[str, Table]:
        """Every transition that can happen, as floats."""
        return {name: np.asarray(v, np.float64) for name, v in self.mdp.batch(self.values).items()}

    def tables(self, program: Program) -> dict[str, Floats] | None:
        """Expected pay of each part, ``(S, A)``; None where some transition pays NaN or infinity."""
        s, a, after = self.mdp.transitions()
        odds, found = self.mdp.transition[s, a, after], dict[str, Floats]()
        for name, values in program.share(self.batch, None)[0].parts.items():
            paid = np.broadcast_to(np.asarray(values, np.float64), (len(s), 1))[:, 0]
            if not np.isfinite(paid).all():
                return None
            found[name] = np.zeros((self.mdp.states, self.mdp.actions))
            np.add.at(found[name], (s, a), odds * paid)
        return found


@dataclass(frozen=True)
class Trained:
    """One training: success over training as a share of the best possible, and what each part paid.

    ``choices``: the action that the policy takes in each state in the end.
    """

    curve: tuple[float, ...]
    terms: Mapping[str, TermTrace] = field(default_factory=dict[str, TermTrace])
    choices: tuple[int, ...] = ()

    @property
    def peak(self) -> float:
        """The best checkpoint, as Eureka scores."""
        return max(self.curve)

    @property
    def last(self) -> float:
        """Success after training."""
        return self.curve[-1]


def grid_task(
    name: str, text: str, learning: QLearning, discount: float = 0.95, slip: float = 0.0
) -> TabularTask:
    """A grid with fields ``row``, ``column``, ``far`` (steps to the goal on an empty grid), and ``hole``.

    ``hole``: steps to the nearest ``H`` on an empty grid, only where the map has one.  See ``core.grid``.

    Example:
        >>> grid_task("hall", "S..G", QLearning(episodes=10)).values["far"].tolist()
        [3.0, 2.0, 1.0, 0.0]
    """
    mdp = grid.gridworld(text, discount, slip)
    places = grid.cells(text)

    def away(letter: str) -> Floats:
        marks = [(r, c) for r, c, found in places if found == letter]
        return np.array([min(abs(r - x) + abs(c - y) for x, y in marks) for r, c, _ in places], np.float64)

    values: dict[str, Floats] = {**grid.coordinates(text), "far": away("G")}
    if any(letter == "H" for _, _, letter in places):
        values["hole"] = away("H")
    fields = tuple(Field(name, "cell", 0.0, float(v.max())) for name, v in values.items())
    return TabularTask(name, mdp, fields, values, learning)


def train(task: TabularTask, tables: Sequence[Mapping[str, Floats]], seeds: Sequence[int]) -> list[Trained]:
    """Train the k-th reward (pay of its parts, each ``(S, A)``) with the k-th seed.

    The pay of a part is its mean per step under the epsilon-greedy policy of ``POINTS`` checkpoints, weighted
    by discounted visits of states where the episode goes on.
    """
    if not tables:
        return []
    every = max(1, task.learning.episodes // POINTS)
    learning = replace(task.learning, evaluate_every=every, keep_policies=True)
    totals = np.stack([sum(parts.values(), np.zeros(task.mdp.reward.shape[:2])) for parts in tables])
    curves = q_learning(task.mdp, totals, seeds, learning, crossed=False)
    visits = _visits(task.mdp, curves.policies[:, 0, 1:], learning.epsilon)
    success = curves.performance[:, 0, 1:] / task.best
    return [
        Trained(tuple(map(float, curve)), _traces(parts, seen), tuple(map(int, last)))
        for parts, curve, seen, last in zip(tables, success, visits, curves.policies[:, 0, -1], strict=True)
    ]


def play(
    task: TabularTask, choices: Sequence[int], count: int, rng: np.random.Generator
) -> tuple[Episode, ...]:
    """Episodes of a policy; one succeeds whose last step is paid by the task's own reward."""
    mdp = task.mdp
    done = walk(mdp, np.eye(mdp.actions)[list(choices)], count, task.learning.horizon, rng)
    found: list[Episode] = []
    for m in range(count):
        s, a, after = (each[done.live[:, m], m] for each in (done.state, done.action, done.after))
        batch: dict[str, Table] = {"action": a, "terminated": mdp.ends[after].astype(np.float64)}
        for name, values in task.values.items():
            batch |= {name: values[s], f"{NEXT}{name}": values[after]}
        found.append(Episode(batch, bool(len(s)) and bool(mdp.paid(s, a, after)[-1] > 0)))
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """One search.

    Args:
        strategy: what to ask for.
        seed: of all its chances.
        sees: ``order``, ``terms``, ``score``: what it may see of trained candidates, as of a ``Method``.
        rounds, candidates: how many trainings at most.
        writer: who writes; None for the grammar of the task.
        person: who orders the candidates of a round instead of their success.
    """

    strategy: Strategy
    seed: int
    sees: tuple[str, ...] = ("order", "terms", "score")
    rounds: int = 4
    candidates: int = 4
    writer: Writer | None = None
    person: Person | None = None


@dataclass(frozen=True)
class Found:
    """What a search found: candidates of each round, best first, and the true success of each training."""

    rounds: tuple[tuple[Parent, ...], ...] = ()
    trained: Mapping[str, Trained] = field(default_factory=dict[str, Trained])
    pairs: int = 0

    @property
    def best(self) -> Parent | None:
        """Best checkpoint of all rounds; None where nothing could be trained."""
        everyone = [parent for round_ in self.rounds for parent in round_]
        return max(everyone, key=lambda each: self.trained[each.candidate.id].peak, default=None)

    @property
    def last(self) -> Parent | None:
        """The best of the last round that had any."""
        return next((round_[0] for round_ in reversed(self.rounds) if round_), None)


def search(task: TabularTask, plans: Sequence[Plan]) -> list[Found]:
    """Run several searches side by side; none knows of another.

    A program that pays NaN or infinity somewhere is not trained, and has no rank and no score.
    """
    runs = [_Running(task, plan) for plan in plans]
    for number in range(max((plan.rounds for plan in plans), default=0)):
        asked = [run.propose(number) if number < run.plan.rounds else [] for run in runs]
        seeds = [
            _seed(run.plan.seed, number, k)
            for run, new in zip(runs, asked, strict=True)
            for k in range(len(new))
        ]
        done = iter(train(task, [parts for new in asked for _, parts in new], seeds))
        for run, new in zip(runs, asked, strict=True):
            if number < run.plan.rounds:
                run.take(number, [(candidate, next(done)) for candidate, _ in new])
    return [run.found for run in runs]


def retrain(
    task: TabularTask, winners: Sequence[Parent | None], seeds: Sequence[int], fresh: int = 4
) -> Floats:
    """Mean success after training on ``fresh`` seeds that no search used, ``(len(winners),)``.

    The k-th winner is trained with seeds that depend on ``seeds[k]`` only; NaN for a search without a winner.
    """
    there = [k for k, winner in enumerate(winners) if winner is not None]
    tables = [task.tables(winner.candidate.program) or {} for winner in winners if winner is not None]
    numbers = [_fresh(seeds[k], i, fresh) for k in there for i in range(fresh)]
    done = train(task, [parts for parts in tables for _ in range(fresh)], numbers)
    found = np.full(len(winners), np.nan)
    if there:
        found[there] = np.array([each.last for each in done]).reshape(-1, fresh).mean(-1)
    return found


def baseline(task: TabularTask, reward: Floats, seeds: Sequence[int], fresh: int = 4) -> Floats:
    """The same of a reward table ``(S, A)``, or of one for each seed, with the seeds of ``retrain``."""
    numbers = [_fresh(seed, i, fresh) for seed in seeds for i in range(fresh)]
    tables = np.broadcast_to(reward, (len(seeds), *task.mdp.transition.shape[:2]))
    done = train(task, [{"reward": table} for table in tables for _ in range(fresh)], numbers)
    found: Floats = np.array([each.last for each in done]).reshape(-1, fresh).mean(-1)
    return found


def _fresh(seed: int, number: int, count: int) -> int:
    return 10_000 + count * seed + number


class _Running:
    """The state of one search."""

    def __init__(self, task: TabularTask, plan: Plan) -> None:
        self.task, self.plan, self.found = task, plan, Found()
        self.writer: Writer = plan.writer or GrammarWriter(task.grammar)
        self.state, self.written = plan.strategy.start(), self.writer.start()
        self.asked: dict[str, Ask] = {}
        self.rng, self.known = np.random.default_rng([plan.seed, 1]), frozenset[str]()

    def view(self, number: int) -> View:
        rounds = self.found.rounds
        if "order" not in self.plan.sees or not rounds:
            return View(number, self.plan.rounds, known=self.known)
        everyone = [parent for round_ in reversed(rounds) for parent in round_]
        if self.plan.person is None:
            everyone.sort(key=lambda each: -self.found.trained[each.candidate.id].peak)
        return View(number, self.plan.rounds, tuple(everyone), rounds[-1], self.known)

    def propose(self, number: int) -> list[tuple[Candidate, dict[str, Floats]]]:
        asks = self.plan.strategy.asks(self.state, self.view(number), self.plan.candidates, self.rng)
        new: list[tuple[Candidate, dict[str, Floats]]] = []
        for k, draft in enumerate(self.writer.write(self.written, asks, self.known, self.rng)):
            if draft.program is None:
                continue
            self.known |= {draft.program.structural_hash}
            try:
                parts = self.task.tables(draft.program)
            except ProgramError:
                parts = None
            if parts is not None:
                candidate = Candidate(f"r{number}c{k}", draft.program, draft.ask.operator, draft.ask.names)
                new.append((candidate, parts))
                self.asked[candidate.id] = draft.ask
        return new

    def take(self, number: int, done: Sequence[tuple[Candidate, Trained]]) -> None:
        sees, truth = self.plan.sees, {each.id: trained.peak for each, trained in done}
        order, pairs = _order(number, [each for each, _ in done], truth, self.plan.person)
        parents = {
            each.id: Parent(
                each,
                trained.terms if "terms" in sees else {},
                trained.peak if "score" in sees else None,
                trained.curve if "score" in sees else (),
            )
            for each, trained in done
        }
        rounds = (*self.found.rounds, tuple(parents[name] for name in order))
        trained = {**self.found.trained, **{each.id: result for each, result in done}}
        self.found = Found(rounds, trained, self.found.pairs + pairs)
        self.state = self.plan.strategy.learn(self.state, self.view(number + 1))
        drafts = [Draft(each.program, self.asked[each.id]) for each, _ in done]
        self.written = self.writer.learn(self.written, drafts, list(truth.values()) if "score" in sees else [])


def _order(
    number: int, shown: Sequence[Candidate], truth: Mapping[str, float], person: Person | None
) -> tuple[list[str], int]:
    """Ids, best first, and how many comparisons that took; who is not named stays in between, as proposed."""
    ids = [each.id for each in shown]
    if person is None:
        return sorted(ids, key=lambda name: -truth[name]), 0
    rows = tuple(Shown(each.id, str(each.program), "", None) for each in shown)
    answer = person.answer(Question(number, "which is best, which is worst?", rows, ""), truth)
    place = {answer.best: -1, answer.worst: 1}
    return sorted(ids, key=lambda name: place.get(name, 0)), len(answer.pairs(ids))


def _visits(mdp: TabularMDP, choices: Table, epsilon: float) -> Floats:
    """Shares of steps ``(K, E, S, A)`` of epsilon-greedy policies, from their greedy actions ``(K, E, S)``."""
    policy = (1 - epsilon) * np.eye(mdp.actions)[choices] + epsilon / mdp.actions
    chained = np.einsum("kesa,sat->kest", policy, mdp.transition)
    matrix = np.eye(mdp.states) - mdp.discount * np.swapaxes(chained, -1, -2)
    states = np.linalg.solve(matrix, np.broadcast_to(mdp.initial[:, None], (*choices.shape, 1)))
    visits: Floats = np.where(mdp.ends[:, None], 0.0, policy * states)
    return visits / np.maximum(visits.sum((-1, -2), keepdims=True), 1e-12)


def _traces(parts: Mapping[str, Floats], visits: Floats) -> dict[str, TermTrace]:
    """What each part paid per step at each checkpoint, and its share of all that was paid."""
    sizes = {name: float((visits * np.abs(table)).sum((-1, -2)).mean()) for name, table in parts.items()}
    whole, fifth = sum(sizes.values()), max(1, len(visits) // 5)
    traces: dict[str, TermTrace] = {}
    for name, table in parts.items():
        paid = (visits * table).sum((-1, -2))
        early, late = float(paid[:fifth].mean()), float(paid[-fifth:].mean())
        traces[name] = TermTrace(
            early, late, sizes[name] / whole if whole > 0 else 0.0, tuple(map(float, paid))
        )
    return traces


def _seed(*numbers: Any) -> int:
    """An independent seed for each combination of numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
