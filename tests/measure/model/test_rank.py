"""Rank correlations against SciPy, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.rank import kendall, ranks, spearman


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12))
def test_against_scipy(rows):
    one, other = (np.array(column, float) for column in zip(*rows, strict=True))
    np.testing.assert_allclose(ranks(one), stats.rankdata(one))
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert np.isnan([spearman(one, other), kendall(one, other)]).all()
        return
    assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)
    assert kendall(one, other) == pytest.approx(stats.kendalltau(one, other).statistic)


def test_refusals():
    for call in (lambda: spearman([1.0], [1.0]), lambda: kendall([1.0, 2.0], [1.0]), lambda: ranks([np.nan])):
        with pytest.raises(BadInput):
            call()
