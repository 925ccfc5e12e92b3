"""The positive-unlabelled fit against the exact posterior of two normal classes."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import PositiveUnlabelled, fit_positive_unlabelled


@pytest.mark.parametrize(("prior", "shift"), [(0.2, 0.0), (0.5, 40.0)])
def test_it_finds_the_posterior_of_two_normals(prior, shift):
    """Classes N(1, 1) and N(-1, 1): log odds = 2 s + log(prior / (1 - prior)), moved and stretched."""
    rng = np.random.default_rng(0)
    positive = rng.normal(1.0, 1.0, 5_000)
    is_positive = rng.random(5_000) < prior
    unlabelled = rng.normal(np.where(is_positive, 1.0, -1.0), 1.0)
    fitted = fit_positive_unlabelled(3.0 * positive + shift, 3.0 * unlabelled + shift, prior)
    at = np.linspace(-2, 2, 9)
    exact = 1 - 1 / (1 + np.exp(-(2 * at + np.log(prior / (1 - prior)))))
    np.testing.assert_allclose(fitted.apply(3.0 * at + shift, {}, ())[0], exact, atol=0.05)


def test_few_separable_scores_do_not_run_away():
    """Three positives beyond all unlabelled scores: the plain estimate of the risk falls without end."""
    positive, unlabelled = np.full(3, 3.0), np.array([0.0, 1.0, 2.0, 1.5])
    fitted = fit_positive_unlabelled(positive, unlabelled, 0.5, steps=5_000)
    slope = offset = 0.0
    for _ in range(5_000):  # the same without the bound: -prior E_P[g] + E_U[log(1 + e^g)]
        of_rest = 1 / (1 + np.exp(-(slope * unlabelled + offset)))
        slope -= 0.5 * (np.mean(of_rest * unlabelled) - 0.5 * 3.0)
        offset -= 0.5 * (np.mean(of_rest) - 0.5)
    assert slope > 10
    assert 0 < fitted.slope < 3


def test_a_score_that_says_nothing_gives_the_prior():
    rng = np.random.default_rng(1)
    fitted = fit_positive_unlabelled(rng.normal(size=5_000), rng.normal(size=5_000), prior=0.3)
    np.testing.assert_allclose(fitted.apply(np.array([-1.0, 0.0, 1.0]), {}, ())[0], 0.7, atol=0.02)


def test_bad_input():
    with pytest.raises(BadInput, match="prior"):
        fit_positive_unlabelled(np.ones(2), np.ones(2), 1.0)
    with pytest.raises(BadInput, match="at least one"):
        fit_positive_unlabelled(np.array([np.nan]), np.ones(2), 0.5)
    assert PositiveUnlabelled(2.0).numbers() == {
        "positiveunlabelled.slope": 2.0,
        "positiveunlabelled.offset": 0.0,
    }
