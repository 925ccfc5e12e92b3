"""Compiled dynamics and rewards side by side: the same as one by one, in less time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import Constant, tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.optimize.plan import ArrayModel, CompiledModel, Planner, control, control_each
from rewardsmith.optimize.plan.noise import coloured_noise, raw, shaped
from rewardsmith.optimize.plan.search import SideBySide
from rewardsmith.program import parse

QUICK = Planner(horizon=8, samples=12, iterations=2, elites=4)
NAMES = ("acrobot", "cartpole_swingup", "mountain_car_continuous", "pendulum_hold")


@pytest.mark.parametrize("name", NAMES)
def test_it_imagines_what_the_arrays_say(name: str) -> None:
    """Oracle: the same functions in NumPy and float64."""
    task = tasks.load(name)
    slow, fast = ArrayModel(task), CompiledModel(task)
    states = slow.begin([(0, 0), (0, 1)])
    assert states.tolist() == fast.begin([(0, 0), (0, 1)]).tolist()
    rng, size = np.random.default_rng(0), (2, 3, 10)
    width = task.actions.width
    actions = rng.uniform(-1.0, 1.0, (*size, width)) if width else rng.integers(0, 2, size)
    wanted, found = slow.imagine(states, actions), fast.imagine(states, actions)
    assert set(found) == set(wanted)
    for field in wanted:
        assert found[field].shape == wanted[field].shape
        np.testing.assert_allclose(found[field], wanted[field], rtol=1e-3, atol=2e-3)
    assert fast.step(states, actions[:, 0, 0])[0].tolist() == slow.step(states, actions[:, 0, 0])[0].tolist()
    with pytest.raises(BadInput, match="a simulator"):
        CompiledModel(tasks.load("Reacher-v5"))


def test_rewards_side_by_side_are_those_alone_in_mujoco() -> None:
    task = replace(tasks.load("Reacher-v5"), horizon=2)
    near, far = task.naive, -1.0 * task.naive
    one, two = control_each(task, [near, far], QUICK, (5,), 2)
    for found, alone in ((one, near), (two, far)):
        wanted = control(task, alone, QUICK, (5,), 2)
        assert found is not None
        assert found.returns.tolist() == wanted.returns.tolist()
        for mine, theirs in zip(found.trajectories[0], wanted.trajectories[0], strict=True):
            assert mine.action.tolist() == theirs.action.tolist()


def test_rewards_side_by_side_are_carried_out_like_each_alone() -> None:
    """Oracle: ``control``; compiled dynamics round differently, so success and not bits."""
    task = tasks.load("pendulum")
    planner = Planner(horizon=20, samples=24, iterations=2, elites=5)
    up, down = task.native, -1.0 * task.naive
    never = parse("sqrt(-1.0 - abs(upright))", task)
    first, none, last = control_each(task, [up, never, down], planner, (0, 1), 2)
    assert none is None  # NaN everywhere is no verdict
    found = [each for each in (first, last) if each is not None]
    assert [each.success.shape for each in found] == [(2, 2), (2, 2)]
    assert found[0].success.mean() > 0.9
    assert found[1].success.mean() == 0.0
    assert control_each(task, [], planner) == []
    told = tasks.Success(Constant(0.0), "never")
    other = tasks.Task.from_gymnasium("CartPole-v1", fields=[Field("x", read=0)], success=told)
    with pytest.raises(BadInput, match="a MuJoCo environment of Gymnasium"):
        control_each(other, [Constant(1.0)], planner)


def test_each_reward_pays_its_own_rows() -> None:
    batch = {"x": np.arange(12.0).reshape(4, 3), "terminated": np.zeros((4, 3), bool)}
    table = tasks.load("cartpole").table()
    both = SideBySide((parse("2.0 * x", table), parse("x - 1.0", table)), 2)
    assert both.fields == {"x"}
    wanted = np.concatenate([2.0 * batch["x"][:2], batch["x"][2:] - 1.0])
    assert both(batch).tolist() == wanted.tolist()


def test_noise_in_one_piece_is_the_noise_one_by_one() -> None:
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    alone = np.stack([coloured_noise(rng, (4, 2, 9), 1.5) for rng in rngs])
    drawn = np.stack([raw(np.random.default_rng(seed), (4, 2, 9)) for seed in range(3)])
    before = drawn.copy()
    assert shaped(drawn, 9, 1.5).tolist() == alone.tolist()
    assert drawn.tolist() == before.tolist()
