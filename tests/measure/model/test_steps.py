"""Aggregators of step scores against one solution at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gmean

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.steps import AGGREGATORS, aggregate_steps

SLOW = {
    "min": min,
    "max": max,
    "prod": math.prod,
    "geometric": lambda p: float(gmean(p)),
    "mean": np.mean,
    "mean_logit": lambda p: np.mean([math.log(x / (1 - x)) for x in p]),
    "mean_odds": lambda p: np.mean([x / (1 - x) for x in p]),
    "last": lambda p: p[-1],
}


def test_every_aggregator_is_tested():
    assert set(SLOW) == set(AGGREGATORS)


@pytest.mark.parametrize("how", AGGREGATORS)
@settings(max_examples=25, deadline=None)
@given(solutions=st.lists(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6), min_size=1, max_size=4))
def test_against_one_solution_at_a_time(how, solutions):
    table = np.full((len(solutions), 6), np.nan)  # nothing beyond the end is looked at
    for row, solution in zip(table, solutions, strict=True):
        row[: len(solution)] = solution
    got = aggregate_steps(table, [len(solution) for solution in solutions], how)
    np.testing.assert_allclose(got, [SLOW[how](solution) for solution in solutions], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("how", AGGREGATORS)
def test_certain_steps_stay_finite_and_no_steps_have_no_verdict(how):
    got = aggregate_steps([[1.0, 1.0], [0.0, 1.0], [0.5, 0.5]], [2, 2, 0], how)
    assert np.isfinite(got[:2]).all()
    assert np.isnan(got[2])
    assert got[0] >= got[1]


def test_a_zero_step():
    assert aggregate_steps([[0.0, 0.9]], [2], "geometric")[0] == 0
    assert aggregate_steps([[0.0, 0.9]], [2], "prod")[0] == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: aggregate_steps([[0.5]], [1], "median"),
        lambda: aggregate_steps([[0.5]], [2], "min"),
        lambda: aggregate_steps([[0.5]], [1.0], "min"),
        lambda: aggregate_steps([0.5], [1], "min"),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
    with pytest.raises(BadInput, match="nan at item 1, step 0"):
        aggregate_steps([[0.5], [np.nan]], [1, 1], "mean")
    with pytest.raises(BadInput, match=r"1\.5 at item 0"):
        aggregate_steps([[1.5]], [1], "mean")
