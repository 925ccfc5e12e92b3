"""Parameters are written: by chance without a model, in two calls with one, and always within the schema."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Budget, Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design
from rewardsmith.design.candidate import Candidate, Parent
from rewardsmith.design.method import Writing
from rewardsmith.design.parameters import program_of, schema_of, spec_of
from rewardsmith.design.propose.ask import OPERATORS, Ask
from rewardsmith.design.propose.model import ModelWriter
from rewardsmith.design.propose.numbers import NumbersWriter
from rewardsmith.design.scripted import Script, serving
from terms.judge.server import Endpoint as Server

TASK = tasks.load("pendulum_hold")
SCHEMA = schema_of(TASK)
PARAMETERS = Writing(language="parameters", repairs=2)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def parent(name: str = "r0c0", notes: tuple[str, ...] = (), **values: float) -> Parent:
    program = program_of(SCHEMA.spec().filled(values), TASK)
    return Parent(Candidate(name, program, "fresh"), notes=notes)


UP = parent(upright_target=1.0, upright_weight=2.0, torque_weight=0.5)
SLOW = parent("r0c1", angular_velocity_weight=1.0)


def writer(url: str, tmp_path, **changes) -> ModelWriter:
    endpoint = Endpoint("scripted-grammar", url, cache=str(tmp_path), seed=0, retries=4, timeout=60.0)
    return ModelWriter(endpoint, TASK, PARAMETERS, **changes)


# ---------------------------------------------------------------------- by chance
@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_chance_stays_within_the_schema(operator: str) -> None:
    parents = () if operator in ("fresh", "survey") else (UP, SLOW)
    asks = [Ask(operator, parents)] * 6
    drafts = NumbersWriter(TASK).write((), asks, frozenset(), rng())
    assert drafts == NumbersWriter(TASK).write((), asks, frozenset(), rng())
    programs = [draft.program for draft in drafts]
    assert len({program.structural_hash for program in programs}) == len(programs) >= 2
    for program in programs:
        spec = spec_of(SCHEMA, program)  # refuses what is not of the schema, and puts numbers on their bounds
        assert program_of(spec, TASK) == program
    known = frozenset(program.structural_hash for program in programs)
    again = NumbersWriter(TASK).write((), asks, known, rng())
    assert known.isdisjoint(draft.program.structural_hash for draft in again)


def test_what_each_change_changes() -> None:
    chance = NumbersWriter(TASK)

    def names(operator: str, *parents: Parent) -> list[set[str]]:
        drafts = chance.write((), [Ask(operator, parents)] * 8, frozenset(), rng(1))
        return [set(draft.program.names) for draft in drafts]

    assert all(len(found) == 1 for found in names("survey"))
    assert all(found == {"upright", "torque"} for found in names("numbers", UP))
    assert all(len(found ^ {"upright", "torque"}) == 1 for found in names("structure", UP))
    assert all(found.isdisjoint({"upright", "torque"}) for found in names("different", UP))
    assert all(found <= {"upright", "torque", "angular_velocity"} for found in names("crossover", UP, SLOW))


def test_exact_numbers_are_kept_within_bounds() -> None:
    ask = Ask("numbers", (UP,), numbers=(("program.upright.c0", -30.0), ("program.torque.c0", -0.25)))
    (draft,) = NumbersWriter(TASK).write((), [ask], frozenset(), rng())
    spec = spec_of(SCHEMA, draft.program)
    assert [spec[name] for name in ("upright_weight", "torque_weight", "upright_target")] == [10.0, 0.25, 1.0]


# ---------------------------------------------------------------------- by a model
def test_a_model_describes_then_sets_and_a_second_run_asks_nothing(tmp_path) -> None:
    asks = [Ask("fresh")] * 3 + [Ask("improve", (UP,))]
    with serving(Script(mistakes=0.4)) as url:
        model = writer(url, tmp_path)
        drafts = model.write((), asks, frozenset(), rng())
        assert model.ledger.repairs > 0
    written = [draft for draft in drafts if draft.program is not None]
    assert len(written) >= 3
    for draft in written:
        description, numbers = draft.text.rsplit("\n\n", 1)
        set_now = json.loads(numbers)
        spec = spec_of(SCHEMA, draft.program)
        assert set(set_now) <= set(re.findall(r"(?m)^(\w+): ", description))
        shown = {n for row in spec.active() for n in (*row["targets"], f"{row['term']}_weight")}
        assert {name: spec[name] for name in set_now if name in shown} == {
            name: value for name, value in set_now.items() if name in shown
        }
    again = writer(url, tmp_path)  # the server is gone
    assert again.write((), asks, frozenset(), rng()) == drafts


def test_what_was_said_reaches_the_descriptor_and_what_is_not_mentioned_stays(tmp_path) -> None:
    told = parent(notes=("it wobbles",), upright_target=1.0, upright_weight=2.0, torque_weight=0.5)

    def reply(user: str) -> str:
        return (
            "angular_velocity_weight: 3, calmer" if "You describe" in user else '{"angular_velocity_weight": 3}'
        )

    with Server(reply) as server:
        (draft,) = writer(server.url, tmp_path).write((), [Ask("improve", (told,))], frozenset(), rng())
        describe, code = (seen["messages"][0]["content"] for seen in server.seen)
    assert "it wobbles" in describe
    assert "r0c0:\n- upright_weight: 2\n- upright_target: 1\n- torque_weight: 0.5" in describe
    assert "it wobbles" not in code  # the coder has no memory
    assert "angular_velocity_weight: 3, calmer" in code
    assert "success" not in (describe + code).lower()
    wanted = {
        "upright_target": 1.0,
        "upright_weight": 2.0,
        "torque_weight": 0.5,
        "angular_velocity_weight": 3.0,
    }
    assert draft.program == program_of(SCHEMA.spec().filled(wanted), TASK)


def test_refusals_go_back_with_what_is_allowed(tmp_path) -> None:
    replies = iter(
        ['{"lift": 1}', '{"upright_weight": 99}', '{"upright_weight": 1, "upright_target": 1}', "never asked"]
    )

    def reply(user: str) -> str:
        return "be upright" if "You describe" in user else next(replies)

    with Server(reply) as server:
        (draft,) = writer(server.url, tmp_path).write((), [Ask("fresh")], frozenset(), rng())
        said = [seen["messages"][-1]["content"] for seen in server.seen]
    assert str(draft.program) == str(parent(upright_weight=1.0, upright_target=1.0).candidate.program)
    assert "E_PARAMETER: parameter: 'lift'" in said[2]
    assert "Allowed instead: upright_target, upright_weight, " in said[2]
    assert "Allowed instead: a number from 0 to 10 1" in said[3]
    assert len(said) == 4


@pytest.mark.parametrize(
    "reply", ["{}", "as high as possible", '{"upright_weight": NaN}', '{"upright_weight": 1e999}']
)
def test_what_never_becomes_a_setting_is_refused_in_the_end(tmp_path, reply: str) -> None:
    with Server(lambda user: reply) as server:
        (draft,) = writer(server.url, tmp_path).write((), [Ask("fresh")], frozenset(), rng())
        assert len(server.seen) == 1 + 1 + PARAMETERS.repairs
    assert draft.program is None
    assert draft.refusal is not None
    assert draft.refusal.code == "E_PARAMETER"


def test_the_budget_stops_both_calls(tmp_path) -> None:
    asks = [Ask("fresh")] * 3
    with serving(Script()) as url:
        assert writer(url, tmp_path / "none", budget=Budget(calls=0)).write((), asks, frozenset(), rng()) == []
        model = writer(url, tmp_path / "some", budget=Budget(calls=4))
        drafts = model.write((), asks, frozenset(), rng())
        assert model.ledger.used.calls <= 4
    refused = [draft.refusal.code for draft in drafts if draft.refusal is not None]
    assert [draft.program is not None for draft in drafts].count(True) == 1
    assert refused == ["E_BUDGET", "E_BUDGET"]


# ---------------------------------------------------------------------- configuration
def test_parameters_do_not_go_with_what_needs_a_program() -> None:
    for changes in ({"critic": True}, {"compose": "signs"}, {"observation": True}, {"generator": "learned"}):
        with pytest.raises(BadInput, match=f"parameters with {next(iter(changes))}"):
            Writing(language="parameters", **changes)
    with pytest.raises(BadInput, match="parameters with critic"):
        Design("pendulum_hold", "auto_mc_reward", language="parameters")
    assert Design("pendulum_hold", "eureka", language="parameters").resolved.writing.language == "parameters"
