"""The optimiser finds the known optimum of every probe environment, then learns classic control."""

from __future__ import annotations

import numpy as np
import pytest
from probes import BEST, CHOICES, NUMBERS, at_the_end, mark_seen, one, probe, right_action, right_answer

from rewardsmith import tasks
from rewardsmith.optimize.control import PPO, Population, evaluate, train
from rewardsmith.optimize.control.population import networks
from rewardsmith.optimize.control.statistics import standardise

SMALL = PPO(
    steps=16_000,
    envs=8,
    rollout=32,
    epochs=8,
    minibatches=4,
    learning_rate=5e-3,
    hidden=(16,),
    normalize_rewards=False,
    normalize_observations=False,
)
ACTIONS = pytest.mark.parametrize("actions", [CHOICES, NUMBERS], ids=["discrete", "box"])
SEEDS = range(3)


def values(population: Population, obs: list[list[float]]) -> np.ndarray:
    """What each member's critic says of some observations, ``(M, observations)``."""
    nets = networks(population.task, population.config)
    seen = np.asarray(obs, np.float32)
    return np.asarray(
        [nets.critic(nets.unpack(p.params), standardise(seen, p.moments)) for p in population.policies()]
    )


def trained(task, reward, config=SMALL) -> Population:
    return Population.start(task, [reward], SEEDS, config).advance(config.steps)


@ACTIONS
def test_constant_reward_is_valued_one(actions) -> None:
    population = trained(probe(actions=actions), one)
    assert np.allclose(values(population, [[1, 0]]), 1.0, atol=0.05)


@ACTIONS
def test_value_depends_on_the_observation(actions) -> None:
    population = trained(probe(actions=actions, random_mark=True), mark_seen)
    assert np.allclose(values(population, [[1, 0], [-1, 0]]), [1.0, -1.0], atol=0.05)


@ACTIONS
def test_later_reward_is_discounted(actions) -> None:
    population = trained(probe(actions=actions, length=2, discount=0.6), at_the_end)
    assert np.allclose(values(population, [[1, 0], [1, 1]]), [0.6, 1.0], atol=0.05)


@ACTIONS
def test_time_limit_is_not_the_end_of_the_world(actions) -> None:
    # 1 per step for ever is worth 1 / (1 - discount) = 2, although every episode is cut off after one step.
    task = probe(actions=actions, blind=True, ends=False, horizon=1)
    population = trained(task, one)
    assert np.allclose(values(population, [[1.0]]), 2.0, atol=0.1)


@ACTIONS
def test_action_that_pays_is_chosen(actions) -> None:
    task = probe(actions=actions)
    for policy in trained(task, right_action).policies():
        action = policy.act([1.0, 0.0])
        assert action == 1 if actions is CHOICES else abs(action[0] - BEST) < 0.06


@ACTIONS
def test_action_that_pays_depends_on_the_observation(actions) -> None:
    task = probe(actions=actions, random_mark=True)
    for policy in trained(task, right_answer).policies():
        action = policy.act([[1.0, 0.0], [-1.0, 0.0]])
        if actions is CHOICES:
            assert action.tolist() == [1, 0]
        else:
            assert np.allclose(action[:, 0], [BEST, -BEST], atol=0.06)


def test_cartpole_is_solved_and_gymnasium_agrees() -> None:
    from rewardsmith.optimize.control import evaluate_in_gymnasium

    task = tasks.load("cartpole")
    result = train(task, [task.native], range(8), PPO(steps=80_000), episodes=16)
    lengths = result.evaluation.lengths.mean(axis=1)
    assert np.sum(lengths > 475) >= 6
    found = evaluate_in_gymnasium(task, result.policies[int(lengths.argmax())], episodes=10, seed=5)
    assert found.lengths.mean() > 475
    assert np.array_equal(found.returns, found.lengths)  # 1 per step


@pytest.mark.slow
def test_pendulum_is_learned() -> None:
    task = tasks.load("pendulum")
    result = train(task, [task.native], range(4), PPO(steps=200_000), episodes=32)
    # Random play scores about -1200; published PPO results are -150 to -250.
    assert np.median(result.evaluation.returns.mean(axis=1)) > -300


def test_success_of_an_untrained_policy_is_low() -> None:
    task = tasks.load("cartpole")
    blank = Population.start(task, [task.native], [0], PPO(steps=2048))
    assert evaluate(task, blank.policies(), 3, 8).success.mean() < 0.2
