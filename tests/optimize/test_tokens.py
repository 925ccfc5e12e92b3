"""Learning tokens: the score in words, the gradient against enumeration, and that credits keep the return."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.tokens import NeededTokens, TokenGradient, at_the_end, evenly, learn_tokens


def test_the_score_against_a_loop():
    rng = np.random.default_rng(0)
    tokens, kept = rng.integers(0, 6, (50, 7)), rng.random((50, 7)) < 0.6
    score = NeededTokens((0, 2, 5), 3)(tokens, kept)
    for row, mask, mine in zip(tokens, kept, score, strict=True):
        left = set(row[mask].tolist())
        assert mine == pytest.approx(len(left & {0, 2, 5}) / 3 - (3 in left))


def test_credits_keep_the_return():
    tokens, scores = np.zeros((4, 5), int), np.array([1.0, -2.0, 0.0, 0.5])
    for credit in (at_the_end, evenly):
        np.testing.assert_allclose(credit(tokens, scores).sum(1), scores)


def test_one_step_is_the_exact_gradient_on_average():
    score, config = NeededTokens((0, 1), 2), TokenGradient(2, 3, 1, 4, 0.01)

    def value(policy):
        return sum(
            policy[0, a] * policy[1, b] * float(score(np.array([a, b]), np.ones(2, bool)))
            for a, b in product(range(3), repeat=2)
        )

    def softmax(theta):
        return np.exp(theta) / np.exp(theta).sum(-1, keepdims=True)

    slope = np.zeros((2, 3))
    for place in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[place] = 1e-5
        slope[place] = (value(softmax(step)) - value(softmax(-step))) / 2e-5
    policies = np.array([learn_tokens(score, at_the_end, config, seed)[1] for seed in range(1500)])
    moves = (np.log(policies) - np.log(policies).mean(-1, keepdims=True)) / 0.01
    error = moves.std(0) / np.sqrt(len(moves))
    assert (np.abs(moves.mean(0) - slope) < 4 * error + 1e-3).all()


def test_it_learns():
    curve, policy = learn_tokens(NeededTokens(), at_the_end, TokenGradient(updates=150, learning_rate=3.0), 0)
    assert curve[-20:].mean() > curve[:10].mean() + 0.5
    np.testing.assert_allclose(policy.sum(-1), 1.0)


def test_bad_input():
    with pytest.raises(BadInput):
        TokenGradient(samples=1)
