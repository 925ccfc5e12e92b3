"""Controls run on the device, and give what the host gives."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.optimize.control import PPO, Population
from rewardsmith.optimize.control.device import as_program, device_table, with_signals
from rewardsmith.program import Grammar

TASK = tasks.load("pendulum")


@pytest.mark.parametrize("reward", [rs.success, TASK.native, rs.Constant(0.0), rs.Constant(-1.5)], ids=str)
def test_a_control_pays_the_same_as_a_program(reward):
    """Oracle: the reward itself on the same batch, in float64."""
    rng = np.random.default_rng(0)
    obs, after = rng.normal(size=(2, 50, TASK.observation_size))
    batch = TASK.batch(obs, rng.uniform(-2, 2, (50, 1)), after, np.zeros(50, bool))
    program = as_program(reward, TASK)
    np.testing.assert_allclose(program(with_signals(TASK, batch)), reward(TASK.with_success(batch)), rtol=1e-6)
    assert program.names == (reward.label,)


def test_other_rewards_stay_on_the_host():
    assert as_program(2.0 * rs.success, TASK) is None


def test_searches_cannot_reach_the_extra_fields():
    extra = {field.name for field in device_table(TASK)} - {field.name for field in TASK.table()}
    assert extra == {"success", "native_reward"}
    grammar = Grammar.from_fields(TASK.table())
    assert not extra & {field.name for field in grammar.fields}


def test_device_and_host_train_alike():
    """The same reward by both routes: equal up to float32 rounding after one iteration."""
    config = PPO(steps=512, envs=4, rollout=128)
    device = Population.start(TASK, [TASK.native], [3], config).advance(512)
    host = Population.start(TASK, [TASK.native | rs.Scale(1.0)], [3], config).advance(512)
    np.testing.assert_allclose(device.curves.figures["reward"], host.curves.figures["reward"], rtol=1e-4)
    np.testing.assert_allclose(device.members.params, host.members.params, atol=2e-3)
