"""Pipelines: each model against scikit-learn's, and the table of scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks import pipelines
from rewardsmith.tasks.pipelines import PipelineScores, pipeline_scores


def wine():
    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    x = (x - x.mean(0)) / x.std(0)
    return x[order[:90]], y[order[:90]], x[order[90:]]


def test_models_are_those_of_scikit_learn():
    x, y, new = wine()
    hot = np.eye(3)[y]
    theirs = {
        pipelines.ridge: [Ridge(alpha=a * len(x)).fit(x, hot) for a in pipelines.RIDGES],
        pipelines.neighbours: [
            KNeighborsClassifier(k, algorithm="brute").fit(x, y) for k in pipelines.NEIGHBOURS
        ],
        pipelines.bayes: [GaussianNB(var_smoothing=s).fit(x, y) for s in pipelines.SMOOTHINGS],
    }
    for ours, models in theirs.items():
        expected = np.array([model.predict(new) for model in models])
        expected = expected.argmax(-1) if expected.ndim == 3 else expected
        np.testing.assert_array_equal(ours(x, hot, new), expected)


def test_the_discriminant_is_that_of_scikit_learn_with_the_same_covariance():
    x, y, new = wine()
    hot = np.eye(3)[y]
    means = np.array([x[y == k].mean(0) for k in range(3)])
    within = (x - means[y]).T @ (x - means[y]) / len(x)
    for shrinkage, ours in zip(pipelines.SHRINKAGES, pipelines.discriminant(x, hot, new), strict=True):
        shrunk = (1 - shrinkage) * within + shrinkage * np.trace(within) / len(within) * np.eye(len(within))
        gap = new[:, None] - means
        far = np.einsum("mkd,de,mke->mk", gap, np.linalg.inv(shrunk), gap)
        np.testing.assert_array_equal(ours, (np.log(np.bincount(y)) - far / 2).argmax(1))
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=None).fit(x, y).predict(new)
    assert (pipelines.discriminant(x, hot, new)[0] == theirs).mean() > 0.95


def test_scores_are_accuracies_and_a_table_knows_its_regret():
    table = pipeline_scores("wine")
    assert table.validation.shape == pipelines.SIZES
    assert 0 <= table.validation.min() < 0.5 < 0.95 < table.validation.max() <= 1
    small = PipelineScores(np.array([0.5, 0.9, 0.7]), np.array([0.8, 0.6, 0.7]))
    assert small.regret([(0,), (1,)]) == pytest.approx((0.2, 0.0))
    assert small.percentiles.tolist() == [0.0, 1.0, 0.5]
    mixed = small.shuffled(np.random.default_rng(1))
    pairs = zip(mixed.validation, mixed.test, strict=True)
    assert sorted(pairs) == sorted(zip(small.validation, small.test, strict=True))
    with pytest.raises(BadInput):
        pipeline_scores("iris")
