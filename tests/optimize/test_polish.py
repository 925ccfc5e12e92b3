"""Imitation against scikit-learn's multinomial regression, and what polishing changes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.bandit import PolicyGradient
from rewardsmith.optimize.polish import imitate, polish


def test_imitation_is_regularised_logistic_regression():
    rng = np.random.default_rng(0)
    x, answers = rng.normal(size=(120, 4)), rng.integers(0, 3, 120)
    ours = imitate(x, answers, 3, l2=0.1, steps=2000)
    theirs = LogisticRegression(C=1 / (0.1 * 120), fit_intercept=False, tol=1e-10, max_iter=1000).fit(
        x, answers
    )
    np.testing.assert_allclose(ours, theirs.coef_.T, atol=1e-5)


def test_polish_slows_and_leashes_and_changes_nothing_else():
    config = PolicyGradient(updates=7, samples=3, prompts=2, learning_rate=2.0, record=4)
    assert polish(config, 0.3, 4.0) == PolicyGradient(7, 3, 2, 0.5, 0.3, 4)
    with pytest.raises(BadInput):
        polish(config, slower=0.5)


@pytest.mark.parametrize(("answers", "l2"), [([0, 3], 0.1), ([0, 1], 0.0), ([0], 0.1)])
def test_bad_input(answers, l2):
    with pytest.raises(BadInput):
        imitate(np.ones((2, 1)), np.array(answers), 3, l2)
