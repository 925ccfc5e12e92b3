"""Language to Rewards, whole: a model sets parameters over HTTP, people correct, a planner carries out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rewardsmith import tasks
from rewardsmith.cli.summary import lines
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.design import Design, design, load_method, outcome
from rewardsmith.design.candidate import Candidate
from rewardsmith.design.clock import Silent
from rewardsmith.design.parameters import program_of, schema_of, spec_of
from rewardsmith.design.people import said_before
from rewardsmith.design.scripted import Script, serving
from rewardsmith.design.tournament import cell_of
from rewardsmith.design.train.planned import planned_success
from rewardsmith.program import parse
from rewardsmith.report.story import read
from rewardsmith.report.verdict import verdict

PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
SMALL = """
from dataclasses import replace
from rewardsmith import tasks
task = tasks.load("{name}")
env = task.env if task.is_array else replace(task.env, horizon={horizon})
task = replace(task, name="small", horizon={horizon}, env=env)
"""


def search(folder, name: str, horizon: int, trainings: int, url: str, feedback: str | None = None):
    """A search on a task with short episodes, whose final training is as short as can be."""
    file = folder / "small.py"
    file.write_text(SMALL.format(name=name, horizon=horizon))
    model = Endpoint("scripted-grammar", url, cache=str(folder / "replies"), seed=0, timeout=120.0)
    config = Design(
        str(file),
        "language_to_rewards",
        trainings=trainings,
        steps=512,
        ppo=PPO,
        llm=model,
        feedback=feedback,
        controls=False,
    )
    return design(config, folder / "runs", Silent()), tasks.resolve(str(file))


def proposed(run) -> list[dict]:
    return [row for event in run.events("proposed") for row in event.payload["candidates"]]


def test_a_whole_search_with_corrections_in_words(tmp_path) -> None:
    said = {"": "Keep the angular velocity low."}
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps([{"words": said}, {}, {}]))
    with serving(Script(mistakes=0.3)) as url:
        run, task = search(tmp_path, "pendulum_hold", 20, 6, url, f"scripted:{answers}")
    rows = proposed(run)
    schema = schema_of(task)
    kept = [row for row in rows if row["screened"] is None]
    assert len(kept) == 6
    for row in kept:
        program = parse(row["text"], task)
        assert program_of(spec_of(schema, program), task) == program
    later = [row for row in rows if not row["id"].startswith("r0") and "reply" in row]
    assert later
    # the stand-in sets what people name: also in the round after the one in which they said it
    assert all("angular_velocity_weight" in row["reply"] for row in kept if not row["id"].startswith("r0"))
    assert {row["id"][:2] for row in kept} == {"r0", "r1", "r2"}

    final = run.done("final")
    assert final is not None
    planned = final["planned"]
    assert planned["model_steps"] == 3840
    assert len(planned["success"]["per_seed"]) == 8
    assert final["shrinkage"] == pytest.approx(final["selected_on"] - planned["success"]["mean"])
    cell = cell_of(run, "language_to_rewards", "pendulum_hold", 0)
    assert cell.success == planned["success"]["mean"]
    assert cell.selected - cell.success == pytest.approx(final["shrinkage"])
    found = outcome(run)
    assert found["planned"] == planned
    assert found["writer"] == "scripted-grammar"
    assert any(line.startswith("planned") for line in lines(found))
    notes = verdict(read(run)).notes
    assert any("Carried out by the planner" in text and "3,840 model steps" in text for _, text in notes)


def test_a_whole_search_in_mujoco(tmp_path) -> None:
    with serving(Script()) as url:
        run, task = search(tmp_path, "Reacher-v5", 2, 2, url)
    kept = [row for row in proposed(run) if row["screened"] is None]
    assert len(kept) == 2
    trained = [event.payload for event in run.events("trained") if "planned" not in event.key]
    assert trained[0]["cost"]["env_steps"] == 2 * 2 * 3840  # two episodes of two steps, each planned
    winner = parse((run.done("final") or {})["reward"], task)
    assert winner.structural_hash in {parse(row["text"], task).structural_hash for row in kept}
    assert len((run.done("final/planned") or {})["success"]["per_seed"]) == 8


def test_settings_by_hand_are_carried_out() -> None:
    """Oracle: success itself; upright and slow is what the task wants, upside down is not."""
    task = replace(tasks.load("pendulum_hold"), horizon=120)
    spec = schema_of(task).spec().filled({"upright_weight": 1.0, "angular_velocity_weight": 0.1})
    up, steps = planned_success(task, program_of(spec.filled({"upright_target": 1.0}), task), (0, 1))
    down, _ = planned_success(task, program_of(spec.filled({"upright_target": -1.0}), task), (0, 1))
    assert steps == 3840
    assert min(up) > 0.9
    assert max(down) == 0.0


def test_words_are_heard_along_the_line_of_descent() -> None:
    made = {name: Candidate(name, None, "fresh", parents) for name, parents in (("a", ()), ("b", ("a", "x")))}
    made |= {"c": Candidate("c", None, "improve", ("b",)), "x": Candidate("x", None, "fresh")}
    words = {"a": ("higher", "slower"), "b": ("slower",), "x": ("never",), "c": ("there",)}
    assert said_before(words, made, "c") == ("higher", "slower", "there")
    assert said_before(words, made, "x") == ("never",)
    assert said_before({}, made, "c") == ()


def test_the_method_is_what_it_says() -> None:
    method = load_method("language_to_rewards")
    assert method.writing.language == "parameters"
    assert method.training.kind == "plan"
    assert method.writing.feedback == ("people",)
