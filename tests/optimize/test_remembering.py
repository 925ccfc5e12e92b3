"""Q-learning with memory: plain Q-learning where nothing is remembered, and a task that needs what is."""

from __future__ import annotations

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.learn.subgoals import SubgoalReward
from rewardsmith.optimize.remembering import TrainingCurves, remembering_q_learning
from rewardsmith.optimize.tabular import QLearning, q_learning

CHAIN = tables.chain(2, 3, discount=0.9, rewards=(0.2, 1.0))


def nothing(ways: int, seeds: int) -> SubgoalReward:
    silent = np.zeros((ways, seeds, 1, CHAIN.states, 2), bool)
    return SubgoalReward(silent, ("once", "potential")[:ways], CHAIN.ends, 0.9)


def test_with_nothing_to_remember_it_is_q_learning() -> None:
    config = QLearning(episodes=30, epsilon=0.3, evaluate_every=30)
    plain = q_learning(CHAIN, CHAIN.expected_reward[None], range(4), config)
    found = remembering_q_learning(CHAIN, range(4), config, nothing(2, 4))
    for variant in found.values:
        np.testing.assert_array_equal(variant[:, 0], plain.values[0])
    np.testing.assert_array_equal(found.length.sum(-1)[0], plain.steps[0])
    alone = remembering_q_learning(CHAIN, [2], config, nothing(1, 1))
    np.testing.assert_array_equal(alone.values[0, 0], found.values[0, 2])


def test_own_returns_are_discounted_and_without_the_extra() -> None:
    chain = tables.chain(2, 3, discount=0.9, rewards=(0.0, 1.0))
    always = np.ones((1, 3, 1, chain.states, 2), bool)
    reward = SubgoalReward(always, ("potential",), chain.ends, 0.9, weights=(0.01,))
    found = remembering_q_learning(chain, range(3), QLearning(episodes=200, epsilon=0.0), reward)
    right = found.own > 0  # the left end pays nothing
    np.testing.assert_allclose(found.own, np.where(right, 0.9 ** (found.length - 1.0), 0.0), atol=1e-12)
    assert 0 < right.mean() < 1


def test_a_potential_of_what_was_reached_leaves_the_optimum_alone() -> None:
    """The bonus lies on the way to the small reward; paid once it wins, as a potential it does not."""
    lure = np.zeros((2, 6, 1, CHAIN.states, 2), bool)
    lure[..., 2, 0] = True
    reward = SubgoalReward(lure, ("once", "potential"), CHAIN.ends, 0.9, weights=(3.0, 0.3))
    found = remembering_q_learning(CHAIN, range(6), QLearning(episodes=400, epsilon=0.9), reward)
    start = int(CHAIN.initial.argmax())
    assert (found.values[0, :, 0, start].argmax(-1) == 0).all()
    assert (found.values[1, :, 0, start].argmax(-1) == 1).all()


def test_steps_to_is_the_slow_count() -> None:
    rng = np.random.default_rng(0)
    own, length = rng.random((2, 3, 40)), rng.integers(1, 9, (2, 3, 40))
    found = TrainingCurves(own, length, None, np.zeros(0)).steps_to(0.6, window=5)
    for k in range(2):
        for n in range(3):
            ends = [e for e in range(4, 40) if own[k, n, e - 4 : e + 1].mean() >= 0.6]
            assert found[k, n] == length[k, n, : (ends[0] if ends else 39) + 1].sum()
