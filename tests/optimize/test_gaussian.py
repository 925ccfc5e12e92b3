"""The Gaussian testbed against closed forms and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.gaussian import GaussianArms, learn_gaussian
from rewardsmith.transforms import GroupNormalize

STD = np.array([0.5, 0.2])


@rs.term
def near(action, target):
    return -rs.xp(action).sum((action - target) ** 2, axis=-1)


@rs.term
def lopsided(action, target):
    """Not a quadratic: its expectation is known by quadrature only."""
    lib = rs.xp(action)
    return lib.tanh(3.0 * (action[..., 0] - target[..., 0])) * lib.cos(action[..., 1])


def world(items: int = 6, seed: int = 0, decode=None) -> GaussianArms:
    rng = np.random.default_rng(seed)
    features = np.concatenate([np.ones((items, 1)), rng.normal(size=(items, 1))], axis=1)
    target = features @ np.array([[0.3, -0.2], [0.5, 0.4]])
    return GaussianArms({"target": target}, features, rng.normal(scale=0.1, size=(2, 2)), STD, decode)


def expected_reward(arms: GaussianArms, reward: rs.Reward, weights: np.ndarray) -> float:
    """E[reward] by Gauss-Hermite quadrature over both columns of the action."""
    nodes, mass = np.polynomial.hermite_e.hermegauss(40)
    mass = mass / mass.sum()
    total = 0.0
    for x, p in zip(nodes, mass, strict=True):
        for y, q in zip(nodes, mass, strict=True):
            actions = arms.mean(weights) + STD * np.array([x, y])
            batch = arms.batch(np.arange(len(actions)), actions, weights)
            total += p * q * reward(batch).mean()
    return total


def test_the_gradient_is_unbiased():
    """One step with a huge sample equals the gradient of the expected reward, by central differences."""
    arms = world()
    config = PolicyGradient(updates=1, samples=200_000, learning_rate=1.0)
    moved = learn_gaussian([arms], lopsided | GroupNormalize(scale="none"), [0], config).weights[0]
    gradient = np.zeros((2, 2))
    for index in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[index] = 1e-4
        gap = expected_reward(arms, lopsided, step) - expected_reward(arms, lopsided, -step)
        gradient[index] = gap / 2e-4
    np.testing.assert_allclose(moved, gradient, atol=0.004)
    assert np.abs(gradient).max() > 0.1


def test_it_finds_the_linear_map_to_its_targets():
    arms = world(items=40)
    config = PolicyGradient(updates=1500, samples=8, prompts=16, learning_rate=0.1, record=100)
    found = learn_gaussian([arms], near | GroupNormalize(scale="none"), [0, 1], config, {"near": near})
    assert (found.final("near") > -0.01).all()
    assert found.curves["near"].shape == (2, 16)
    assert (found.curves["near"][:, 0] < -0.1).all()


def test_with_a_price_on_kl_it_ends_at_the_ridge_solution():
    r"""max_w E[-|a - target|^2] - beta |phi w|^2 / 2: the mean shift is 2 s^2 / (2 s^2 + beta) of the way."""
    arms, beta = world(items=12), 0.3
    config = PolicyGradient(updates=4000, samples=16, learning_rate=0.05, kl=beta)
    ended = learn_gaussian([arms], near | GroupNormalize("others", "none"), [0], config).weights[0]
    start = arms.features @ arms.start
    wanted = start + 2 * STD**2 / (2 * STD**2 + beta) * (arms.fields["target"] - start)
    np.testing.assert_allclose(arms.mean(ended), wanted, atol=0.04)


def test_log_probabilities_are_those_of_the_normal_law():
    from scipy.stats import norm

    arms, rng = world(), np.random.default_rng(0)
    weights, items = rng.normal(size=(2, 2)), np.array([0, 3, 3])
    actions = rng.normal(size=(3, 2))
    batch = arms.batch(items, actions, weights)
    now = norm.logpdf(actions, arms.mean(weights)[items], STD).sum(-1)
    before = norm.logpdf(actions, (arms.features @ arms.start)[items], STD).sum(-1)
    np.testing.assert_allclose(batch["log_prob"], now)
    np.testing.assert_allclose(batch["log_ratio"], now - before)
    assert batch["group"].tolist() == [0, 3, 3]


def halves(action, fields):
    return {"gap": action[:, 0] - fields["target"][:, 0]}


@rs.term
def gap_is_small(gap):
    return rs.xp(gap).where(gap > 1.0, rs.xp(gap).nan, -(gap**2))


def test_actions_are_decoded_and_no_verdict_is_left_out():
    arms = world(decode=halves)
    config = PolicyGradient(updates=300, samples=8, learning_rate=0.2)
    reward = gap_is_small | GroupNormalize(scale="none")
    found = learn_gaussian([arms], reward, [0], config, {"g": gap_is_small})
    assert np.isfinite(found.weights).all()
    assert found.final("g")[0] > -0.02
    with pytest.raises(MissingField, match="gap"):
        learn_gaussian([world()], gap_is_small, [0], config)


def test_seeds_are_independent_and_repeatable():
    arms, config = world(), PolicyGradient(updates=20)
    reward = near | rs.Normalize() | GroupNormalize()
    both = learn_gaussian([arms], reward, [3, 4], config).weights
    assert np.array_equal(learn_gaussian([arms], reward, [4], config).weights[0], both[1])
    assert not np.array_equal(both[0], both[1])


def test_bad_input_is_one_line():
    with pytest.raises(BadInput, match="start"):
        GaussianArms({}, np.zeros((2, 3)), np.zeros((2, 4)), 1.0)
    with pytest.raises(BadInput, match="std"):
        GaussianArms({}, np.zeros((2, 3)), np.zeros((3, 4)), 0.0)
    with pytest.raises(BadInput, match="other than"):
        GaussianArms({"action": np.zeros((2, 3))}, np.zeros((2, 3)), np.zeros((3, 1)), 1.0)
    with pytest.raises(BadInput, match="shape"):
        GaussianArms({"target": np.zeros((5, 3))}, np.zeros((2, 3)), np.zeros((3, 1)), 1.0)
    with pytest.raises(BadInput, match="seeds"):
        learn_gaussian([world(), world()], near, [0], PolicyGradient())
