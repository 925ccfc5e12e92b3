"""The off-switch game against SciPy's quadrature, drawn beliefs, and its theorems."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.deference import (
    BoltzmannHuman,
    DiscreteBelief,
    GaussianBelief,
    NoisyHuman,
    RationalHuman,
    deference_incentive,
)

HUMANS = [RationalHuman(), NoisyHuman(0.2), BoltzmannHuman(0.0), BoltzmannHuman(0.01), BoltzmannHuman(1.0)]
HUMANS += [BoltzmannHuman(4.0)]


@pytest.mark.parametrize("human", HUMANS, ids=str)
@pytest.mark.parametrize(
    ("mean", "deviation"), [(0.0, 1.0), (1.0, 0.5), (-2.0, 3.0), (0.3, 0.01), (-1e-3, 4.0)]
)
def test_a_normal_belief_is_what_quadrature_says(human, mean, deviation):
    def waiting(u):
        return float(human.allows(u)) * u * norm.pdf(u, mean, deviation)

    near = sorted({mean + k * deviation for k in (-40, -5, 0, 5, 40)} | {-1.0, -0.05, 0.0, 0.05, 1.0})
    pieces = pairwise(near)
    expected = sum(quad(waiting, a, b, epsabs=1e-12, limit=200)[0] for a, b in pieces) - max(mean, 0.0)
    found = deference_incentive(GaussianBelief(mean, deviation), human)
    assert float(found) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("human", HUMANS, ids=str)
def test_a_discrete_belief_is_a_loop(human):
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(4, 6)), rng.dirichlet(np.ones(6), 4)
    found = deference_incentive(DiscreteBelief(values, weights), human)
    for row, chances, each in zip(values, weights, found, strict=True):
        wait = sum(float(human.allows(u)) * u * c for u, c in zip(row, chances, strict=True))
        act = sum(u * c for u, c in zip(row, chances, strict=True))
        assert each == pytest.approx(wait - max(act, 0.0))
    even = deference_incentive(DiscreteBelief(values), human)
    np.testing.assert_allclose(even, deference_incentive(DiscreteBelief(values, np.full(6, 1 / 6)), human))


def test_many_samples_of_a_normal_belief_agree_with_it():
    u = norm.ppf((np.arange(100_000) + 0.5) / 100_000, 0.5, 1.5)
    for human in HUMANS:
        expected = deference_incentive(GaussianBelief(0.5, 1.5), human)
        assert float(deference_incentive(DiscreteBelief(u), human)) == pytest.approx(float(expected), abs=2e-4)


def test_a_rational_human_is_always_worth_asking():
    mean, deviation = np.meshgrid(np.linspace(-2, 2, 9), np.linspace(0.5, 4, 8))
    assert (deference_incentive(GaussianBelief(mean, deviation), RationalHuman()) > 0).all()
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 3)) + rng.normal(size=(200, 1))
    found = deference_incentive(DiscreteBelief(values), RationalHuman())
    both = (values.min(-1) < 0) & (values.max(-1) > 0)
    assert (found[both] > 0).all()
    np.testing.assert_allclose(found[~both], 0.0, atol=1e-15)


def test_who_is_certain_keeps_the_switch_from_who_errs():
    mean = np.array([-1.0, -0.1, 0.1, 1.0])
    for human in (BoltzmannHuman(1.0), NoisyHuman(0.1)):
        assert (deference_incentive(GaussianBelief(mean, 0.0), human) < 0).all()
        close = deference_incentive(GaussianBelief(mean, 1e-6), human)
        np.testing.assert_allclose(close, deference_incentive(GaussianBelief(mean, 0.0), human), atol=1e-6)
    np.testing.assert_array_equal(deference_incentive(GaussianBelief(mean, 0.0), RationalHuman()), 0.0)


def test_fewer_errors_make_it_worth_more():
    for mean in (-1.0, 0.0, 0.5):
        belief = GaussianBelief(mean, 1.0)
        found = [float(deference_incentive(belief, BoltzmannHuman(b))) for b in np.linspace(0, 4, 40)]
        assert (np.diff(found) <= 1e-12).all()


def test_more_uncertainty_does_not_always_make_it_worth_more():
    """u p(u) is concave where |u| tanh(|u| / 2b) > 2b, so from |mean| = 2.3994 b on a little doubt costs."""
    deviation = np.linspace(0.0, 4.0, 60)
    for mean, temperature in [(0.0, 0.1), (0.0, 3.0), (0.5, 1.0), (-1.0, 1.0), (2.39, 1.0)]:
        found = deference_incentive(GaussianBelief(mean, deviation), BoltzmannHuman(temperature))
        assert (np.diff(found) >= -1e-12).all()
    for mean, temperature in [(2.41, 1.0), (-1.0, 0.1), (1.0, 0.1)]:
        certain, less = deference_incentive(GaussianBelief(mean, [0.0, 0.01]), BoltzmannHuman(temperature))
        assert less < certain


def test_beliefs_and_humans_are_values():
    for value in (GaussianBelief(0.0, 1.0), *HUMANS):
        assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize(
    "call",
    [
        lambda: GaussianBelief(0.0, -1.0),
        lambda: GaussianBelief(np.nan, 1.0),
        lambda: DiscreteBelief([]),
        lambda: DiscreteBelief([1.0, np.inf]),
        lambda: DiscreteBelief([1.0, 2.0], [0.5, 0.6]),
        lambda: NoisyHuman(1.1),
        lambda: BoltzmannHuman(-1.0),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
