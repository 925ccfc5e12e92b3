"""Landscapes and recorded episodes against formulas written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, MissingField, ScopeError
from rewardsmith.design.landscape import base_of, landscape, vary
from rewardsmith.optimize.control import Policy
from rewardsmith.optimize.control.networks import Networks
from rewardsmith.tasks.record import record_episodes


@rs.term
def up(next_upright):
    return next_upright


@rs.term
def charged(energy):
    return energy


@rs.term
def effort(torque):
    return -(torque**2)


@rs.term
def speed(obs):
    return obs[..., 2]


@rs.term
def progress(x, next_x):
    return abs(x) - abs(next_x)


@rs.term
def native(native_reward):
    return native_reward


@pytest.fixture(scope="module")
def pendulum() -> Any:
    task = tasks.load("pendulum")
    return task, record_episodes(task, 0, 3)


def test_episodes_follow_the_dynamics_and_end_where_the_task_ends() -> None:
    task = tasks.load("cartpole")
    for batch in record_episodes(task, 1, 4):
        rows = {name: values[0] for name, values in batch.items()}
        length = len(rows["terminated"])
        assert rows["terminated"].tolist() == [False] * (length - 1) + [True]
        assert not rows["truncated"].any()
        assert rows["first"].tolist() == [True] + [False] * (length - 1)
        np.testing.assert_array_equal(rows["next_obs"][:-1], rows["obs"][1:])
        # Barto, Sutton, Anderson: position and angle move by the velocities before the step
        np.testing.assert_allclose(rows["next_x"], rows["x"] + 0.02 * rows["x_velocity"], atol=1e-6)
        assert abs(rows["next_angle"][-1]) > 0.2094 or abs(rows["next_x"][-1]) > 2.4


def test_episodes_of_a_simulator_bring_its_own_reward() -> None:
    task = tasks.load("Reacher-v5")
    for batch in record_episodes(task, 0, 2):
        assert batch["truncated"][0].tolist() == [False] * 49 + [True]
        # Reacher-v5: minus the distance (here of the state after the step), minus the squared torques
        own = -batch["next_distance"] - (batch["action"] ** 2).sum(-1)
        np.testing.assert_allclose(batch["native_reward"], own, atol=1e-6)


def test_a_policy_plays_its_own_actions(pendulum: Any) -> None:
    task, _ = pendulum
    networks = Networks(3, task.actions, (4,))
    policy = Policy(networks, networks.initial(np.random.default_rng(0)), np.zeros(3), np.ones(3))
    (batch,) = record_episodes(task, 5, 1, policy)
    np.testing.assert_allclose(batch["action"][0], policy.act(batch["obs"][0]), rtol=1e-9, atol=1e-12)


def test_the_base_is_the_median_and_columns_carry_computed_fields_along(pendulum: Any) -> None:
    task, episodes = pendulum
    base = base_of(task, episodes, {})
    every = np.concatenate([batch["obs"][0] for batch in episodes])
    np.testing.assert_allclose(base.obs, np.median(every, axis=0))
    w = np.linspace(-8, 8, 7)
    # energy = w^2 l / (3 g) + cos(angle), and the angle stays at its median
    found = vary(task, charged + speed, base, {"angular_velocity": w})
    np.testing.assert_allclose(found.parts["charged"], w**2 / 30 + base.obs[0], atol=1e-12)
    np.testing.assert_allclose(found.parts["speed"], w, atol=1e-12)
    # a computed field is set itself, an action field too
    np.testing.assert_allclose(vary(task, 1.0 * charged, base, {"energy": w}).total, w)
    np.testing.assert_allclose(vary(task, 1.0 * effort, base, {"torque": w}).total, -(w**2))


def test_state_fields_move_with_their_twins_and_twins_alone() -> None:
    task = tasks.load("cartpole")
    base = base_of(task, record_episodes(task, 0, 2), {"x": 0.5})
    x = np.linspace(-2, 2, 5)
    assert vary(task, 1.0 * progress, base, {"x": x}).total.tolist() == [0.0] * 5
    np.testing.assert_allclose(vary(task, 1.0 * progress, base, {"next_x": x}).total, 0.5 - abs(x))


def test_the_map_and_the_curves_are_the_formula(pendulum: Any) -> None:
    task, episodes = pendulum
    reward = 2.0 * up + 0.1 * effort | rs.Clip(-1.5, 1.0)
    scene = landscape(task, reward, episodes, ("upright", "torque"), {}, "random actions")
    x, y = np.meshgrid(scene.axes[0].values, scene.axes[1].values)
    assert (x.min(), x.max(), y.min(), y.max()) == (-1.0, 1.0, -2.0, 2.0)
    assert scene.heat is not None
    np.testing.assert_allclose(scene.heat, np.clip(2.0 * x - 0.1 * y**2, -1.5, 1.0), atol=1e-12)
    for response in scene.responses:
        np.testing.assert_allclose(sum(response.parts.values()), response.total, atol=1e-12)
    for i, batch in enumerate(episodes):
        paid = sum(rows[i] for rows in scene.income.values())
        np.testing.assert_allclose(paid, reward(batch)[0], atol=1e-12)
        np.testing.assert_array_equal(scene.axes[0].paths[i], batch["upright"][0])
    assert scene.fixed == {}
    assert "random actions" in scene.caption


def test_the_fields_that_matter_most_are_chosen(pendulum: Any) -> None:
    task, episodes = pendulum
    chosen = landscape(task, up + 0.001 * effort, episodes)
    assert [axis.name for axis in chosen.axes] == ["upright", "torque"]
    assert chosen.fixed == {}
    cartpole = tasks.load("cartpole")
    chosen = landscape(cartpole, 1.0 * progress, record_episodes(cartpole, 0, 2))
    assert {axis.name for axis in chosen.axes} == {"x", "next_x"}


def test_running_statistics_come_from_the_episodes_and_not_from_the_map(pendulum: Any) -> None:
    task, episodes = pendulum
    scene = landscape(task, up | rs.Normalize(), episodes, ("upright",))
    seen = np.concatenate([batch["next_upright"][0] for batch in episodes])
    response = scene.responses[0]
    for value, found in zip(response.values[::40], response.total[::40], strict=True):
        every = np.append(seen, value)
        assert found == pytest.approx((value - every.mean()) / np.sqrt(every.var() + 1e-8), rel=1e-9)


def test_rewards_over_episodes_count_each_point_as_an_episode(pendulum: Any) -> None:
    task, episodes = pendulum
    scene = landscape(task, up | rs.Delta(), episodes, ("upright",))
    np.testing.assert_allclose(scene.responses[0].total, scene.responses[0].values)
    last = [batch["next_upright"][0, -1] for batch in episodes]
    np.testing.assert_allclose([sum(r[i].sum() for r in scene.income.values()) for i in range(3)], last)


def test_what_a_simulator_pays_stays_at_its_median() -> None:
    task = tasks.load("Reacher-v5")
    episodes = record_episodes(task, 0, 2)
    scene = landscape(task, 1.0 * native, episodes, ("distance",))
    median = np.median(np.concatenate([batch["native_reward"][0] for batch in episodes]))
    np.testing.assert_allclose(scene.responses[0].total, median)


def test_choices_are_shown_as_choices() -> None:
    task = tasks.load("cartpole")
    scene = landscape(task, 1.0 * progress, record_episodes(task, 0, 2), ("action", "terminated"))
    assert scene.axes[0].values.tolist() == [0, 1]
    assert scene.axes[1].values.tolist() == [0, 1]


def test_refusals(pendulum: Any) -> None:
    task, episodes = pendulum
    with pytest.raises(BadInput, match=r"'obs'.*upright.*several columns"):
        landscape(task, 1.0 * up, episodes, ("obs",))
    with pytest.raises(BadInput, match="two different ones"):
        landscape(task, 1.0 * up, episodes, ("upright", "upright"))
    with pytest.raises(BadInput, match="upright is fixed"):
        landscape(task, 1.0 * up, episodes, ("upright",), {"upright": 0.0})
    with pytest.raises(BadInput, match="finite"):
        landscape(task, 1.0 * up, episodes, ("upright",), {"energy": float("nan")})
    with pytest.raises(MissingField, match="reads the field 'next_x'"):
        landscape(task, 1.0 * progress, episodes)

    @rs.term(scope=rs.Scope.GROUP)
    def ranked(upright):
        return upright

    with pytest.raises(ScopeError, match="GROUP"):
        landscape(task, 1.0 * ranked, episodes)
