"""Whole episodes with a planner: classic control, and MuJoCo by cloning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.optimize.control.host import fresh_seed
from rewardsmith.optimize.plan import MujocoModel, Planner, control
from rewardsmith.program import parse

PENDULUM = tasks.load("pendulum")
QUICK = Planner(horizon=20, samples=24, iterations=2, elites=5)


def test_the_pendulum_is_swung_up_without_training() -> None:
    found = control(PENDULUM, PENDULUM.native, QUICK, seeds=(0, 1), episodes=4)
    assert found.success.shape == found.returns.shape == (2, 4)
    assert found.success.mean() > 0.9
    idle = control(PENDULUM, 0.0 * PENDULUM.native, Planner(1, 1, 1, 1, 1e-6), episodes=4)
    assert idle.success.mean() < 0.2


def test_an_episode_does_not_depend_on_its_neighbours() -> None:
    few = control(PENDULUM, PENDULUM.native, QUICK, seeds=(3,), episodes=1)
    more = control(PENDULUM, PENDULUM.native, QUICK, seeds=(4, 3), episodes=2)
    assert few.returns[0, 0] == more.returns[1, 0]
    assert len(set(more.returns.ravel().tolist())) == 4


def test_choices_are_planned() -> None:
    task = replace(tasks.load("cartpole"), horizon=200)
    planner = Planner(horizon=20, samples=16, iterations=2, elites=4, colour=0.0)
    assert control(task, task.naive, planner, episodes=2).lengths.min() == 200


def test_predictive_sampling_is_a_configuration() -> None:
    simple = Planner(horizon=20, samples=32, iterations=1, elites=1, momentum=0.0)
    assert control(PENDULUM, PENDULUM.native, simple, episodes=4).success.mean() > 0.9


def test_a_program_is_a_cost_like_any_other() -> None:
    text = "def reward(next_upright, next_angular_velocity):\n"
    text += "    return next_upright - 0.01 * next_angular_velocity * next_angular_velocity\n"
    program = parse(text, PENDULUM.table())
    assert control(PENDULUM, program, QUICK, episodes=4).success.mean() > 0.9


def test_a_schedule_changes_the_reward_in_mid_episode() -> None:
    up, down = PENDULUM.native, -1.0 * PENDULUM.naive
    found = control(PENDULUM, [(up, 120), (down, 1)], QUICK, episodes=2, keep=2)
    for episode in found.trajectories[0]:
        assert episode.obs[100:120, 0].min() > 0.95
        assert episode.obs[-1, 0] < 0.0
    whole = control(PENDULUM, up, QUICK, episodes=2, keep=1)
    first, alone = found.trajectories[0][0], whole.trajectories[0][0]
    assert first.action[:120].tolist() == alone.action[:120].tolist()
    assert list(alone.terms) == [PENDULUM.native.label]


def test_mujoco_is_imagined_exactly_as_it_happens() -> None:
    """Oracle: the environment itself, stepped by Gymnasium."""
    import gymnasium

    task = tasks.load("Reacher-v5")
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 3, 6, 2))
    with MujocoModel(task, threads=2) as model:
        states = model.begin([(7, 0), (7, 1)])
        _, _ = model.step(states, actions[:, 0, 0])  # changes nothing
        found = model.imagine(states, actions)
        states, one = model.step(states, actions[:, 0, 0])
        rest = model.imagine(states, actions[:, :1, 1:])
    env = gymnasium.make("Reacher-v5")
    for episode in range(2):
        for sample in range(3):
            obs, _ = env.reset(seed=fresh_seed(7, episode))
            for time in range(6):
                assert found["obs"][episode, sample, time].tolist() == obs.tolist()
                obs, paid, ended, _, _ = env.step(actions[episode, sample, time])
                assert found["next_obs"][episode, sample, time].tolist() == obs.tolist()
                assert found["native_reward"][episode, sample, time] == paid
                assert found["terminated"][episode, sample, time] == ended
    assert one["next_obs"].tolist() == found["next_obs"][:, 0, 0].tolist()
    assert rest["next_obs"][:, 0].tolist() == found["next_obs"][:, 0, 1:].tolist()
    env.close()


def test_the_reacher_reaches() -> None:
    task = tasks.load("Reacher-v5")
    planner = Planner(horizon=10, samples=16, iterations=2, elites=4)
    found = control(task, task.naive, planner, seeds=(0,), episodes=2)
    assert found.success.mean() > 0.6
    assert found.lengths.tolist() == [[50, 50]]


def test_bad_schedules_are_refused() -> None:
    for wrong in ([], [PENDULUM.native], "native"):
        with pytest.raises(BadInput, match="schedule of rewards"):
            control(PENDULUM, wrong, QUICK)
    with pytest.raises(BadInput, match="steps of a reward in a schedule"):
        control(PENDULUM, [(PENDULUM.native, 0)], QUICK)
    with pytest.raises(MissingField):
        control(PENDULUM, tasks.load("cartpole").naive, QUICK)
    with pytest.raises(BadInput, match="seeds: received none"):
        control(PENDULUM, PENDULUM.native, QUICK, seeds=())
