"""RewardSpec: the cost against its formula, and nothing but the schema can be said."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.design.motion import ARM, ROBOT
from rewardsmith.design.slots import SLOTS, slots
from rewardsmith.design.spec import Cost, Parameter, RewardSpec, Schema, Setter
from rewardsmith.tasks.instructed import instructions

TURN = {"call": "set_turn", "arguments": {"turn_rate": 1.5, "turn_weight": 2.0}}


def robot_batch() -> dict[str, np.ndarray]:
    task = next(task for task in instructions() if task.name == "spin")
    obs = np.random.default_rng(0).normal(size=(2, 5, 8))
    return task.batch(obs[:1], np.zeros((1, 5, 3)), obs[1:], np.zeros((1, 5), bool))


def test_the_cost_is_the_weighted_sum_of_norms_of_residuals() -> None:
    """Oracle: c = w n(r) by hand, with smooth_abs(r) = sqrt(r^2 + s^2) - s."""
    spec = ROBOT.spec().answer([TURN, {"call": "set_lean", "arguments": {"lean": 0.2, "lean_weight": 3.0}}])
    batch = robot_batch()
    wanted = np.zeros((1, 5))
    for t in range(5):
        turn, lean = batch["next_turn_rate"][0, t] - 1.5, batch["next_lean"][0, t] - 0.2
        cost = 2.0 * (math.hypot(turn, 0.1) - 0.1) + 3.0 * (math.hypot(lean, 0.05) - 0.05)
        wanted[0, t] = -(cost + 0.01 * batch["next_lean_rate"][0, t] ** 2 / 2)
    np.testing.assert_allclose(spec.reward()(batch), wanted, rtol=1e-9)


def test_angles_wrap_in_the_cost() -> None:
    spec = ROBOT.spec().apply({"call": "set_face", "arguments": {"face_x": 5.0, "face_weight": 1.0}})
    batch = robot_batch()
    turned = {**batch, "next_heading": batch["next_heading"] + 2 * math.pi}
    np.testing.assert_allclose(spec.reward()(turned), spec.reward()(batch), atol=1e-12)


def test_replace_forgets_and_patch_remembers() -> None:
    first = ROBOT.spec().answer([TURN])
    small = {"call": "set_turn", "arguments": {"turn_rate": -1.0}}
    assert first.apply(small)["turn_weight"] == 0.0
    assert first.apply(small, "patch")["turn_weight"] == 2.0
    other = {"call": "set_speed", "arguments": {"speed": 1.0, "speed_weight": 1.0}}
    assert first.apply(other)["turn_rate"] == 1.5  # another setter touches nothing of it
    assert first.answer([other])["turn_rate"] == 0.0
    assert first.answer([other], "patch")["turn_rate"] == 1.5
    assert first == ROBOT.spec().answer([json.dumps(TURN)])  # unchanged all along


def test_the_report_says_what_is_in_force_and_what_is_silent() -> None:
    spec = ROBOT.spec().apply({"call": "set_turn", "arguments": {"turn_rate": 1.5}})
    assert [row["term"] for row in spec.active()] == ["lean_error", "lean_speed"]
    assert spec.silent()[0]["targets"] == {"turn_rate": 1.5}
    assert ROBOT.spec().apply(TURN).silent() == []
    calm = ARM.spec().apply({"call": "set_calm", "arguments": {"calm_weight": 0.0}})
    with pytest.raises(BadInput, match="no active term"):
        calm.reward()


@pytest.mark.parametrize("schema", [ARM, ROBOT])
@given(data=st.data())
def test_everything_out_of_bounds_is_refused_and_all_else_accepted(schema: Schema, data: st.DataObject) -> None:
    each = data.draw(st.sampled_from(schema.parameters))
    setter = next(s for s in schema.setters if each.name in s.parameters)
    value = data.draw(
        st.floats(-20, 20) | st.sampled_from([math.nan, math.inf, -math.inf, "1", None, True, [1.0]])
    )
    call = {"call": setter.name, "arguments": {each.name: value}}
    if type(value) is float and each.low <= value <= each.high:
        assert schema.spec().apply(call)[each.name] == value
        return
    with pytest.raises(BadInput, match=each.name):
        schema.spec().apply(call)


@pytest.mark.parametrize(
    "call",
    [
        {"call": "exec", "arguments": {}},
        {"call": ["set_turn"], "arguments": {}},
        {"arguments": {}},
        {"call": "set_turn", "arguments": {"lean": 0.1}},
        {"call": "set_turn", "arguments": [1.0]},
        {"call": "set_turn", "arguments": {}, "then": "more"},
        "set_turn(turn_rate=1)",
        "[1]",
        "[" * 100_000,
        7,
    ],
)
def test_nothing_but_known_calls_is_understood(call: object) -> None:
    with pytest.raises(BadInput):
        ROBOT.spec().apply(call)


def test_parameters_travel_as_json() -> None:
    spec = ROBOT.spec().apply(TURN)
    assert RewardSpec.from_json(spec.to_json(), ROBOT) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(BadInput, match="robot"):
        RewardSpec.from_json(spec.to_json(), ARM)
    values = {**spec.named, "turn_rate": 99.0}
    with pytest.raises(BadInput, match="turn_rate"):
        RewardSpec.from_json(json.dumps({"schema": "robot", "values": values}), ROBOT)
    with pytest.raises(BadInput, match="values of a spec"):
        RewardSpec.from_json('{"schema": "robot", "values": {}}', ROBOT)


def test_a_prompt_shows_every_slot_with_unit_and_bounds() -> None:
    text = ROBOT.describe()
    for each in ROBOT.parameters:
        assert f"{each.name}: [NUM: {each.low:g} to {each.high:g} {each.unit}" in text


def test_a_schema_that_does_not_fit_together_is_refused() -> None:
    weight, residual = Parameter("w", 0.0, 1.0, 0.0), ROBOT.costs[0].residual
    with pytest.raises(BadInput, match="'speed'"):
        Cost(residual, "w", numbers=(("speed", "w"),))
    with pytest.raises(BadInput, match="parameter 'v'"):
        Schema("s", (weight,), (Cost(residual, "v"),), ())
    with pytest.raises(BadInput, match="parameter 'v'"):
        Schema("s", (weight,), (), (Setter("set", ("v",)),))
    with pytest.raises(BadInput, match="a name of its own"):
        Schema("s", (weight, weight), (), ())
    with pytest.raises(BadInput, match="from 0 to 1"):
        Parameter("w", 0.0, 1.0, 2.0)
    with pytest.raises(BadInput, match="low < high"):
        Parameter("w", 1.0, 1.0, 1.0)


def test_every_instruction_is_filled_in_for_both_interfaces() -> None:
    assert [each.name for each in SLOTS] == [task.name for task in instructions()]
    for task in instructions():
        told = slots(task.name)
        for reward, _ in told.schedule():
            assert reward.fields <= {field.name for field in task.table()}
    with pytest.raises(BadInput, match="spin"):
        slots("dance")
