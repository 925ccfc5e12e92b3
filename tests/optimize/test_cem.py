"""The cross-entropy method: finds known optima, keeps searches apart, and rolls out like a slow loop."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.cem import CEM, cross_entropy, linear_actions, linear_rollouts
from rewardsmith.tasks.envs import CartPole, MountainCar, MountainCarContinuous


def test_every_search_finds_its_own_optimum():
    targets = np.array([[1.0, -2.0], [0.0, 3.0], [-1.0, 0.5]])
    found = cross_entropy(
        lambda w, _: -np.sum((w - targets[:, None]) ** 2, axis=-1),
        np.zeros((3, 2)),
        CEM(rounds=40, population=40),
        np.random.default_rng(0),
    )
    np.testing.assert_allclose(found, targets, atol=0.05)


def test_a_search_does_not_depend_on_the_others():
    def score(w, _):
        return -np.sum((w - 1.0) ** 2, axis=-1)

    config = CEM(rounds=4, population=8)
    two = cross_entropy(score, np.array([[0.0, 0.0], [5.0, 5.0]]), config, np.random.default_rng(0))
    one = cross_entropy(score, np.array([5.0, 5.0]), config, np.random.default_rng(0))
    np.testing.assert_array_equal(two[1:], one)


def test_one_round_is_the_mean_of_the_best():
    config = CEM(rounds=1, population=8, elite=0.25)
    found = cross_entropy(lambda w, _: w[..., 0], np.zeros(1), config, np.random.default_rng(3))
    drawn = np.sort(np.random.default_rng(3).normal(size=8))
    assert found[0, 0] == pytest.approx(drawn[-2:].mean())


def test_no_verdict_is_never_among_the_best():
    config = CEM(rounds=1, population=8, elite=0.25)
    found = cross_entropy(
        lambda w, _: np.where(w[..., 0] > 0, np.nan, w[..., 0]), np.zeros(1), config, np.random.default_rng(3)
    )
    drawn = np.random.default_rng(3).normal(size=8)
    assert found[0, 0] == pytest.approx(np.sort(drawn[drawn <= 0])[-2:].mean())


@pytest.mark.parametrize("env", [CartPole(), MountainCar(), MountainCarContinuous()])
def test_rollouts_are_those_of_a_loop(env):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(2, 3, env.observation_size + 1))
    starts, scale = env.reset(rng, (2,)), np.linspace(1.0, 3.0, env.observation_size)
    states = linear_rollouts(env, weights, starts, 5, scale)
    assert states.shape == (6, 2, 3, 2, env.observation_size)
    for r, p, e in np.ndindex(2, 3, 2):
        state = starts[e]
        for step in range(5):
            value = float(weights[r, p, :-1] @ (state * scale) + weights[r, p, -1])
            if env.gym_id == "CartPole-v1":
                action = np.array(1 if value >= 0 else 0)
            elif env.gym_id == "MountainCar-v0":
                action = np.array(0 if value < -1 / 3 else 1 if value < 1 / 3 else 2)
            else:
                action = np.array([min(max(value, -1.0), 1.0)])
            state = env.step(state, action)
            np.testing.assert_allclose(states[step + 1, r, p, e], state, atol=1e-12)


def test_it_balances_the_pole():
    env, rng = CartPole(), np.random.default_rng(0)

    def score(w, _):
        return np.cos(linear_rollouts(env, w, env.reset(rng, (2,)), 100)[..., 2]).mean((0, 3))

    found = cross_entropy(score, np.zeros(5), CEM(rounds=6, population=16), rng)
    states = linear_rollouts(env, found[:, None], env.reset(rng, (8,)), 100)
    assert not env.terminated(states).any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: CEM(elite=0.0), "elite in"),
        (lambda: CEM(spread=0.0), "spread > 0"),
        (lambda: linear_actions(np.zeros((1, 1, 3)), np.zeros((1, 1, 1, 3))), "one more, for the bias"),
        (
            lambda: cross_entropy(lambda w, _: w[0], np.zeros(2), CEM(), np.random.default_rng(0)),
            r"\(1, 32\)",
        ),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(BadInput, match=said):
        make()
