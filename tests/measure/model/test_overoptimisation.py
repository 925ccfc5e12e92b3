"""Over-optimisation: curves by loops, fits of known curves, peaks by a grid, intervals by repetition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.overoptimisation import (
    FORMS,
    fit_overopt,
    overoptimisation_curve,
    r2_gain,
    value_at_kl,
)
from rewardsmith.optimize.gibbs import log_softmax

D = np.linspace(0.2, 3, 15)
TRUTH = {
    "log": (lambda d, a, b: d * (a - b * np.log(d)), (1.5, 1.1)),
    "best_of_n": (lambda d, a, b: d * (a - b * d), (2.0, 0.6)),
    "linear": (lambda d, c, a: c + a * d, (0.3, -0.2)),
    "quadratic": (lambda d, c, a, b: c + a * d - b * d**2, (0.5, 2.0, 0.7)),
}


def test_every_form_is_tested():
    assert set(TRUTH) == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_fits_are_those_of_scipy_and_peaks_those_of_a_grid(form):
    function, truth = TRUTH[form]
    exact = fit_overopt(D, function(D, *truth), form, draws=0)
    np.testing.assert_allclose(list(exact.coefficients.values()), truth, rtol=1e-9)
    assert exact.r2 == pytest.approx(1)
    fine = np.linspace(0.01, 6, 60_000)
    if form == "linear":
        assert np.isnan(exact.peak)
    else:
        assert exact.peak == pytest.approx(fine[function(fine, *truth).argmax()], abs=1e-3)
    noisy = function(D, *truth) + np.random.default_rng(0).normal(size=15)
    fit = fit_overopt(D, noisy, form, draws=0)
    theirs = curve_fit(function, D, noisy, p0=truth)[0]
    np.testing.assert_allclose(list(fit.coefficients.values()), theirs, rtol=1e-5)
    rest = noisy - function(D, *theirs)
    assert fit.r2 == pytest.approx(1 - rest.var() / noisy.var() - rest.mean() ** 2 / noisy.var())
    np.testing.assert_allclose(fit(D), function(D, *theirs), rtol=1e-4, atol=1e-6)


def test_gains_that_only_rise_have_no_peak():
    fit = fit_overopt(D, D * (1 + 0.3 * np.log(D)), draws=50)
    assert np.isnan([fit.peak, fit.low, fit.high]).all()
    assert "no peak" in str(fit)
    far = fit_overopt(D, D * (1 - 0.3 * np.log(D)), draws=0)
    assert far.peak > far.furthest
    assert "not reached" in str(far)


def test_the_interval_of_the_peak_covers_it():
    """Runs that differ from one another: whole runs are resampled, so the spread between them counts."""
    inside, truth, run = 0, np.exp(1.5 / 1.1 - 1), np.repeat(np.arange(12), 15)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a = 1.5 + 0.3 * rng.normal(size=12)
        gain = np.concatenate([D * (x - 1.1 * np.log(D)) + 0.05 * rng.normal(size=15) for x in a])
        fit = fit_overopt(np.tile(D, 12), gain, runs=run, draws=200, seed=seed)
        inside += fit.low <= truth <= fit.high
        if seed == 0:
            alone = fit_overopt(np.tile(D, 12), gain, draws=200)
            assert fit.high - fit.low > 1.4 * (alone.high - alone.low)
    assert inside / 60 > 0.85  # percentiles of 12 runs are a little narrow


def test_r2_gain():
    rng = np.random.default_rng(1)
    gain = TRUTH["log"][0](D, 1.5, 1.1) + 0.1 * rng.normal(size=15)
    got = r2_gain(D, gain, draws=100)
    assert got.mean == pytest.approx(
        fit_overopt(D, gain, draws=0).r2 - fit_overopt(D, gain, "linear", draws=0).r2
    )
    assert 0 < got.low < got.mean
    straight = r2_gain(D, 0.3 + D + 0.01 * rng.normal(size=15), draws=0)
    assert straight.mean < 0


def test_curve_by_loops():
    rng = np.random.default_rng(2)
    reference, gold, proxy = (
        log_softmax(rng.normal(size=(3, 5))),
        rng.normal(size=(3, 5)),
        rng.normal(size=(3, 5)),
    )
    policies = np.stack([reference, *log_softmax(rng.normal(size=(4, 3, 5)))])
    curve = overoptimisation_curve(policies, reference, gold, proxy)
    for k, policy in enumerate(policies):
        spent = gain = seen = 0.0
        for m in range(3):
            for a in range(5):
                chance = np.exp(policy[m, a])
                spent += chance * (policy[m, a] - reference[m, a]) / 3
                gain += (chance - np.exp(reference[m, a])) * gold[m, a] / 3
                seen += (chance - np.exp(reference[m, a])) * proxy[m, a] / 3
        assert (curve.kl[k], curve.gain[k], curve.proxy[k]) == pytest.approx((spent, gain, seen), abs=1e-12)
    assert curve.distance[0] == 0
    assert curve.drop == pytest.approx(max(curve.gain) - curve.gain[-1])
    assert np.isnan(overoptimisation_curve(policies, reference, gold).proxy).all()


def test_distance_0_is_dropped_and_counted():
    fit = fit_overopt(np.append(0.0, D), np.append(0.0, D * (1 - np.log(D))), draws=0)
    assert (fit.n, fit.dropped) == (15, 1)
    assert fit.peak == pytest.approx(1)


def test_values_at_equal_kl():
    spent, value = np.array([0.0, 1.0, 3.0, 2.0]), np.array([0.0, 2.0, 1.0, 5.0])
    got = value_at_kl(spent, value, [[0.0, 0.25], [2.5, 3.1]])
    np.testing.assert_allclose(got, [[0.0, 0.5], [1.25, np.nan]])
    assert value_at_kl([0.0, 0.0, 1.0], [7.0, 8.0, 9.0], 0.0) == 7.0
    monotone = np.sort(np.random.default_rng(0).random(9))
    targets = np.linspace(monotone[0], monotone[-1], 20)
    np.testing.assert_allclose(
        value_at_kl(monotone, np.sin(monotone), targets), np.interp(targets, monotone, np.sin(monotone))
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: fit_overopt([1.0, 2.0], [1.0, 2.0]),
        lambda: fit_overopt([1.0, 2.0, -1.0], [1.0, 2.0, 3.0]),
        lambda: fit_overopt([1.0, 2.0, np.nan], [1.0, 2.0, 3.0]),
        lambda: fit_overopt(D, D, "cubic"),
        lambda: fit_overopt(D, D, runs=[1]),
        lambda: value_at_kl([1.0], [1.0], 1.0),
        lambda: value_at_kl([1.0, np.nan], [1.0, 1.0], 1.0),
        lambda: overoptimisation_curve(np.zeros((2, 3)), np.zeros((1, 3)), np.zeros((1, 3))),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
