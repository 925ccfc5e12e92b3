"""Accuracies and ranks against loops over items, and the shapes of ties, drops and missing scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import label_ranking_average_precision_score

from rewardsmith.core.errors import BadInput
from rewardsmith.core.stats import share_interval
from rewardsmith.measure.model.ranking import (
    mrr,
    one_to_many_accuracy,
    pair_verdicts,
    pairwise_accuracy,
)

SCORES = hnp.arrays(np.float64, (7, 4), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0]))


@settings(max_examples=50, deadline=None)
@given(SCORES)
def test_against_loops(table):
    chosen, rejected = table[:, 0], table[:, 1:]
    strict = [all(c > r for r in row) for c, row in zip(chosen, rejected, strict=True)]
    lenient = [all(c >= r for r in row) for c, row in zip(chosen, rejected, strict=True)]
    assert one_to_many_accuracy(chosen, rejected).mean == pytest.approx(np.mean(strict))
    assert one_to_many_accuracy(chosen, rejected, "lenient").mean == pytest.approx(np.mean(lenient))
    ranks = []
    for c, row in zip(chosen, rejected, strict=True):
        # descending, the rejected before the chosen at equal scores
        order = sorted([(-c, 1), *((-r, 0) for r in row)])
        ranks.append(1 + order.index((-c, 1)))
    assert mrr(chosen, rejected).mean == pytest.approx(np.mean(1 / np.array(ranks)))
    one = rejected[:, 0]
    wins, ties = np.mean(chosen > one), np.mean(chosen == one)
    assert pairwise_accuracy(chosen, one).mean == pytest.approx(wins)
    half = pairwise_accuracy(chosen, one, "half")
    assert half.mean == pytest.approx(wins + ties / 2)
    assert half.ties == pytest.approx(ties)
    assert one_to_many_accuracy(chosen, one[:, None]).mean == pytest.approx(wins)


def test_mrr_against_scikit_learn():
    table = np.random.default_rng(0).normal(size=(50, 10))  # no ties
    truth = np.zeros_like(table, dtype=int)
    truth[:, 0] = 1
    theirs = label_ranking_average_precision_score(truth, table)
    assert mrr(table[:, 0], table[:, 1:]).mean == pytest.approx(theirs)


def test_a_constant_model_is_never_right():
    chosen, rejected = np.zeros(5), np.zeros((5, 9))
    assert one_to_many_accuracy(chosen, rejected).mean == 0
    assert mrr(chosen, rejected).mean == pytest.approx(0.1)
    assert pairwise_accuracy(chosen, rejected[:, 0]).mean == 0
    assert pairwise_accuracy(chosen, rejected[:, 0], "half").mean == 0.5
    assert all(f(chosen, rejected).ties == 1 for f in (one_to_many_accuracy, mrr))


def test_scale_and_offset_do_not_count():
    table = np.random.default_rng(1).normal(size=(30, 5))
    for measure in (one_to_many_accuracy, mrr):
        assert measure(table[:, 0], table[:, 1:]) == measure(3 * table[:, 0] - 7, 3 * table[:, 1:] - 7)


def test_intervals():
    got = pairwise_accuracy(np.arange(10.0), np.full(10, 2.5))
    wilson = share_interval(7, 10)
    assert (got.mean, got.low, got.high, got.n) == (wilson.mean, wilson.low, wilson.high, 10)
    single = pairwise_accuracy([1.0], [0.0])
    assert math.isnan(single.low)
    half = pairwise_accuracy([1.0, 1.0, 0.0], [1.0, 0.0, 0.0], "half")
    assert 0 <= half.low < half.mean < half.high <= 1


def test_missing_scores_are_an_error_or_counted():
    chosen = np.array([1.0, np.nan, 1.0, 1.0])
    rejected = np.array([[0.0, 0.5], [0.0, 0.0], [np.nan, 0.0], [2.0, 0.0]])
    with pytest.raises(BadInput, match="rejected: received NaN at item 2"):
        one_to_many_accuracy(chosen, rejected)
    with pytest.raises(BadInput, match="chosen: received NaN at item 1"):
        pairwise_accuracy(chosen, np.zeros(4))
    got = one_to_many_accuracy(chosen, rejected, drop_nan=True)
    assert (got.mean, got.n, got.missing) == (0.5, 2, 2)
    assert "2 without verdict" in str(got)
    np.testing.assert_array_equal(pair_verdicts(chosen, np.ones(4), "half"), [0.5, np.nan, 0.5, 0.5])


def test_dropped_rejected_answers():
    chosen, rejected = np.array([1.0, 1.0, 1.0]), np.array([[2.0, 0.0], [np.nan, 0.0], [5.0, 5.0]])
    valid = np.array([[False, True], [False, True], [False, False]])
    got = one_to_many_accuracy(chosen, rejected, valid=valid)
    assert (got.mean, got.n, got.missing) == (1.0, 2, 1)
    assert mrr(chosen, rejected, valid=valid).mean == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: pairwise_accuracy([], []),
        lambda: pairwise_accuracy([1.0], [1.0, 2.0]),
        lambda: pairwise_accuracy([np.inf], [1.0]),
        lambda: pairwise_accuracy([1.0], [0.0], "sometimes"),
        lambda: pairwise_accuracy([np.nan], [0.0], drop_nan=True),
        lambda: one_to_many_accuracy([1.0], [0.0]),
        lambda: one_to_many_accuracy([1.0], [[0.0]], "half"),
        lambda: mrr([1.0], [[0.0]], valid=[[1]]),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
