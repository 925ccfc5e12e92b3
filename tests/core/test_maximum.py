"""The larger of several rewards: values, shares, text and JSON."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import rewardsmith as rs
import strategies as own
from rewardsmith.core.errors import BadInput


@given(batch=own.batches(), a=own.rewards(), b=own.rewards())
def test_it_is_the_negated_minimum_of_the_negated(batch, a, b):
    lower = rs.minimum(-a, -b)(batch)
    np.testing.assert_allclose(rs.maximum(a, b)(batch), -lower, atol=1e-12)


def test_the_share_goes_to_the_first_largest():
    @rs.term
    def a(a):
        return a

    @rs.term
    def b(b):
        return b

    batch = {"a": np.array([1.0, 2.0, 2.0, np.nan]), "b": np.array([3.0, 0.0, 2.0, 1.0])}
    reward = rs.maximum(a, b)
    np.testing.assert_array_equal(reward(batch), [3.0, 2.0, 2.0, np.nan])
    shares = reward.terms(batch)
    np.testing.assert_array_equal(shares["a"], [0.0, 2.0, 2.0, np.nan])
    np.testing.assert_array_equal(shares["b"][:3], [3.0, 0.0, 0.0])
    assert str(reward) == "maximum(a, b)"
    assert rs.parse("maximum(a, 0.5 * b)", [a, b]) == rs.maximum(a, 0.5 * b)
    assert rs.from_json(rs.to_json(reward), [a, b]) == reward


def test_a_floor():
    floored = rs.maximum(rs.success, 0.25)
    np.testing.assert_array_equal(floored({"success": np.array([0.0, 1.0, np.nan])}), [0.25, 1.0, np.nan])
    with pytest.raises(BadInput, match="no rewards"):
        rs.maximum()
