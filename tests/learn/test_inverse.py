"""Maximum-entropy inverse reinforcement learning: feature matching, likelihood, and the true reward again."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.core.soft import soft_policy
from rewardsmith.learn.inverse import max_entropy_irl, sample_episodes, visits_of


def world(seed):
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 6, 3, 0.9)
    return mdp, rng.normal(size=(6, 3, 2)), rng.normal(size=2)


def test_features_match_and_the_weights_come_back():
    mdp, phi, w = world(0)
    expert = soft_policy(mdp, phi @ w, 1.0)
    visits = tables.occupancy(mdp, expert)
    found = max_entropy_irl(mdp, phi, visits, l2=1e-9)
    np.testing.assert_allclose(found, w, atol=1e-2)
    own = tables.occupancy(mdp, soft_policy(mdp, phi @ found, 1.0))
    np.testing.assert_allclose(np.einsum("sa,saf->f", own - visits, phi), 0.0, atol=1e-2)


def test_it_maximises_the_likelihood_of_the_demonstrated_actions():
    mdp, phi, w = world(1)
    visits = tables.occupancy(mdp, soft_policy(mdp, 3 * phi @ w, 1.0))

    def likelihood(weights):
        return float((visits * np.log(soft_policy(mdp, phi @ weights, 1.0))).sum())

    found = max_entropy_irl(mdp, phi, visits, l2=1e-9)
    rng = np.random.default_rng(0)
    assert all(likelihood(found) >= likelihood(found + 0.2 * rng.normal(size=2)) for _ in range(20))


def test_a_uniform_demonstrator_wants_nothing():
    mdp, phi, _ = world(2)
    visits = tables.occupancy(mdp, np.full((6, 3), 1 / 3))
    np.testing.assert_allclose(max_entropy_irl(mdp, phi, visits), 0.0, atol=1e-4)


def test_visits_are_counted_with_their_discount():
    mdp = tables.chain(1, 2, discount=0.5)
    found = visits_of(mdp, [[1, 2, 9], [1, 0, 0]], [[1, 1, 9], [0, 1, 1]], [[1, 1, 0], [1, 0, 0]])
    expected = np.zeros((4, 2))
    expected[1] = 0.5, 0.5
    expected[2, 1] = 0.25
    np.testing.assert_allclose(found, expected)


def test_sampled_episodes_visit_what_the_policy_does():
    mdp = tables.chain(2, 3, discount=0.8, slip=0.2)
    policy = np.random.default_rng(0).dirichlet(np.ones(2), mdp.states)
    episodes = sample_episodes(mdp, policy, 20_000, 40, np.random.default_rng(1))
    expected = tables.occupancy(mdp, policy) * ~mdp.ends[:, None]  # what follows the end is not recorded
    np.testing.assert_allclose(visits_of(mdp, *episodes), expected, atol=0.02)
    starts = sample_episodes(mdp, policy, 20_000, 1, np.random.default_rng(2), anywhere=True)[0]
    np.testing.assert_allclose(np.bincount(starts[:, 0]) / 20_000, 1 / mdp.states, atol=0.02)


def test_demonstrations_that_end_teach_the_goal():
    """The mass after the end is missing from the counts, and must be."""
    mdp = tables.chain(3, 3, discount=0.9, slip=0.1)
    phi = np.stack([mdp.transition[:, :, 0], mdp.transition[:, :, -1]], -1) * ~mdp.ends[:, None, None]
    right = np.ones(mdp.states, int)
    shown = visits_of(mdp, *sample_episodes(mdp, right, 200, 60, np.random.default_rng(0)))
    w = max_entropy_irl(mdp, phi, shown, temperature=0.1)
    assert w[1] > 0 > w[0]
    found = tables.policy_iteration(mdp.with_reward(phi @ w))[0]
    assert (found[~mdp.ends] == 1).all()


def test_refusals():
    mdp, phi, _ = world(3)
    with pytest.raises(BadInput, match="features"):
        max_entropy_irl(mdp, phi[:3], np.ones((6, 3)))
    with pytest.raises(BadInput, match="visits"):
        max_entropy_irl(mdp, phi, np.zeros((6, 3)))
    with pytest.raises(BadInput, match="shapes"):
        visits_of(mdp, [0], [0])
