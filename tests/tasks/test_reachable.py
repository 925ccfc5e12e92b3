"""What hand-made controllers reach: no task asks for the impossible, and none is solved by doing nothing."""

import numpy as np
import pytest

from rewardsmith import tasks
from tasks.controllers import SwingUp, balance_pole, hold, planned_height, play, pump_elbow, rock


def nothing(task):
    """The idle action in every copy: the middle of the choices, or force 0."""
    choices = task.actions

    def act(obs):
        return np.full(len(obs), choices.n // 2) if choices.width == 0 else np.zeros((len(obs), choices.width))

    return act


SOLVED = {
    "cartpole": balance_pole,
    "cartpole_swingup": SwingUp(),  # keeps what it owes, so it is used once
    "pendulum": hold,
    "pendulum_hold": hold,
    "mountain_car": lambda obs: 1 + rock(obs),
    "mountain_car_sparse": lambda obs: 1 + rock(obs),
    "mountain_car_continuous": lambda obs: 1.0 * rock(obs)[..., None],
    "acrobot": lambda obs: pump_elbow(obs, target=np.inf),
}


@pytest.mark.parametrize("name", SOLVED)
def test_a_hand_made_controller_solves_it(name):
    success, _ = play(tasks.load(name), SOLVED[name])
    assert success.mean() > 0.95


def test_swing_up_stays_on_the_track():
    success, length = play(tasks.load("cartpole_swingup"), SwingUp(), episodes=100, seed=1)
    assert success.min() == 1.0
    assert (length == 500).all()


@pytest.mark.parametrize("name", [name for name in tasks.names() if tasks.load(name).is_array])
def test_doing_nothing_does_not_succeed(name):
    task = tasks.load(name)
    success, _ = play(task, nothing(task))
    assert success.mean() < 0.15


def test_acrobot_high_pumping_reaches_little_and_planning_reaches_most():
    """The figures in docs/tasks.md: pumping energy about 0.2, planning with the true dynamics about 0.7."""
    task = tasks.load("acrobot_high")
    pumped, _ = play(task, pump_elbow)
    assert 0.1 < pumped.mean() < 0.3
    planned = planned_height(task.env, episodes=2, horizon=task.horizon)
    assert planned.min() > 0.55
