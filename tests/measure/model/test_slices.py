"""Slices: Holm by the closed testing of all subsets, the z test by SciPy, and false alarms by simulation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.slices import holm, slice_report, two_proportions


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0.001, 0.008, 0.011, 0.02, 0.03, 0.3, 1.0]), min_size=1, max_size=5))
def test_holm_is_the_closed_bonferroni_test(p):
    """A hypothesis is rejected if Bonferroni rejects every intersection that it is part of."""
    adjusted = holm(p)
    for level in (0.0499, 0.02, 0.1):
        for i in range(len(p)):
            rest = [j for j in range(len(p)) if j != i]
            subsets = [(i, *more) for size in range(len(p)) for more in combinations(rest, size)]
            rejected = all(min(p[j] for j in subset) * len(subset) <= level for subset in subsets)
            assert rejected == (adjusted[i] <= level + 1e-12)


def test_holm_leaves_out_what_is_unknown():
    np.testing.assert_array_equal(holm([np.nan, 0.02, 0.03]), [np.nan, 0.04, 0.04])
    assert holm([]).shape == (0,)


def test_two_proportions_is_the_chi_squared_test():
    inside, outside = np.repeat([1.0, 0.0], [30, 20]), np.repeat([1.0, 0.0], [70, 15])
    gap, p = two_proportions(inside, outside)
    theirs = stats.chi2_contingency([[30, 20], [70, 15]], correction=False)
    assert p == pytest.approx(theirs.pvalue)
    assert gap == pytest.approx(70 / 85 - 0.6)
    assert np.isnan(two_proportions([1.0], [1.0, 1.0])[1])
    assert np.isnan(two_proportions([], [1.0])[0])


def test_parallel_items_are_tested_per_item():
    rng = np.random.default_rng(0)
    difficulty = rng.random(200)
    names, items, verdicts = [], [], []
    for name, loss in (("a", 0.0), ("b", 0.0), ("c", 0.12)):
        names += [name] * 200
        items += range(200)
        verdicts += list((difficulty > 0.4 + loss).astype(float))
    report = slice_report(verdicts, names, items)
    each = {part.name: part for part in report.slices}
    table = np.reshape(verdicts, (3, 200))
    gap = table[:2].mean(0) - table[2]
    z = gap.mean() / (gap.std(ddof=1) / np.sqrt(200))
    raw = 2 * stats.norm.sf(abs(z))
    assert each["c"].p == pytest.approx(min(1, 3 * raw))
    assert each["c"].behind == pytest.approx(gap.mean())
    assert each["c"].differs
    assert report.worst.name == "c"
    unpaired = slice_report(verdicts, names)
    assert unpaired.worst.p > each["c"].p


def test_false_alarms_stay_below_the_level():
    """Eight slices that are all alike: any alarm in at most 5 % of reports."""
    rng, names = np.random.default_rng(1), np.repeat(np.arange(8), 100).tolist()
    alarms, plain = 0, 0
    for _ in range(200):
        report = slice_report((rng.random(800) < 0.8).astype(float), names)
        alarms += any(part.differs for part in report.slices)
        plain += any(part.p < 0.05 * 8 for part in report.slices)
    assert alarms / 200 < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    assert plain / 200 > 0.2  # without the adjustment there would be many


def test_the_worst_slice_and_the_count_are_always_printed():
    report = slice_report([1, 0.5, np.nan, 0.0], ["x", "x", "y", "y"], drop_nan=True)
    text = str(report)
    assert "minimum 0 (y)" in text
    assert "2 slices" in text
    assert report.worst.score.missing == 1
    assert report.overall.n == 3
    assert "ties" not in text  # 0.5 may be half of two pairs
    single = slice_report([1.0, 0.0], ["x", "x"])
    assert np.isnan(single.worst.behind)
    assert not single.worst.differs


@pytest.mark.parametrize(
    "call",
    [
        lambda: slice_report([1.0, np.nan], ["x", "y"]),
        lambda: slice_report([1.0, np.nan], ["x", "y"], drop_nan=True),
        lambda: slice_report([1.0, 2.0], ["x", "y"]),
        lambda: slice_report([1.0], ["x", "y"]),
        lambda: slice_report([1.0, 1.0], ["x", "y"], items=[1]),
        lambda: holm([2.0]),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
