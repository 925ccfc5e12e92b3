"""Intervals against SciPy, coverage by simulation, and the refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from rewardsmith.core import stats
from rewardsmith.core.errors import BadInput


@pytest.mark.parametrize("degrees", [1, 2, 3, 7, 20, 21, 100, 10_000, 1_000_000])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.9995, 0.05])
def test_t_quantile(degrees: int, probability: float) -> None:
    expected = scipy.stats.t.ppf(probability, degrees)
    assert stats.t_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_mean_interval_is_scipys() -> None:
    values = np.random.default_rng(0).normal(2, 3, 12)
    low, high = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.9)
    got = stats.mean_interval(values, confidence=0.9)
    assert (got.mean, got.low, got.high, got.n) == pytest.approx((values.mean(), low, high, 12))


def test_bootstrap_is_scipys_percentile() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    theirs = scipy.stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    ours = stats.mean_interval(values, method="bootstrap")
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=0.01)
    assert ours == stats.mean_interval(values, method="bootstrap")


def test_t_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    intervals = [stats.mean_interval(rng.normal(size=8)) for _ in range(2000)]
    assert np.mean([i.low < 0 < i.high for i in intervals]) == pytest.approx(0.95, abs=0.015)


def test_paired_difference_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    ours, rival = rng.normal(1, 1, 9), rng.normal(0, 1, 9)
    got = stats.paired_difference(ours, rival)
    assert got.mean / got.standard_error == pytest.approx(scipy.stats.ttest_rel(ours, rival).statistic)
    assert stats.paired_difference([2.0, 3.0], [1.0, 2.0]) == stats.Difference(1.0, 0.0, 2)


def test_share_interval_is_scipys_wilson() -> None:
    for hits, n in ((0, 5), (3, 20), (20, 20)):
        theirs = scipy.stats.binomtest(hits, n).proportion_ci(method="wilson")
        ours = stats.share_interval(hits, n)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nan_is_no_verdict() -> None:
    with pytest.raises(BadInput, match="1 NaN"):
        stats.mean_interval([1.0, math.nan])
    assert stats.mean_interval([1.0, math.nan, 3.0], drop_nan=True).missing == 1
    assert stats.paired_difference([1.0, 2.0], [math.nan, 1.0], drop_nan=True).n == 1


def test_one_value_has_no_interval() -> None:
    assert math.isnan(stats.mean_interval([1.0]).low)
    assert math.isnan(stats.paired_difference([1.0], [0.0]).standard_error)


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.mean_interval([]),
        lambda: stats.mean_interval([1.0, math.inf]),
        lambda: stats.mean_interval([math.nan], drop_nan=True),
        lambda: stats.mean_interval([1.0, 2.0], confidence=1.0),
        lambda: stats.mean_interval([1.0, 2.0], method="normal"),  # type: ignore[arg-type]
        lambda: stats.paired_difference([1.0], [1.0, 2.0]),
        lambda: stats.share_interval(3, 2),
        lambda: stats.t_quantile(1.0, 3),
    ],
)
def test_refusals(call: object) -> None:
    with pytest.raises(BadInput):
        call()  # type: ignore[operator]
