"""Decision collapse against scikit-learn's counts and a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.collapse import decision_collapse


def test_counts_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    right, made = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    found = decision_collapse(np.eye(3)[made], right)
    precision, recall, *_ = metrics.precision_recall_fscore_support(right, made)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.precision, precision)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(right, made))
    assert found.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(right, made))


def test_chances_are_the_mean_of_sampled_decisions():
    rng = np.random.default_rng(1)
    chances, right = rng.dirichlet([1.0, 2.0], 50), rng.integers(0, 2, 50)
    found = decision_collapse(chances, right)
    drawn = (rng.random((20_000, 50)) < chances[:, 1]).astype(int)
    assert found.share[1] == pytest.approx(drawn.mean(), abs=2e-3)
    assert found.accuracy == pytest.approx((drawn == right).mean(), abs=2e-3)


def test_collapse_is_an_excess_and_an_absent_decision_has_no_recall():
    everybody_out = decision_collapse(np.eye(2)[[0] * 10], [0] * 6 + [1] * 4)
    assert everybody_out.collapsed
    assert everybody_out.decision == 0
    assert everybody_out.excess == pytest.approx(0.4)
    assert np.isnan(everybody_out.precision[1])
    justly = decision_collapse(np.eye(2)[[0] * 10], [0] * 10)
    assert not justly.collapsed
    assert np.isnan(justly.recall[1])
    assert justly.balanced_accuracy == 1.0


def test_groups_are_told_apart():
    made, groups = np.array([0, 0, 1, 1, 1, 0]), np.array(list("aaabbb"))
    found = decision_collapse(np.eye(2)[made], np.zeros(6, int), groups)
    for name in "ab":
        assert found.group_share[name][1] == pytest.approx(np.mean(made[groups == name] == 1))


@pytest.mark.parametrize(
    ("chances", "right", "groups", "margin"),
    [
        ([[0.5, 0.6]], [0], None, 0.2),
        ([[0.5, 0.5]], [2], None, 0.2),
        ([[0.5, 0.5]], [0], None, 0.0),
        ([[0.5, 0.5]], [0, 1], None, 0.2),
        ([[0.5, 0.5]], [0], [1, 2], 0.2),
    ],
)
def test_bad_input(chances, right, groups, margin):
    with pytest.raises(BadInput):
        decision_collapse(chances, right, groups, margin)
