"""``training.checkpoint: peak``: every stage judges the best checkpoint, also after a stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from rewardsmith.design import Design, design, load_method, methods
from rewardsmith.design.final import _STARTS as FINAL_STARTS
from rewardsmith.design.final import EPISODES as FINAL_EPISODES
from rewardsmith.design.race import CHUNKS, EPISODES, STARTS
from rewardsmith.design.schema import flat, parse_method, record_of
from rewardsmith.optimize.control import PPO, Policy, Population, evaluate
from rewardsmith.program import parse
from rewardsmith.store import Run
from rewardsmith.tasks import load

TASK = load("cartpole")
SETTINGS: dict[str, Any] = {"envs": 4, "hidden": (8,), "minibatches": 2, "rollout": 32}
STEPS = 2048
CUT = 0.45  # of 16 iterations: the seventh, which is no other checkpoint
ERA = load_method("era_s")
# losers are dropped, the best are confirmed, the winner is selected on seeds of its own: every stage is there
METHOD = replace(
    ERA,
    rounds=2,
    training=replace(ERA.training, first=CUT, survivors=0.5, confirmed=0.25, confirm=2),
    selection=replace(ERA.selection, kind="honest", finalists=2),
)
CONFIG = Design(
    "cartpole", METHOD, trainings=12, steps=STEPS, seeds=1, ppo=tuple(sorted(SETTINGS.items())), controls=False
)


class Stop(Exception):
    pass


@dataclass
class Stopping:
    """An engine that stops after a number of chunks."""

    left: int

    def advance(self, population, steps, progress=None):
        if self.left == 0:
            raise Stop
        self.left -= 1
        return population.advance(steps, progress)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with design(CONFIG, tmp_path_factory.mktemp("runs")) as run:
        yield run


def best_by_hand(text: str, seed: int, first: float = 1.0) -> tuple[int, float, Policy]:
    """Slowly: one member alone, chunk by chunk, all checkpoints kept, the best looked up in the end."""
    config = PPO(STEPS, **SETTINGS, learning_rate=2e-3)
    total, chunk = STEPS // config.batch, STEPS // config.batch // CHUNKS
    population = Population.start(TASK, [parse(text, TASK)], [seed], config)
    found: list[tuple[int, float, Policy]] = []
    cut = round(first * total)
    while (done := population.steps // config.batch) < total:
        until = cut if done < cut else total
        population = population.advance(min(chunk, until - done) * config.batch)
        paid = population.curves.figures["episode_return"][-chunk:, 0]
        count = population.curves.figures["episodes"][-chunk:, 0]
        known = count > 0
        score = float(np.average(paid[known], weights=count[known])) if known.any() else float("nan")
        found.append((population.steps, score, population.policies()[0]))
    highest = max(score for _, score, _ in found if score == score)
    return [each for each in found if each[1] == highest][-1]


def texts(run: Run) -> dict[str, str]:
    return {row["id"]: row["text"] for event in run.events("proposed") for row in event.payload["candidates"]}


@pytest.mark.parametrize(
    ("stage", "first"),
    [("round/1/trained/search", CUT), ("round/1/trained/confirm", 1.0), ("selection/trained", 1.0)],
)
def test_every_stage_judges_the_best_checkpoint(run, stage, first):
    members = (run.done(stage) or {})["members"]
    assert members
    for member in members:
        steps, score, policy = best_by_hand(texts(run)[member["id"]], member["seed"], first)
        assert (member["checkpoint"], member["return"]) == (steps, pytest.approx(score))
        played = evaluate(TASK, [policy], STARTS + member["seed"], EPISODES, keep=0)
        assert member["success"] == float(played.success.mean())


def test_the_report_and_the_policy_that_is_kept_are_of_the_best_checkpoint(run):
    final = run.done("final") or {}
    found = [best_by_hand(final["reward"], seed) for seed in final["success"]["seeds"]]
    assert final["checkpoints"] == [steps for steps, _, _ in found]
    seeds = [FINAL_STARTS + seed for seed in final["success"]["seeds"]]
    success = evaluate(TASK, [each for _, _, each in found], seeds, FINAL_EPISODES, keep=0).success.mean(axis=1)
    assert final["success"]["per_seed"] == success.tolist()
    kept = run.arrays("final")["policy/params"]
    assert np.array_equal(kept, found[int(success.argmax())][2].params)


def test_some_checkpoint_is_not_the_last(run):
    rows = [each for event in run.events("trained") for each in event.payload["members"]]
    assert {each["checkpoint"] == STEPS for each in rows} == {True, False}


@pytest.mark.parametrize("chunks", [1, 4, 9, 17])
def test_a_stopped_search_ends_as_if_it_had_not_been(run, tmp_path, chunks):
    with pytest.raises(Stop):
        design(CONFIG, tmp_path, engine=Stopping(chunks))
    with design(CONFIG, tmp_path) as again:
        assert again.fingerprint() == run.fingerprint()


def test_the_last_policy_is_judged_where_nothing_is_said(tmp_path):
    """The key is not even in the record, so that runs of before keep their ids; tables show it."""
    last = replace(METHOD, training=replace(METHOD.training, checkpoint="last"))
    assert "checkpoint" not in record_of(last)["training"]
    assert record_of(METHOD)["training"]["checkpoint"] == "peak"
    assert parse_method(record_of(last)) == last
    assert parse_method(record_of(METHOD)) == METHOD
    assert (flat(last)["training.checkpoint"], flat(METHOD)["training.checkpoint"]) == ("last", "peak")
    chosen = [name for name, each in methods().items() if each.training.checkpoint == "peak"]
    assert sorted(chosen) == ["era_s", "era_u"]
    with design(replace(CONFIG, method=last), tmp_path) as run:
        member = (run.done("round/0/trained/search") or {})["members"][0]
        assert "checkpoint" not in member
        assert "checkpoints" not in (run.done("final") or {})
        config = PPO(STEPS, **SETTINGS, learning_rate=2e-3)
        whole = Population.start(TASK, [parse(texts(run)[member["id"]], TASK)], [member["seed"]], config)
        (policy,) = whole.advance(STEPS).policies()
        played = evaluate(TASK, [policy], STARTS + member["seed"], EPISODES, keep=0)
        assert member["success"] == float(played.success.mean())
