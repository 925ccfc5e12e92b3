"""The loop: propose -> screen -> train -> evaluate -> select -> revise, and then an honest final report.

Everything is a function of the configuration: each stage is recorded under a key, and a run that was
killed reads the finished stages back and goes on with the next, so it ends with the same content.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .. import tasks
from ..core.algebra import Reward
from ..core.stats import mean_interval
from ..feedback.person import Person, parse_person
from ..measure.exploit.known import FOLDER, Known, known, scripted
from ..optimize.control.cluster import Engine, Local
from ..store import Run
from ..tasks.record import record_steps
from . import final
from .advice import Advice, advise
from .candidate import Candidate, Parent, View, identity, in_order, when
from .clock import Clock, Silent
from .clock import Watcher as Watcher
from .compose import composed, uncomposed
from .config import Design, describe
from .doubts import doubted
from .fitting import fitted
from .history import history_record, with_history
from .notes import notes
from .people import Audience, film_simulator, said_before
from .propose.ask import Ask, Draft
from .propose.writers import make_writer
from .race import Race, Result, Standing, joined
from .sandboxed import sandboxed
from .screen.judge import judge
from .screen.protocol import Episode, Evidence
from .screen.refusal import Refusal
from .train import Site, Trainer, make_trainer
from .winner import select_winner

PARENTS = 8  # that the journal names after a round
KEEP = 8  # episodes of each trained member that are recorded for screens


def design(
    config: Design,
    root: Path | str | None = None,
    watch: Watcher | None = None,
    engine: Engine | None = None,
    person: Person | None = None,
    store: str | None = None,
) -> Run:
    """Search for a reward, and report honestly what was found.

    Args:
        config: what to do; the same configuration continues the run that it already has.
        root: the runs folder; None for ``$REWARDSMITH_RUNS`` or ``./runs``.
        watch: is told of progress.
        engine: where trainings run, this process if None; it changes the time that they take, not the result.
        store: as of ``Run.create``: where the journal of a new run is kept.
        person: who answers where the method asks people, unless ``config.feedback`` names a script.

    Returns:
        The finished run, open for reading.
    """
    task = tasks.resolve(config.task)
    config = config.budgeted(task)
    run = Run.create(root, config.record(task), store=store)
    with run:
        if run.finished is None:
            answering = person if config.feedback is None else parse_person(config.feedback) or person
            search = Search(config, task, run, watch or Silent(), engine or Local())
            search.audience.person = answering
            with sandboxed(config, run):
                search.go()
        folder = run.folder
    return Run.open(folder.parent, folder)


@dataclass
class Search:
    """The state of a search in this process; all of it can be rebuilt from the journal."""

    config: Design
    task: tasks.Task
    run: Run
    watch: Watcher
    engine: Engine = field(default_factory=Local)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    latest: tuple[str, ...] = ()
    known: set[str] = field(default_factory=set)
    accepted: list[tuple[Any, Any]] = field(default_factory=list)
    played: dict[str, tuple[Episode, ...]] = field(default_factory=dict)
    exploits: tuple[Known, ...] = ()
    audience: Audience = field(default_factory=Audience)
    advice: Advice = field(default_factory=Advice)
    refused: dict[str, int] = field(default_factory=dict)
    selection: dict[str, Standing] = field(default_factory=dict)
    critics: tuple[Reward, ...] | None = None

    @cached_property
    def trainer(self) -> Trainer:
        """How candidates are trained; it may keep state from round to round."""
        return make_trainer(self.config.resolved.training.kind)

    def go(self) -> None:
        method = self.config.resolved
        self.run.record("task", "task", describe(self.task))
        self.watch.event("start", {"task": self.task, "run": self.run, "method": method.name})
        self.steps = record_steps(self.task, self.config.seed)
        self.writer = make_writer(self.config, self.task, self.steps)
        if self.config.llm is not None:
            llm = self.config.llm
            address = {"base_url": llm.base_url, "key_variable": llm.key_variable}
            self.run.record("endpoint", "endpoint", {"model": llm.model}, timing=address)
            self.run.record("prompts", "prompts", self.config.model_writer(self.task).prompts_record())
        if "exploits" in method.uses:
            self.exploits = (*known(FOLDER, self.task), *scripted(self.task, self.config.seed))
        state, written = method.strategy.start(), self.writer.start()
        for number in range(self.config.rounds):
            drafts = self._round(number, state, written)
            written = self._learned(written, drafts)
            state = method.strategy.learn(state, self._view(number))
            if self._good_enough():
                break
            advise(self, number, state)
        final.report(self, select_winner(self))
        count = len(self.candidates) + sum(self.refused.values())
        best = (self.run.done("final") or {})["best"]
        self.run.finish({"programs": count, "screened": sum(self.refused.values()), "best": best})

    # ------------------------------------------------------------------ one round
    def _round(self, number: int, state: Any, written: Any) -> list[tuple[Draft, Candidate | None]]:
        training = self.config.resolved.training
        rows: list[dict[str, Any]] = []
        found = self._accepted(number, state, written)
        self.latest = ()  # not before: strategies answer the last round
        drafts = [(draft, self._enter(draft, refusal, number, rows)) for draft, refusal in found]
        spent = self.writer.spent()
        payload = {"round": number, "writer": self.writer.label, "candidates": rows}
        payload |= {"spent": spent} if spent else {}
        payload |= history_record(draft for draft, _ in drafts)
        self.run.record("proposed", f"round/{number}/proposed", payload)
        entered = [each for _, each in drafts if each is not None]
        self.watch.event("round", self._round_data(number, entered))
        if not entered:
            return drafts
        survivors = max(1, round(training.survivors * len(entered))) if training.first < 1.0 else 0
        key = f"round/{number}/trained/search"
        race = self.race(key, entered, "search", training.first, survivors, number)
        self.standings |= {standing.id: standing for standing in race.standings}
        self.latest = tuple(standing.id for standing in race.standings)
        self.played |= race.episodes
        if self.audience.person is not None and not self.task.is_array and race.population is not None:
            film_simulator(self.run, self.task, tuple(each.id for each in entered), race.population)
        self._confirm(number, race.standings)
        self._ask_people(number)
        self._record_selection(number)
        return drafts

    def _ask_people(self, number: int) -> None:
        """Show the round's candidates, and the best so far beside them, to whoever watches."""
        earlier = [s.id for s in self.ranked() if s.id not in self.latest][:1]
        names = [name for name in self.latest if not np.isnan(self.standings[name].mean)] + earlier
        shown = [self.candidates[name] for name in sorted(names, key=when)]
        truth = {name: self.standings[name].mean for name in names}
        self.audience.ask(self.run, self.task, number, shown, self.played, truth)

    def _count(self) -> int:
        """Candidates per round, so that first trainings and confirmations fit the budget."""
        method, trainings = self.config.resolved, self.config.trainings
        assert trainings is not None
        each = self.config.each + method.training.confirmed * method.training.confirm
        return max(method.smallest, int(trainings / (self.config.rounds * each)))

    def _confirm(self, number: int, standings: Sequence[Standing]) -> None:
        """Train the best of a round again on further seeds."""
        training = self.config.resolved.training
        best = [s for s in standings if s.finished and not np.isnan(s.mean)]
        best = best[: int(training.confirmed * len(standings))]
        if not best:
            return
        entered = [self.candidates[standing.id] for standing in best]
        race = self.race(f"round/{number}/trained/confirm", entered, "confirm", 1.0, 0, number)
        again = {standing.id: standing for standing in race.standings}
        self.standings |= {s.id: joined(s, again[s.id]) for s in best}

    def upcoming(self, number: int, state: Any) -> list[Ask]:
        """What the strategy will ask for first in a round."""
        rng = np.random.default_rng([self.config.seed, number])
        return self.config.resolved.strategy.asks(state, self._view(number), self._count(), rng)

    def _accepted(self, number: int, state: Any, written: Any) -> list[tuple[Draft, Refusal | None]]:
        """Ask until enough programs pass the screens (or nothing new is written)."""
        found: list[tuple[Draft, Refusal | None]] = []
        count, passed = self._count(), 0
        rng, compose = np.random.default_rng([self.config.seed, number]), self.config.resolved.writing.compose
        for _ in range(8):
            asks = self.config.resolved.strategy.asks(state, self._view(number), count - passed, rng)
            count = min(count, passed + len(asks))  # a strategy may want fewer: elites keep their places
            told = with_history(asks, self._view(number), self.candidates, self.config.resolved.writing)
            plain = [uncomposed(ask, compose) for ask in told]
            new = self.writer.write(written, plain, frozenset(self.known), rng)
            drafts = fitted(self, number, [composed(draft, compose) for draft in new])
            verdicts = self._screened(drafts)
            found += zip(drafts, verdicts, strict=True)
            passed += sum(verdict is None for verdict in verdicts)
            made = (draft for draft in (*new, *drafts) if draft.program is not None)
            self.known |= {identity(draft.program, draft.observation) for draft in made}
            if passed >= count or not drafts:
                break
        return doubted(found, self.config.resolved.screens, self.steps)

    def _screened(self, drafts: Sequence[Draft]) -> list[Refusal | None]:
        """A verdict for each draft; what passes counts as known for the ones after it."""
        verdicts: list[Refusal | None] = []
        programs = tuple(draft.program for draft in drafts if draft.program is not None)
        for draft in drafts:
            if draft.refusal is not None:
                verdicts.append(draft.refusal)
                continue
            verdict = judge(draft.program, self.config.resolved.screens, self._evidence(programs))
            if verdict.refusal is None:
                self.accepted.append((draft.program, verdict.values))
            verdicts.append(verdict.refusal)
        return verdicts

    def _evidence(self, programs: tuple[Any, ...]) -> Evidence:
        # what screens are shown of success is bounded by what the method sees
        judged = self.played.values() if "score" in self.config.resolved.sees else ()
        episodes = tuple(one for each in judged for one in each)
        return Evidence(self.task, self.steps, tuple(self.accepted), programs, episodes, self.exploits)

    def _enter(
        self, draft: Draft, refusal: Refusal | None, number: int, rows: list[dict[str, Any]]
    ) -> Candidate | None:
        ask = draft.ask
        name = f"r{number}c{len(rows)}"
        made = Candidate(name, draft.program, ask.operator, ask.names, ask.island, draft.observation)
        made = replace(made, fitted=draft.fitted, doubts=draft.doubts)
        rows.append({**made.record(), "screened": refusal.record() if refusal else None})
        if draft.text:
            rows[-1]["reply"] = draft.text
        if refusal is not None:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
            return None
        self.candidates[made.id] = made
        return made

    def _view(self, number: int) -> View:
        """What strategies and writers may see; success only where the method's configuration says ``score``."""
        method = self.config.resolved
        known = frozenset(self.known)
        if "order" not in method.sees:
            return View(number, self.config.rounds, known=known)
        parents = {standing.id: self._parent(standing) for standing in self.ranked()}
        latest = tuple(parents[name] for name in parents if name in self.latest)
        return View(number, self.config.rounds, tuple(parents.values()), latest, known)

    def _parent(self, standing: Standing) -> Parent:
        sees, candidate = self.config.resolved.sees, self.candidates[standing.id]
        return Parent(
            candidate,
            in_order(standing.terms, candidate.program.names) if "terms" in sees else {},
            standing.mean if "score" in sees else None,
            standing.curve if "score" in sees else (),
            standing.confirmed,
            self._notes(standing),
        )

    def _notes(self, standing: Standing) -> tuple[str, ...]:
        """What is said of a candidate in words; words about success only where success is seen."""
        method, candidate = self.config.resolved, self.candidates[standing.id]
        words = self.audience.words.get(standing.id, ())
        if method.writing.language == "parameters":  # what is not spoken against must be kept
            words = said_before(self.audience.words, self.candidates, standing.id)
        said = (*words, *self.advice.words.get(standing.id, ()))
        if "score" not in method.sees:
            return said
        fields = [f.name for f in self.task.fields if f.kind == "state"]
        return (*notes(method.writing.feedback, candidate, standing, self.played, fields), *said)

    def _learned(self, written: Any, drafts: Sequence[tuple[Draft, Candidate | None]]) -> Any:
        if "score" not in self.config.resolved.sees:
            return self.writer.learn(written, [draft for draft, _ in drafts], [])
        scores = [None if made is None else self.standings[made.id].mean for _, made in drafts]
        return self.writer.learn(written, [draft for draft, _ in drafts], scores)

    # ------------------------------------------------------------------ selection
    def ranked(self) -> list[Standing]:
        """Candidates with a verdict, best first."""
        known = (s for s in self.standings.values() if not np.isnan(s.mean))
        if self.config.resolved.selection.judge == "people":
            liked = self.audience.merits
            return sorted(known, key=lambda s: (-liked.get(s.id, 0.0), when(s.id)))
        return sorted(known, key=lambda standing: standing.order)

    def _record_selection(self, number: int) -> None:
        ranked = self.ranked()
        payload: dict[str, Any] = {"round": number, "parents": [], "incumbent": None, "tied": []}
        if ranked:
            best = ranked[0]
            tied = [s.id for s in ranked[1:] if s.finished and s.mean == best.mean]
            interval = _interval(best.success)
            payload = {
                "round": number,
                "parents": [s.id for s in ranked[:PARENTS]],
                "incumbent": best.id,
                "incumbent_success": interval,
                "tied": tied,
                "best": best.mean,
            }
            data = {
                "round": number,
                "id": best.id,
                # people who judge must not be told
                "success": None if self.config.resolved.selection.judge == "people" else interval,
                "text": str(self.candidates[best.id].program),
            }
            self.watch.event("best", data)
        self.run.record("selected", f"round/{number}/selected", payload)

    def _good_enough(self) -> bool:
        selection = self.config.resolved.selection
        good = [s for s in self.ranked() if s.confirmed and s.mean >= selection.enough]
        return len(good) >= selection.agreeing

    # ------------------------------------------------------------------ training
    def race(
        self, key: str, entered: Sequence[Candidate], stage: str, first: float, survivors: int, number: int
    ) -> Result:
        """Train candidates on the seeds of a stage, as the method trains; recorded under ``key``."""
        race = Race(
            key,
            self.task,
            tuple(each.reward for each in entered),
            tuple(each.id for each in entered),
            tuple(self.config.all_seeds().of(stage)),
            self.config.config(),
            first,
            survivors,
            self.config.resolved.training.least,
            KEEP if stage == "search" and "episodes" in self.config.resolved.uses else 0,
            {"round": number, "stage": stage},
            self.config.resolved.observed(each.observation for each in entered),
            self.config.resolved.training.checkpoint,
        )
        return self.trainer.train(race, Site(self.run, self.engine, self.progress(stage), self.span))

    def progress(self, stage: str) -> Any:
        """A callback for trainers that adds rates."""
        clock = Clock(stage, self.watch)
        return clock.report

    @contextmanager
    def span(self, key: str) -> Generator[None]:
        """Note how long a stage took, apart from the results."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        self.run.record("clock", f"clock/{key}", {"stage": key}, timing=took)

    def _round_data(self, number: int, entered: Sequence[Candidate]) -> dict[str, Any]:
        rounds = self.config.rounds
        return {"round": number, "rounds": rounds, "training": len(entered), "screened": dict(self.refused)}


def _interval(values: Sequence[float]) -> dict[str, Any]:
    found = mean_interval(list(values))
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}
