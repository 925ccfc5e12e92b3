"""The loop from end to end on a real task: what is recorded, counted and reported."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.stats import mean_interval
from rewardsmith.design import Design, design, from_record, methods, outcome
from rewardsmith.design.candidate import View
from rewardsmith.design.propose.grammar import GrammarWriter
from rewardsmith.design.race import _traces
from rewardsmith.design.select import NOISE
from rewardsmith.design.strategy import Evolve
from rewardsmith.program import Grammar, parse
from rewardsmith.tasks import load

TASK = load("pendulum_hold")
BUDGET = {"trainings": 24, "steps": 16_384, "seeds": 1, "ppo": (("envs", 8), ("rollout", 64))}

HONEST = ("rewardsmith", "islands", "derl")
OTHERS = sorted(set(methods()) - set(HONEST))


class Notes:
    def __init__(self):
        self.kinds = []

    def event(self, kind, data):
        self.kinds.append(kind)


@pytest.fixture(scope="module", params=HONEST)
def finished(request, tmp_path_factory):
    notes = Notes()
    run = design(Design("pendulum_hold", request.param, **BUDGET), tmp_path_factory.mktemp("runs"), notes)
    yield request.param, run, notes
    run.close()


def test_the_outcome_is_complete_and_consistent(finished):
    method, run, notes = finished
    found = outcome(run)
    assert found["status"] == "finished"
    assert found["method"] == method
    assert {"start", "round", "best", "controls", "progress", "final"} <= set(notes.kinds)
    success = found["success"]
    assert len(success["per_seed"]) == len(success["seeds"]) == 8
    interval = mean_interval(success["per_seed"])
    assert success["mean"] == interval.mean
    assert 0.0 <= success["low"] <= success["mean"] <= success["high"] <= 1.0
    assert math.isclose(found["shrinkage"], found["selected_on"] - success["mean"])
    assert {name: len(found["controls"][name]["per_seed"]) for name in ("zero", "sparse", "native")} == {
        "zero": 8,
        "sparse": 8,
        "native": 8,
    }
    assert found["words"]
    parse(found["reward"], TASK)


def test_the_budget_is_measured(finished):
    """Oracle: count members and steps in the journal by hand."""
    _, run, _ = finished
    trained = dict.fromkeys(("search", "confirm", "selection"), 0)
    for event in run.events("trained"):
        trained[event.payload["stage"]] += event.payload["cost"]["trainings"]
    assert trained["search"] + trained["confirm"] <= BUDGET["trainings"]
    rows = [(e.key, row) for e in run.events("proposed") for row in e.payload["candidates"]]
    searched = [row for key, row in rows if key.startswith("round/")]
    assert trained["search"] == sum(row["screened"] is None for row in searched)
    assert outcome(run)["programs"] == len(rows)
    selection = next(e for e in run.events("trained") if e.payload["stage"] == "selection")
    assert selection.payload["cost"]["env_steps"] == len(selection.payload["members"]) * BUDGET["steps"]
    controls = run.done("controls")["cost"]
    assert controls == {"env_steps": 4 * 8 * BUDGET["steps"], "trainings": 32}
    assert outcome(run)["trainings"] == sum(trained.values()) + 32


def test_the_winner_was_chosen_on_seeds_of_its_own(finished):
    _, run, _ = finished
    final = run.done("final")
    used = {stage: set() for stage in ("search", "confirm", "selection")}
    for event in run.events("trained"):
        used[event.payload["stage"]] |= {member["seed"] for member in event.payload["members"]}
    used["final"] = set(final["success"]["seeds"])
    assert sum(map(len, used.values())) == len(set().union(*used.values()))
    selection = next(e for e in run.events("trained") if e.payload["stage"] == "selection")
    means = {row["id"]: np.mean(row["success"]) for row in selection.payload["standings"]}
    assert final["selected_on"] == means[final["id"]]
    assert final["selected_on"] >= max(means.values()) - NOISE


def test_what_the_report_needs_is_stored(finished):
    _, run, _ = finished
    final, arrays = run.done("final"), run.arrays("final")
    terms = [arrays[f"episode/term/{name}"] for name in final["term_names"]]
    alive = arrays["episode/alive"]
    assert alive.shape[1] == TASK.horizon
    total = np.sum(terms, axis=0)[alive]
    assert np.isfinite(total).all()
    assert arrays["heat/reward"].shape == (len(arrays["heat/y"]), len(arrays["heat/x"]))
    assert run.done("film")["kind"] == "sketch"
    assert len(run.done("film")["frames"]) > 50


def test_the_same_design_again_trains_nothing(finished):
    method, run, _ = finished
    notes = Notes()
    again = design(Design("pendulum_hold", method, **BUDGET), run.folder.parent, notes)
    assert again.id == run.id
    assert notes.kinds == []
    again.close()


@pytest.mark.parametrize("method", OTHERS)
def test_every_other_method_runs_to_its_end(tmp_path, method):
    asks = methods()[method].selection.judge == "people"
    budget = BUDGET | {"trainings": 8, "steps": 1024, "controls": False}
    person = "scripted:success" if asks else None
    task = "cartpole" if method == "lares" else "pendulum_hold"  # its learner knows choices only
    run = design(Design(task, method, feedback=person, **budget), tmp_path)
    found = outcome(run)
    answers = len(run.events("answer"))
    again = design(run_config(run), tmp_path)
    assert again.fingerprint() == run.fingerprint()
    for each in (again, run):
        each.close()
    assert found["status"] == "finished"
    assert found["method"] == method
    assert len(found["success"]["per_seed"]) == 8
    assert (answers > 0) == asks


def run_config(run):
    return from_record(run.config)


def test_evolution_begins_with_every_signal_alone() -> None:
    grammar = Grammar.from_fields(load("cartpole_swingup").table())
    writer, rng = GrammarWriter(grammar), np.random.default_rng(0)
    asks = Evolve(survey=1.0).asks((), View(0, 5), 6, rng)
    drafts = writer.write((), asks, frozenset(), rng)
    assert {draft.ask.operator for draft in drafts} == {"survey"}
    parts = {draft.program.names[0].removesuffix("_bump") for draft in drafts}
    assert parts == {signal.label for signal in grammar.states}
    assert {ask.operator for ask in Evolve(survey=0.0).asks((), View(0, 5), 6, rng)} == {"fresh"}


def test_a_part_that_overflows_has_no_mean_and_stops_no_search() -> None:
    overflowing = {"fine": np.ones(10, np.float32), "huge": np.full(10, np.inf, np.float32)}
    found = _traces([overflowing, overflowing])
    assert (found["fine"].early, found["fine"].late) == (1.0, 1.0)
    assert all(math.isnan(value) for value in (found["huge"].early, found["huge"].late, found["huge"].share))
