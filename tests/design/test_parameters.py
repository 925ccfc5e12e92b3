"""Rewards as parameters: the program is the cost, its numbers come back, and nothing else can be set."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import Constant, tasks
from rewardsmith.core.errors import BadInput, ProgramError
from rewardsmith.core.fields import Field
from rewardsmith.design.motion import ARM
from rewardsmith.design.parameters import program_of, schema_of, spec_of
from rewardsmith.design.spec import Cost, Parameter, RewardSpec, Schema, Setter
from rewardsmith.measure.exploit.living import living
from rewardsmith.program import parse
from rewardsmith.tasks.record import record_steps
from rewardsmith.transforms import Norm

PENDULUM = tasks.load("pendulum")
NAMES = ("pendulum_hold", "cartpole", "acrobot_high", "mountain_car_continuous")


def with_fields(fields: tuple[Field, ...]) -> tasks.Task:
    """The pendulum with other fields."""
    success = replace(PENDULUM.success, signal=Constant(0.0))
    return replace(PENDULUM, fields=fields, success=success, native=None, naive=None)


def drawn(schema: Schema, seed: int, most: int = 5) -> RewardSpec:
    """A spec with up to ``most`` addends in force."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(schema.costs), size=min(most, len(schema.costs)), replace=False)
    names = [name for at in chosen for name in schema.costs[int(at)].parameters]
    values = {name: schema.parameter(name) for name in names}
    return schema.spec().filled({n: float(rng.uniform(p.low, p.high)) for n, p in values.items()})


@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_minus_the_cost(name: str) -> None:
    """Oracle: the reward that ``RewardSpec`` itself makes of terms and norms."""
    task = tasks.load(name)
    steps, schema = record_steps(task, 0), schema_of(task)
    for seed in range(5):
        spec = drawn(schema, seed)
        program = program_of(spec, task)
        np.testing.assert_allclose(program(steps), spec.reward()(steps), rtol=1e-9, atol=1e-9)
        assert parse(str(program), task) == program  # a normal program of the language
        assert list(program.names) == [row["term"] for row in spec.active()]


def test_the_cost_by_hand() -> None:
    """Oracle: w ((target - x) / h)^2 / 2 with h half of the range; the effort has no target."""
    spec = schema_of(PENDULUM).spec()
    spec = spec.filled({"upright_target": 1.0, "upright_weight": 3.0, "torque_weight": 0.5})
    spec = spec.filled({"angular_velocity_target": -2.0, "angular_velocity_weight": 4.0})
    batch = {
        "next_upright": np.array([1.0, 0.0, -1.0]),
        "next_angular_velocity": np.array([-2.0, 2.0, 6.0]),
        "torque": np.array([0.0, 1.0, 2.0]),
    }
    wanted = [
        -(3.0 * (1.0 - up) ** 2 + 4.0 * ((-2.0 - speed) / 8.0) ** 2 + 0.5 * (torque / 2.0) ** 2) / 2.0
        for up, speed, torque in zip(*batch.values(), strict=True)
    ]
    np.testing.assert_allclose(program_of(spec, PENDULUM)(batch), wanted, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_come_back(name: str) -> None:
    task = tasks.load(name)
    schema = schema_of(task)
    for seed in range(8):
        spec = drawn(schema, seed)
        back = spec_of(schema, program_of(spec, task))
        assert program_of(back, task) == program_of(spec, task)
        for row in spec.active():
            cost = next(each for each in schema.costs if each.label == row["term"])
            assert [back[name] for name in cost.parameters] == [spec[name] for name in cost.parameters]
        idle = [cost.weight for cost in schema.costs if spec[cost.weight] == 0.0]
        assert all(back[name] == 0.0 for name in idle)


def test_numbers_out_of_bounds_come_back_on_the_bound() -> None:
    schema = schema_of(PENDULUM)
    program = program_of(schema.spec().filled({"upright_target": 1.0, "upright_weight": 2.0}), PENDULUM)
    wild = program.with_numbers({"program.upright.c0": -50.0, "program.upright.c2": 7.0})
    assert [spec_of(schema, wild)[name] for name in ("upright_weight", "upright_target")] == [10.0, 1.0]


def test_weights_of_0_are_left_out_and_nothing_at_all_is_refused() -> None:
    schema = schema_of(PENDULUM)
    spec = schema.spec().filled({"upright_target": 1.0, "upright_weight": 2.0, "energy_target": 1.0})
    assert program_of(spec, PENDULUM).names == ("upright",)
    with pytest.raises(BadInput, match="no active term; allowed: at least one weight"):
        program_of(spec.filled({"upright_weight": 0.0}), PENDULUM)


def test_angles_turn_round_and_unbounded_fields_have_wide_targets() -> None:
    fields = (
        Field("angle", "rad", meaning="any number of turns", read=0),
        Field("speed", "m/s", 0.0, math.inf, read=1),
        Field("place", "m", width=2, read=_first_two),
    )
    task = with_fields(fields)
    schema = schema_of(task)
    assert [cost.label for cost in schema.costs] == ["angle", "speed", "place_0", "place_1", "effort"]
    bounds = {each.name: (each.low, each.high) for each in schema.parameters if each.name.endswith("_target")}
    assert bounds["angle_target"] == (-math.pi, math.pi)
    assert bounds["speed_target"] == (0.0, 10.0)
    assert bounds["place_1_target"] == (-10.0, 10.0)
    spec = schema.spec().filled({"angle_target": 3.0, "angle_weight": 2.0, "place_1_weight": 1.0})
    program = program_of(spec, task)
    turns = np.array([3.0, 3.0 + 2.0 * math.pi, 3.0 + math.pi])
    paid = program({"next_angle": turns, "next_place": np.zeros((3, 2))})
    np.testing.assert_allclose(paid, [0.0, 0.0, -1.0], atol=1e-9)  # -(2 / 2) sin(half a turn / 2)^2
    assert spec_of(schema, program) == spec


def test_failing_early_is_not_a_way_out() -> None:
    """Costs end with the episode, so failing has a cost of its own; without it the screen would object."""
    task = tasks.load("cartpole")
    steps, schema = record_steps(task, 0), schema_of(task)
    spec = schema.spec().filled({"x_target": 2.0, "x_weight": 1.0})
    assert living(program_of(spec, task), steps, task.ending, task.discount) is None
    careless = program_of(spec.filled({"failing_weight": 0.0}), task)
    found = living(careless, steps, task.ending, task.discount)
    assert found is not None
    assert found.kind == "dies"


# ---------------------------------------------------------------------- declared by the task
def declared(norm: Norm) -> Schema:
    lean = parse("0.25 - next_upright", PENDULUM)
    return Schema(
        "lean",
        (Parameter("lean", -1.0, 1.0, 0.0, "1", "how upright"), Parameter("lean_weight", 0.0, 5.0, 1.0)),
        (Cost(lean, "lean_weight", norm, (("reward.c0", "lean"),), "lean"),),
        (Setter("set_lean", ("lean", "lean_weight")),),
    )


@pytest.mark.parametrize("norm", [Norm("quadratic"), Norm("smooth_abs", 0.3), Norm("cosh", 0.5)])
def test_a_task_may_declare_what_can_be_set(norm: Norm) -> None:
    task = replace(PENDULUM, parameters=declared(norm))
    spec = schema_of(task).spec().filled({"lean": 0.5, "lean_weight": 2.0})
    program = program_of(spec, task)
    ups = np.linspace(-1.0, 1.0, 9)
    wanted = -2.0 * np.asarray(norm.apply(0.5 - ups, {}, ())[0])
    np.testing.assert_allclose(program({"next_upright": ups}), wanted, atol=1e-12)
    assert spec_of(schema_of(task), program) == spec


def test_what_is_no_schema_of_the_language_is_refused() -> None:
    with pytest.raises(BadInput, match=r"received dict; allowed: a design\.spec\.Schema"):
        schema_of(replace(PENDULUM, parameters={"upright": 1.0}))
    arm = ARM.spec().filled({"hand_y": 0.5, "hand_y_weight": 1.0})
    with pytest.raises(BadInput, match=r"residual of hand_y_error: .* a program that returns one value"):
        program_of(arm, PENDULUM)
    with pytest.raises(BadInput, match="program of pendulum: received reward"):
        spec_of(schema_of(PENDULUM), parse("upright", PENDULUM))
    other = parse('{"upright": -1.0 * square(0.5 - next_upright) - 0.1 * torque}', PENDULUM)
    with pytest.raises(BadInput, match="part upright of a program"):
        spec_of(schema_of(PENDULUM), parse(str(other).replace("0.1", "0.1 * 0.3 * 0.2"), PENDULUM))
    with pytest.raises(BadInput, match=r"cost up: received 'reward\.c7'; allowed: reward\.c0"):
        Cost(parse("0.1 - next_upright", PENDULUM), "w", numbers=(("reward.c7", "x"),), name="up")
    with pytest.raises(BadInput, match="name of a cost: received None"):
        Cost(parse("0.1 - next_upright", PENDULUM), "w")


def test_more_addends_than_a_program_has_parts_are_refused() -> None:
    fields = tuple(Field(f"x{i}", "m", -1.0, 1.0, read=0) for i in range(40))
    task = with_fields(fields)
    spec = schema_of(task).spec()
    with pytest.raises(ProgramError, match="E_SIZE"):
        program_of(spec.filled({f"x{i}_weight": 1.0 for i in range(40)}), task)


def test_filling_patches_or_replaces() -> None:
    schema = schema_of(PENDULUM)
    spec = schema.spec().filled({"upright_weight": 2.0})
    assert spec.filled({"energy_weight": 1.0})["upright_weight"] == 2.0
    assert spec.filled({"energy_weight": 1.0}, "replace")["upright_weight"] == 0.0
    for wrong in (
        {"hover": 1.0},
        {"upright_weight": 11.0},
        {"upright_weight": math.nan},
        {"upright_target": "1"},
    ):
        with pytest.raises(BadInput, match="parameter"):
            spec.filled(wrong)
    with pytest.raises(BadInput, match="mode"):
        spec.filled({}, "forget")


def _first_two(obs):
    return obs[..., :2]
