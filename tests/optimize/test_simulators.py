"""Simulators on the host go the way of compiled environments; evaluation judges what really happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.core.term import term
from rewardsmith.optimize.control import PPO, Policy, Population, evaluate, evaluate_in_gymnasium
from rewardsmith.optimize.control.evaluate import judge
from rewardsmith.optimize.control.host import fresh_seed
from rewardsmith.tasks.envs.gym import GymEnv

ARRAY = tasks.load("cartpole")
QUICK = PPO(steps=4096, envs=4, rollout=32, epochs=2, minibatches=2, hidden=(8,))


@pytest.fixture(params=["gymnasium", "envpool"])
def simulated(request: pytest.FixtureRequest):
    return replace(ARRAY, env=GymEnv.inspect("CartPole-v1", engine=request.param))


@term
def living(next_upright):
    return next_upright * 0.0 - 1.0


@term
def centred(next_x):
    return 1.0 - abs(next_x)


def test_simulated_member_is_independent_and_resumes_exactly(simulated, tmp_path: Path) -> None:
    both = Population.start(simulated, [ARRAY.native, centred], [3, 4], QUICK).advance(256)
    both.save(tmp_path / "both.npz")
    again = Population.load(tmp_path / "both.npz", simulated, [ARRAY.native, centred], QUICK).advance(256)
    alone = Population.start(simulated, [centred], [4], QUICK).advance(256).advance(256)
    assert np.array_equal(again.members.params[3], alone.members.params[0])
    assert np.array_equal(both.advance(256).members.params, again.members.params)
    assert not np.array_equal(again.members.params[2], again.members.params[3])


def test_simulated_members_trained_apart_are_those_trained_at_once(simulated) -> None:
    whole = Population.start(simulated, [ARRAY.native, centred], [3, 4], QUICK).advance(256)
    apart = Population.join([part.advance(256) for part in whole.split(3)])
    assert np.array_equal(whole.advance(256).members.params, apart.members.params)


def test_simulator_and_array_task_learn_alike(simulated) -> None:
    config = PPO(steps=24_576, epochs=8)
    lengths = []
    for task in (simulated, ARRAY):
        trained = Population.start(task, [ARRAY.native], [0], config).advance(config.steps)
        lengths.append(evaluate(task, trained.policies(), 5, 8).lengths.mean())
    assert min(lengths) > 150  # untrained: about 20


def test_pendulum_has_no_end_but_its_time_limit() -> None:
    # 200 steps of -1 each: the simulator's episodes are cut off, not terminated, and counted so.
    task = replace(tasks.load("pendulum"), env=GymEnv.inspect("Pendulum-v1", engine="gymnasium"))
    population = Population.start(task, [living], [0], QUICK).advance(4 * 200 * 2)
    assert np.nanmean(population.curves.figures["episode_length"]) == 200
    assert evaluate(task, population.policies(), 0, 3).lengths.tolist() == [[200, 200, 200]]


def test_evaluation_in_gymnasium_equals_our_own_up_to_starts() -> None:
    policy = Population.start(ARRAY, [ARRAY.native], [0], QUICK).policies()[0]
    found = evaluate_in_gymnasium(ARRAY, policy, episodes=20, seed=1)
    assert np.array_equal(found.returns, found.lengths)
    assert 5 < found.lengths.mean() < 100
    one = found.trajectories[0][0]
    assert one.obs.shape == (found.lengths[0, 0], 4)
    swing = tasks.load("cartpole_swingup")
    untrained = Population.start(swing, [swing.naive], [0], QUICK).policies()[0]
    with pytest.raises(BadInput, match="cartpole_swingup"):
        evaluate_in_gymnasium(swing, untrained)


class Third(gymnasium.Env[np.ndarray, int]):
    """Says of each third step that it succeeded, whatever is done."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        told = {"is_success": True} if self.t % 3 == 0 else {}
        return np.zeros(1, np.float32), 0.0, False, False, told


def test_the_verdict_of_an_environment_is_read_in_gymnasium_too() -> None:
    gymnasium.register("Third-v0", entry_point=Third, max_episode_steps=12)
    success = tasks.Success(tasks.native_success, "share of the steps")
    task = tasks.Task.from_gymnasium(
        "Third-v0", fields=(), success=success, success_key="is_success", engine="gymnasium"
    )
    policy = Population.start(task, [task.native], [0], QUICK).policies()[0]
    assert evaluate_in_gymnasium(task, policy, episodes=3).success.tolist() == [[4 / 12] * 3]
    assert evaluate(task, [policy], 0, 3).success.tolist() == [[4 / 12] * 3]


def test_what_follows_the_end_of_an_episode_does_not_count() -> None:
    states = np.zeros((2, 500, 4))
    terminated = np.zeros((2, 500), bool)
    terminated[1, 9:] = True
    found = judge(ARRAY, ARRAY.batch(states, np.zeros((2, 500), int), states, terminated), keep=2)
    assert found.lengths.tolist() == [[500, 10]]
    assert found.returns.tolist() == [[500.0, 10.0]]
    assert found.success.tolist() == [[1.0, 10 / 500]]
    assert [len(one.action) for one in found.trajectories[0]] == [500, 10]


def test_evaluation_shows_what_each_part_paid() -> None:
    reward = ARRAY.native + 0.5 * centred
    policies = Population.start(ARRAY, [reward], [0, 1], QUICK).policies()
    found = evaluate(ARRAY, policies, [1, 2], 4, keep=3, rewards=[reward, reward])
    assert found.success.shape == (2, 4)
    for one in found.trajectories[1]:
        batch_x = one.obs[1:, 0]
        assert np.allclose(one.terms["centred"][:-1], 0.5 * (1 - np.abs(batch_x)), atol=1e-6)
    equal = evaluate(ARRAY, [policies[0]] * 2, 7, 4)
    assert np.array_equal(equal.lengths[0], equal.lengths[1])


def test_policy_survives_the_disk_and_acts_as_the_compiled_one(tmp_path: Path) -> None:
    swing = tasks.load("cartpole_swingup")
    for task in (ARRAY, swing):
        policy = Population.start(task, [task.naive], [0], QUICK).advance(256).policies()[0]
        policy.save(tmp_path / "p.npz")
        again = Policy.load(tmp_path / "p.npz")
        one = evaluate(task, [policy], 0, 2).trajectories[0][0]
        assert again.networks == policy.networks
        assert np.allclose(again.act(one.obs), one.action, atol=1e-5)
        assert again.act(one.obs, np.random.default_rng(0)).shape == one.action.shape
    with pytest.raises(BadInput, match="observation"):
        again.act(np.zeros(3))
    (tmp_path / "p.npz").write_text("nonsense")
    with pytest.raises(StoreError, match="cannot be read"):
        Policy.load(tmp_path / "p.npz")


def test_evaluate_refuses_what_does_not_fit() -> None:
    policy = Population.start(ARRAY, [ARRAY.native], [0], QUICK).policies()[0]
    for arguments, message in (
        ((ARRAY, [], 0), "policies"),
        ((tasks.load("pendulum"), [policy], 0), "pendulum"),
        ((ARRAY, [policy], [1, 2]), "seeds"),
        ((ARRAY, [policy], 0, 0), "episodes"),
    ):
        with pytest.raises(BadInput, match=message):
            evaluate(*arguments)


def test_seeds_of_simulators_differ_and_fit() -> None:
    seeds = {fresh_seed(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900
    assert max(seeds) < 2**30
