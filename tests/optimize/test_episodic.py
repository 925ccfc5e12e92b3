"""The episodic learner: its gradient against enumeration, its returns against loops, its states per seed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput, MissingField, ScopeError
from rewardsmith.optimize import episodic
from rewardsmith.transforms import CountBonus, GroupNormalize, Redistribute


@rs.term
def own(own):
    return own


@rs.term
def missing_sometimes(own, time):
    return np.where(time == 1, np.nan, own)


def test_the_gradient_is_that_of_the_expected_return() -> None:
    """Oracle: every trajectory of a two-step MDP, enumerated, differentiated by central differences."""
    mdp = tables.random_mdp(np.random.default_rng(0), 3, 2, 0.9)
    theta = np.random.default_rng(1).normal(size=(3, 2))

    def expected(theta: np.ndarray) -> float:
        pi, total = episodic.softmax(theta), 0.0
        for s, a, after, b in itertools.product(range(3), range(2), range(3), range(2)):
            chance = mdp.initial[s] * pi[s, a] * mdp.transition[s, a, after] * pi[after, b]
            total += chance * (mdp.expected_reward[s, a] + 0.5 * mdp.expected_reward[after, b])
        return total

    slope = np.zeros((3, 2))
    for place in np.ndindex(3, 2):
        step = np.zeros((3, 2))
        step[place] = 1e-5
        slope[place] = (expected(theta + step) - expected(theta - step)) / 2e-5
    world = episodic.MDPWorld(mdp, horizon=2)
    policy = episodic.softmax(theta)[None]
    record = episodic.rollout(world, policy, [np.random.default_rng(2)], 200_000)
    config = episodic.EpisodicGradient(episodes=200_000, discount=0.5, normalize=False)
    gain = episodic.advantages(record.fields["own"], record, 1, config)
    # the discounted return weights later gradients by the discount too; undo the usual omission
    gain = gain * 0.5 ** record.fields["time"]
    found = episodic.gradient(gain, record, policy, config)[0]
    np.testing.assert_allclose(found, slope, atol=0.01)


def test_the_entropy_gradient() -> None:
    mdp = tables.TabularMDP(np.ones((1, 3, 1)), np.zeros((1, 3)), 0.9, np.ones(1))
    theta = np.array([[1.0, -0.5, 0.2]])
    policy = episodic.softmax(theta)[None]
    record = episodic.rollout(episodic.MDPWorld(mdp, 1), policy, [np.random.default_rng(0)], 4)
    config = episodic.EpisodicGradient(episodes=4, entropy=2.0)
    found = episodic.gradient(np.zeros((1, 4)), record, policy, config)[0, 0]

    def entropy(logits: np.ndarray) -> float:
        p = episodic.softmax(logits)
        return float(-(p * np.log(p)).sum())

    slope = [(entropy(theta[0] + e) - entropy(theta[0] - e)) / 2e-6 for e in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(found, 2.0 * np.array(slope), atol=1e-6)


def test_returns_of_levels_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    paid, level = rng.normal(size=(7, 4)), rng.integers(0, 2, (7, 4))
    live = np.arange(7)[:, None] < np.array([7, 5, 7, 3])
    record = episodic.Rollout(level, level, live, {"level": level})
    config = episodic.EpisodicGradient(episodes=2, discount=(0.9, 0.5), normalize=True)
    found = episodic.advantages(paid, record, 2, config)
    for agents in ([0, 1], [2, 3]):
        for number, discount in enumerate((0.9, 0.5)):
            places = [(t, m) for m in agents for t in range(7) if live[t, m] and level[t, m] == number]
            gains = [
                sum(
                    discount ** (k - t) * paid[k, m]
                    for k in range(t, 7)
                    if live[k, m] and level[k, m] == number
                )
                for t, m in places
            ]
            expected = (np.array(gains) - np.mean(gains)) / (np.std(gains) + 1e-8)
            np.testing.assert_allclose([found[place] for place in places], expected)
    assert (found[~live] == 0).all()


def test_it_learns_the_best_policy_of_a_chain_and_seeds_do_not_see_each_other() -> None:
    mdp = tables.chain(1, 3, 0.95, rewards=(0.1, 1.0))
    world = episodic.MDPWorld(mdp, horizon=12)
    config = episodic.EpisodicGradient(updates=60, episodes=32, learning_rate=0.5, discount=0.95)
    found = episodic.learn_episodes(world, own, [0, 1, 2], config, {"own": own})
    best = tables.policy_iteration(mdp)[0]
    assert (found.policy.argmax(-1)[:, 1:-1] == best[1:-1]).all()
    assert (found.late("own") > 0.9).all()
    alone = episodic.learn_episodes(world, own, [1], config, {"own": own})
    np.testing.assert_array_equal(found.policy[1], alone.policy[0])
    np.testing.assert_array_equal(found.curves["own"][1], alone.curves["own"][0])
    assert found.steps[1] == alone.steps[0] == round(alone.curves["length"][0].sum() * 32)


def test_a_state_is_carried_for_each_seed() -> None:
    """Global counts of a seed end at the steps it made."""
    world = episodic.MDPWorld(tables.chain(2, 2), horizon=5)
    config = episodic.EpisodicGradient(updates=3, episodes=4)
    found = episodic.learn_episodes(world, own + CountBonus("next_state"), [3, 4], config)
    for steps, state in zip(found.steps, found.states, strict=True):
        assert state[1][1].sum() == steps


def test_episode_rewards_see_whole_episodes() -> None:
    """A return that is spread evenly gives every step of an episode the same share."""
    world = episodic.MDPWorld(tables.chain(1, 2), horizon=6)
    record = episodic.rollout(world, np.full((1, 4, 2), 0.5), [np.random.default_rng(0)], 50)
    batch, live = record.flat(slice(0, 50))
    spread = Redistribute(rs.Constant(1.0))
    paid = (own | spread)(batch)[0]
    ends = np.cumsum(live.sum(1))
    for begin, end in itertools.pairwise([0, *ends]):
        assert batch["first"][0, begin]
        assert batch["terminated"][0, end - 1] or batch["truncated"][0, end - 1]
        np.testing.assert_allclose(paid[begin:end], batch["own"][0, begin:end].sum() / (end - begin))


def test_no_verdict_teaches_nothing() -> None:
    world = episodic.MDPWorld(tables.chain(2, 2), horizon=2)
    config = episodic.EpisodicGradient(updates=5, episodes=8)
    found = episodic.learn_episodes(world, missing_sometimes, [0], config)
    np.testing.assert_allclose(found.policy, 0.5)  # every return contains the missing verdict


def test_what_does_not_fit_is_refused() -> None:
    world = episodic.MDPWorld(tables.chain(2, 2), horizon=2)
    config = episodic.EpisodicGradient(updates=1)
    with pytest.raises(MissingField, match="success"):
        episodic.learn_episodes(world, rs.success, [0], config)
    with pytest.raises(ScopeError, match="episodic learner"):
        episodic.learn_episodes(world, own | GroupNormalize(), [0], config)
    with pytest.raises(BadInput, match="shape"):
        episodic.learn_episodes(world, own, [0], config, initial=np.zeros((2, 2)))
    with pytest.raises(BadInput, match="above 0"):
        episodic.EpisodicGradient(learning_rate=0.0)
