"""The loop: propose -> screen -> train -> evaluate -> select -> revise, and then an honest final report.

Everything is a function of the configuration: each stage is recorded under a key, and a run that was
killed reads the finished stages back and goes on with the next, so it ends with the same content.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .. import tasks
from ..core.errors import StoreError
from ..core.stats import mean_interval
from ..program import Grammar
from ..store import Run
from ..tasks.record import record_steps
from . import final
from .candidate import Candidate, Parent, View
from .config import Design, describe
from .propose import Draft, Proposer, make_proposer
from .race import Race, Result, Standing, joined, run_race
from .screen import Refusal, screen
from .select import choose, pruned


class Watcher(Protocol):
    """Whoever wants to see progress."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        ...


class Silent:
    """Nobody watches."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Ignore."""


def design(config: Design, root: Path | str | None = None, watch: Watcher | None = None) -> Run:
    """Search for a reward, and report honestly what was found.

    Args:
        config: what to do; the same configuration continues the run that it already has.
        root: the runs folder; None for ``$REWARDSMITH_RUNS`` or ``./runs``.
        watch: is told of progress.

    Returns:
        The finished run, open for reading.
    """
    task = tasks.resolve(config.task)
    config = config.budgeted(task)
    run = Run.create(root, config.record(task))
    with run:
        if run.finished is None:
            Search(config, task, run, watch or Silent()).go()
        folder = run.folder
    return Run.open(folder.parent, folder)


@dataclass
class Search:
    """The state of a search in this process; all of it can be rebuilt from the journal."""

    config: Design
    task: tasks.Task
    run: Run
    watch: Watcher
    candidates: dict[str, Candidate] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    values: list[Any] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    selection: dict[str, Standing] = field(default_factory=dict)

    def go(self) -> None:
        method = self.config.resolved
        self.run.record("task", "task", describe(self.task))
        self.watch.event("start", {"task": self.task, "run": self.run, "method": method.name})
        self.grammar = Grammar.from_fields(self.task.table())
        self.steps = record_steps(self.task, self.config.seed)
        proposer = make_proposer(method, self.grammar)
        states = [proposer.start() for _ in range(method.islands)]
        for number in range(method.rounds):
            states = self._round(number, proposer, states)
            if self._good_enough():
                break
        winner = self._select()
        final.report(self, winner)
        count = len(self.candidates) + sum(self.refused.values())
        best = (self.run.done("final") or {})["best"]
        self.run.finish({"programs": count, "screened": sum(self.refused.values()), "best": best})

    # ------------------------------------------------------------------ one round
    def _round(self, number: int, proposer: Proposer, states: list[Any]) -> list[Any]:
        method = self.config.resolved
        count = self._count()
        proposed: list[list[tuple[Draft, Candidate | None]]] = []
        rows: list[dict[str, Any]] = []
        for island, state in enumerate(states):
            rng = np.random.default_rng([self.config.seed, number, island])
            drafts = self._accepted(proposer, state, self._view(number, island), count, rng)
            proposed.append([self._enter(draft, refusal, number, island, rows) for draft, refusal in drafts])
        self.run.record("proposed", f"round/{number}/proposed", {"round": number, "candidates": rows})
        entered = [each for island in proposed for _, each in island if each is not None]
        self.watch.event("round", self._round_data(number, entered))
        if not entered:
            return states
        survivors = max(1, round(method.survivors * len(entered)))
        race = self._race(f"round/{number}/trained/search", entered, "search", method.first, survivors, number)
        self.standings |= {standing.id: standing for standing in race.standings}
        self._confirm(number, race.standings)
        self._record_selection(number)
        return [self._learn(proposer, s, island) for s, island in zip(states, proposed, strict=True)]

    def _count(self) -> int:
        """Candidates per round and island, so that first trainings and confirmations fit the budget."""
        method, trainings = self.config.resolved, self.config.trainings
        assert trainings is not None
        each = self.config.seeds + method.confirmed * method.confirm
        return max(method.smallest, int(trainings / (method.rounds * method.islands * each)))

    def _confirm(self, number: int, standings: Sequence[Standing]) -> None:
        """Train the best of a round again on further seeds."""
        method = self.config.resolved
        best = [s for s in standings if s.finished and not np.isnan(s.mean)]
        best = best[: int(method.confirmed * len(standings))]
        if not best:
            return
        entered = [self.candidates[standing.id] for standing in best]
        race = self._race(f"round/{number}/trained/confirm", entered, "confirm", 1.0, 0, number)
        again = {standing.id: standing for standing in race.standings}
        self.standings |= {s.id: joined(s, again[s.id]) for s in best}

    def _accepted(
        self, proposer: Proposer, state: Any, view: View, count: int, rng: np.random.Generator
    ) -> list[tuple[Draft, Refusal | None]]:
        """Propose until ``count`` programs pass the screens (or the proposer has nothing new)."""
        found: list[tuple[Draft, Refusal | None]] = []
        passed = 0
        for _ in range(8):
            drafts = proposer.propose(state, view, count - passed, rng)
            for draft in drafts:
                verdict = screen(draft.program, self.steps, self.task.ending, self.task.discount, self.values)
                found.append((draft, verdict.refusal))
                if verdict.refusal is None:
                    self.values.append(verdict.values)
                    passed += 1
            self.known |= {draft.program.structural_hash for draft in drafts}
            view = View(view.round, view.parents, frozenset(self.known))
            if passed >= count or not drafts:
                break
        return found

    def _enter(
        self, draft: Draft, refusal: Refusal | None, number: int, island: int, rows: list[dict[str, Any]]
    ) -> tuple[Draft, Candidate | None]:
        made = Candidate(f"r{number}c{len(rows)}", draft.program, draft.operator, draft.parents, island)
        rows.append({**made.record(), "screened": refusal.record() if refusal else None})
        if refusal is not None:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
            return draft, None
        self.candidates[made.id] = made
        return draft, made

    def _view(self, number: int, island: int) -> View:
        """What proposers may see; success only where the method's configuration says ``score``."""
        method = self.config.resolved
        parents: list[Parent] = []
        if "order" in method.sees:
            for standing in self._ranked(island)[: method.parents]:
                terms = standing.terms if "terms" in method.sees else {}
                score = standing.mean if "score" in method.sees else None
                parents.append(Parent(self.candidates[standing.id], terms, score))
        return View(number, tuple(parents), frozenset(self.known))

    def _learn(self, proposer: Proposer, state: Any, island: list[tuple[Draft, Candidate | None]]) -> Any:
        if "score" not in self.config.resolved.sees:
            return proposer.learn(state, [], [])
        scores = [None if made is None else self.standings[made.id].mean for _, made in island]
        return proposer.learn(state, [draft for draft, _ in island], scores)

    # ------------------------------------------------------------------ selection
    def _ranked(self, island: int | None = None) -> list[Standing]:
        mine = (
            s
            for s in self.standings.values()
            if not np.isnan(s.mean) and (island is None or self.candidates[s.id].island == island)
        )
        return sorted(mine, key=lambda standing: standing.order)

    def _record_selection(self, number: int) -> None:
        ranked = self._ranked()
        payload: dict[str, Any] = {"round": number, "parents": [], "incumbent": None, "tied": []}
        if ranked:
            best = ranked[0]
            tied = [s.id for s in ranked[1:] if s.finished and s.mean == best.mean]
            interval = _interval(best.success)
            payload = {
                "round": number,
                "parents": [s.id for s in ranked[: self.config.resolved.parents]],
                "incumbent": best.id,
                "incumbent_success": interval,
                "tied": tied,
                "best": best.mean,
            }
            data = {
                "round": number,
                "id": best.id,
                "success": interval,
                "text": str(self.candidates[best.id].program),
            }
            self.watch.event("best", data)
        self.run.record("selected", f"round/{number}/selected", payload)

    def _good_enough(self) -> bool:
        method = self.config.resolved
        good = [s for s in self._ranked() if s.confirmed and s.mean >= method.enough]
        return len(good) >= method.agreeing

    def _select(self) -> Candidate:
        """Train the best again on selection seeds, which nothing was chosen on before."""
        ranked = [s for s in self._ranked() if s.finished] or self._ranked()
        if not ranked:
            raise StoreError(
                f"no candidate of run {self.run.id} could be trained: every reward was refused or infinite "
                f"({', '.join(f'{k} {v}' for k, v in sorted(self.refused.items())) or 'none proposed'}); "
                "allow more trainings"
            )
        number = self.config.resolved.rounds
        best = [self.candidates[s.id] for s in ranked[: self.config.resolved.finalists]]
        simpler = pruned(best, self.standings)
        self.candidates |= {each.id: each for each in simpler}
        rows = [{**each.record(), "screened": None} for each in simpler]
        self.run.record("proposed", "selection/proposed", {"round": number, "candidates": rows})
        result = self._race("selection/trained", [*best, *simpler], "selection", 1.0, 0, number)
        self.selection = {standing.id: standing for standing in result.standings}
        known = [standing for standing in result.standings if not np.isnan(standing.mean)]
        return choose(known or result.standings, self.candidates)

    # ------------------------------------------------------------------ training
    def _race(
        self, key: str, entered: Sequence[Candidate], stage: str, first: float, survivors: int, number: int
    ) -> Result:
        race = Race(
            key,
            self.task,
            tuple(each.program for each in entered),
            tuple(each.id for each in entered),
            tuple(self.config.all_seeds().of(stage)),
            self.config.config(),
            first,
            survivors,
            {"round": number, "stage": stage},
        )
        return run_race(self.run, race, self.progress(stage), self.span)

    def progress(self, stage: str) -> Any:
        """A callback for trainers that adds rates."""
        clock = _Clock(stage, self.watch)
        return clock.report

    @contextmanager
    def span(self, key: str) -> Generator[None]:
        """Note how long a stage took, apart from the results."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        self.run.record("clock", f"clock/{key}", {"stage": key}, timing=took)

    def _round_data(self, number: int, entered: Sequence[Candidate]) -> dict[str, Any]:
        rounds = self.config.resolved.rounds
        return {"round": number, "rounds": rounds, "training": len(entered), "screened": dict(self.refused)}


@dataclass
class _Clock:
    stage: str
    watch: Watcher
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    steps: int = 0
    seen: int = -1

    def report(self, data: dict[str, Any]) -> None:
        self.steps += max(0, data["done"] - max(self.seen, 0)) * data["steps_per_round"]
        self.seen = data["done"]
        wall = max(time.perf_counter() - self.wall, 1e-9)
        rate = self.steps / wall
        left = (data["total"] - data["done"]) * data["steps_per_round"]
        self.watch.event(
            "progress",
            {
                "stage": self.stage,
                "done_steps": data["done"] * data["steps_per_round"],
                "total_steps": data["total"] * data["steps_per_round"],
                "alive": data["members"],
                "steps_per_s": rate,
                "cores": (time.process_time() - self.cpu) / wall,
                "eta_s": left / rate if rate > 0 else float("nan"),
            },
        )


def _interval(values: Sequence[float]) -> dict[str, Any]:
    found = mean_interval(list(values))
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}
