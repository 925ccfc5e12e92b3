"""A total alone is what it is with shares: the same numbers, the same state, and nobody's array is changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import rewardsmith as rs
from rewardsmith.core.errors import NonFiniteError
from strategies import batches, rewards


def _leaves(state: Any) -> list[Any]:
    return (
        [leaf for part in state for leaf in _leaves(part)] if isinstance(state, tuple) else [np.asarray(state)]
    )


@given(rewards(), batches())
def test_total_and_state_are_those_of_share(reward: rs.Reward, batch: dict[str, Any]) -> None:
    before = {name: np.array(values, copy=True) for name, values in batch.items()}
    state_a, state_b = reward.init(batch), reward.init(batch)
    for _ in range(2):  # the second time from a state that holds something
        with np.errstate(all="ignore"):
            shares, state_a = reward.share(batch, state_a)
            total, state_b = reward.total(batch, state_b)
        np.testing.assert_array_equal(total, shares.total)
        for mine, other in zip(_leaves(state_a), _leaves(state_b), strict=True):
            np.testing.assert_array_equal(mine, other)
    for name, values in batch.items():
        np.testing.assert_array_equal(values, before[name])


@rs.term
def itself(x):
    return x


@rs.term
def half(x):
    return x.astype(np.float32)


def test_sums_do_not_write_into_fields_and_keep_the_wider_type() -> None:
    x = np.arange(4.0)
    batch = {"x": x}
    assert (itself + itself + itself)(batch).tolist() == [0.0, 3.0, 6.0, 9.0]
    assert (itself * itself * itself)(batch).tolist() == [0.0, 1.0, 8.0, 27.0]
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert (half + half + itself)(batch).dtype == np.float64
    assert (half + half + half)(batch).dtype == np.float32


@pytest.mark.parametrize("values", [[np.inf, 1.0], [np.inf, -np.inf], [-np.inf, np.nan]])
def test_every_infinity_is_found(values: list[float]) -> None:
    with pytest.raises(NonFiniteError):
        (1.0 * itself)({"x": np.array(values)})


def test_large_numbers_whose_sum_overflows_are_no_infinity() -> None:
    assert (1.0 * itself)({"x": np.full(4, 1e308)}).tolist() == [1e308] * 4
    assert np.isnan((1.0 * itself)({"x": np.array([np.nan, 1.0])})[0])
