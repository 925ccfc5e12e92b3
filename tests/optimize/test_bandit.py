"""The bandit testbed against closed forms: Gibbs policies, and where the policy gradient must end."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.optimize.bandit import Arms, PolicyGradient, learn_bandit, sample
from rewardsmith.optimize.gibbs import expected, gibbs, gibbs_at_kl, kl, log_softmax
from rewardsmith.transforms import GroupNormalize


@rs.term
def paid(value):
    return value


def world(seed: int = 0, features: bool = False) -> Arms:
    rng = np.random.default_rng(seed)
    value = rng.normal(size=(4, 5))
    shared = np.stack([value, rng.normal(size=(4, 5))], axis=-1)
    return Arms({"value": value}, rng.normal(size=(4, 5)), shared if features else None)


def test_gibbs_maximises_its_objective():
    arms, rng = world(), np.random.default_rng(1)
    reference, value = log_softmax(arms.logits), arms.fields["value"]

    def objective(policy):
        return expected(policy, value) - 0.7 * kl(policy, reference)

    best = gibbs(arms.logits, value, 0.7)
    for _ in range(200):
        other = log_softmax(best + rng.normal(scale=0.3, size=best.shape))
        assert (objective(other) <= objective(best) + 1e-12).all()
    # the optimum is beta log sum ref exp(value / beta)
    closed = 0.7 * np.log(np.sum(np.exp(reference + value / 0.7), axis=-1))
    np.testing.assert_allclose(objective(best), closed)


def test_gibbs_spends_the_kl_that_it_is_given_and_ignores_scale():
    score = np.random.default_rng(0).normal(size=(3, 6, 20))
    reference = np.zeros((6, 20))
    for target in (0.1, 1.0):
        policy = gibbs_at_kl(reference, score, target)
        np.testing.assert_allclose(kl(policy, log_softmax(reference)).mean(-1), target, rtol=1e-6)
        np.testing.assert_allclose(gibbs_at_kl(reference, 3 * score + 5, target), policy, atol=1e-6)


def test_a_missing_score_does_not_move_the_policy():
    score = np.array([[1.0, np.nan, -1.0]])
    policy = np.exp(gibbs(np.zeros((1, 3)), score, 1.0))
    np.testing.assert_allclose(policy, np.exp([[1.0, 0.0, -1.0]]) / np.exp([1.0, 0.0, -1.0]).sum())


def test_samples_follow_the_policy():
    log_policy = log_softmax(np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]]))
    drawn = sample(log_policy, 100_000, np.random.default_rng(0))
    shares = np.stack([(drawn == a).mean(1) for a in range(3)], axis=1)
    np.testing.assert_allclose(shares, np.exp(log_policy), atol=0.006)


@pytest.mark.parametrize("features", [False, True])
def test_the_policy_gradient_is_unbiased(features: bool):
    """One step with a huge sample equals the gradient of the expected value, by central differences."""
    arms = world(features=features)
    shape = (2,) if features else (4, 5)
    config = PolicyGradient(updates=1, samples=200_000, learning_rate=1.0)
    moved = learn_bandit([arms], paid, [0], config).log_policy[0]

    def value(weights):
        return expected(arms.log_policy(weights), arms.fields["value"])

    gradient = np.zeros(shape)
    for index in np.ndindex(shape):
        step = np.zeros(shape)
        step[index] = 1e-6
        gap = (value(step) - value(-step)) / 2e-6
        gradient[index] = gap.mean() if features else gap.sum()
    np.testing.assert_allclose(moved, arms.log_policy(gradient), atol=0.02)


def test_a_prompt_with_its_own_weights_learns_like_a_world_of_its_own():
    """Binary features on all 2^K answers are K independent coins: logit k moves by lr * mean A (x_k - p_k)."""
    bits = (np.arange(8)[:, None] >> np.arange(3)) & 1
    features = np.stack([bits, bits]).astype(float)
    value = np.random.default_rng(0).normal(size=(2, 8))
    start = np.array([[-1.0, 0.5, 0.0], [0.0, 2.0, -0.5]])
    arms = Arms({"value": value}, np.einsum("paf,pf->pa", features, start), features, shared=False)
    coins = 1 / (1 + np.exp(-start))
    each = np.where(bits == 1, np.log(coins)[:, None], np.log1p(-coins)[:, None]).sum(-1)
    np.testing.assert_allclose(arms.log_policy(np.zeros((2, 3))), each)
    config = PolicyGradient(updates=1, samples=200_000, learning_rate=0.5)
    moved = learn_bandit([arms], paid, [0], config).log_policy[0]
    policy = np.exp(each)
    push = 0.5 * np.einsum("pa,pa,pak->pk", policy, value, features - coins[:, None, :])
    np.testing.assert_allclose(moved, arms.log_policy(push), atol=0.01)


def test_with_a_price_on_kl_it_ends_at_the_gibbs_policy():
    arms = world()
    config = PolicyGradient(updates=3000, samples=64, learning_rate=0.1, kl=0.5)
    reward = paid | GroupNormalize(scale="none")
    ended = learn_bandit([arms], reward, [0, 1], config, track=["value"])
    best_policy = gibbs(arms.logits, arms.fields["value"], 0.5)
    for one in ended.log_policy:
        np.testing.assert_allclose(np.exp(one), np.exp(best_policy), atol=0.06)
    best = expected(best_policy, arms.fields["value"]).mean()
    assert abs(ended.final("value").mean() - best) < 0.03


def test_seeds_are_independent_and_repeatable():
    arms, config = world(), PolicyGradient(updates=20)
    reward = paid | rs.Normalize() | GroupNormalize()
    both = learn_bandit([arms], reward, [3, 4], config).log_policy
    assert np.array_equal(learn_bandit([arms], reward, [4], config).log_policy[0], both[1])
    assert not np.array_equal(both[0], both[1])


def test_bad_input_is_one_line():
    with pytest.raises(BadInput, match="shape"):
        Arms({"value": np.zeros((2, 3))}, np.zeros((2, 4)))
    with pytest.raises(BadInput, match="other than"):
        Arms({"group": np.zeros((2, 4))}, np.zeros((2, 4)))
    with pytest.raises(MissingField, match="value"):
        learn_bandit([Arms({}, np.zeros((2, 4)))], paid, [0], PolicyGradient())
    with pytest.raises(BadInput, match="seeds"):
        learn_bandit([world(), world()], paid, [0], PolicyGradient())


def test_contexts_are_features_of_a_prompt_times_the_answer():
    """Oracle: the same policy written with features ``(P, A, C * A)``; weights carry over to other prompts."""
    rng = np.random.default_rng(3)
    contexts, value, logits = rng.normal(size=(6, 2)), rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
    features = np.einsum("pc,ab->pacb", contexts, np.eye(3)).reshape(6, 3, 6)
    config = PolicyGradient(updates=40, samples=4, prompts=5, kl=0.1)
    short = learn_bandit([Arms({"value": value}, logits, contexts=contexts)], paid, [1, 2], config, ["value"])
    long = learn_bandit([Arms({"value": value}, logits, features)], paid, [1, 2], config, ["value"])
    np.testing.assert_allclose(short.log_policy, long.log_policy, atol=1e-10)
    np.testing.assert_allclose(short.weights.reshape(2, 6), long.weights, atol=1e-10)
    other = Arms({}, logits[:2], contexts=contexts[:2])
    np.testing.assert_allclose(other.log_policy(short.weights[1]), short.log_policy[1][:2], atol=1e-12)
    with pytest.raises(BadInput, match="no features"):
        Arms({}, logits, features, contexts=contexts)
