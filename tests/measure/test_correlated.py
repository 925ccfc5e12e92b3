"""Correlated proxies: numbers against numpy, the bound against every policy, hacking by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.correlated import hacking_report, proxy_correlation, true_gain_bound
from rewardsmith.optimize.chi_squared import chi_squared, root_chi2_regularised


def test_the_correlation_is_that_of_drawn_pairs():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, 12)
    proxy, true = rng.normal(size=(2, 12))
    expected = np.corrcoef(np.repeat(proxy, counts), np.repeat(true, counts))[0, 1]
    assert proxy_correlation(counts, proxy, true) == pytest.approx(expected)
    assert proxy_correlation(counts, 3 * true + 1, true) == pytest.approx(1.0)
    assert np.isnan(proxy_correlation(counts, np.full(12, 0.1), true))


def test_the_report_in_numbers():
    base, policy = np.array([0.4, 0.4, 0.2]), np.array([0.1, 0.3, 0.6])
    proxy, true = np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 0.0])
    found = hacking_report(base, policy, proxy, true)
    sd = [np.sqrt(base @ (r - base @ r) ** 2) for r in (proxy, true)]
    assert found.proxy_gain == pytest.approx((policy - base) @ proxy / sd[0])
    assert found.true_gain == pytest.approx((policy - base) @ true / sd[1])
    assert found.chi_squared == pytest.approx(chi_squared(policy, base))
    assert found.correlation < 0
    assert np.isnan(found.bound)  # a proxy that is not correlated guarantees nothing
    assert np.isnan(found.coefficient)
    assert not found.hacked  # by the definition only a correlated proxy is hacked


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_holds_for_all_policies_of_an_mdp(seed):
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 6, 3, 0.9)
    true = rng.normal(size=(6, 3))
    proxy = true + rng.normal(size=(6, 3)) * rng.choice([0.1, 1.0, 3.0])
    base = tables.occupancy(mdp, rng.dirichlet(np.ones(3), 6))
    for _ in range(30):
        policy = tables.occupancy(mdp, rng.dirichlet(np.full(3, 0.2), 6))
        found = hacking_report(base, policy, proxy, true)
        if found.correlation > 0:
            assert found.true_gain >= found.bound - 1e-9


def test_the_bound_is_attained():
    """Where the policy moves along the spurious part alone, Cauchy and Schwarz is an equality."""
    base = np.full(4, 0.25)
    true, spurious = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    proxy = 0.6 * true + 0.8 * spurious
    policy = base * (1 + 0.5 * spurious - 0.2 * true)
    found = hacking_report(base, policy, proxy, true)
    assert found.correlation == pytest.approx(0.6)
    assert found.true_gain == pytest.approx(-0.2)
    along = hacking_report(base, base * (1 + 0.5 * spurious), proxy, true)
    assert along.bound == pytest.approx(0.0, abs=1e-12) == along.true_gain
    assert found.hacked


def test_the_prescribed_coefficient_never_loses():
    """The maximum of proxy - coefficient sqrt(chi2) is at least 0 (the base): by the bound a true gain."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        base, true = rng.dirichlet(np.ones(30)), rng.normal(size=30)
        proxy = true + 1.5 * rng.standard_t(2.5, size=30)
        price = hacking_report(base, base, proxy, true).coefficient
        if price == price:  # r > 0
            policy = root_chi2_regularised(base, proxy, price)
            assert hacking_report(base, policy, proxy, true).true_gain >= -1e-9


def test_refusals():
    with pytest.raises(BadInput, match="constant"):
        hacking_report([0.5, 0.5], [0.5, 0.5], [1.0, 1.0], [0.0, 1.0])
    with pytest.raises(BadInput, match="support"):
        hacking_report([1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(BadInput, match="shape"):
        hacking_report([0.5, 0.5], [0.5, 0.5], [0.0, 1.0, 2.0], [0.0, 1.0])
    with pytest.raises(BadInput, match="NaN"):
        hacking_report([0.5, 0.5], [0.5, 0.5], [0.0, np.nan], [0.0, 1.0])
    assert np.isnan(true_gain_bound(-0.1, 1.0, 1.0))
