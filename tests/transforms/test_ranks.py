"""Quantile and Rank against counting how many others each reward beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.arrays import to_numpy
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.transforms import Quantile, Rank

# few different numbers, so that ties are common
rewards = st.lists(st.sampled_from([-1.0, 0.0, 2.0, 1000.0, float("nan")]), min_size=1, max_size=12)


def counted(value, others):
    """The share of others that are beaten, one by one."""
    others = [x for x in others if not np.isnan(x)]
    if np.isnan(value) or not others:
        return np.nan
    return sum(1.0 if value > x else 0.5 if value == x else 0.0 for x in others) / len(others)


@given(batches=st.lists(rewards, min_size=1, max_size=4), window=st.sampled_from([0, 3, 100]))
def test_quantile_counts_the_batch_and_the_window_before_it(batches, window):
    transform, state, before = Quantile(window), Quantile(window).init({}), []
    for values in batches:
        found, state = transform.apply(np.array(values), {}, state)
        expected = [counted(v, [*before, *values[:i], *values[i + 1 :]]) for i, v in enumerate(values)]
        np.testing.assert_allclose(found, expected)
        before = [*before, *(v for v in values if not np.isnan(v))]
        before = before[-window:] if window else []
    assert state[0] == sum(not np.isnan(v) for values in batches for v in values)


@given(values=rewards, seed=st.integers(0, 100))
def test_rank_counts_the_group(values, seed):
    group = np.random.default_rng(seed).integers(0, 4, len(values))
    found = Rank().apply(np.array(values), {"group": group}, ())[0]
    expected = [
        counted(v, [w for j, w in enumerate(values) if j != i and group[j] == group[i]])
        for i, v in enumerate(values)
    ]
    np.testing.assert_allclose(found, expected)


def test_any_increasing_change_of_the_reward_gives_the_same_ranks():
    rng = np.random.default_rng(0)
    values, batch = rng.normal(size=(5, 8)), {"group": rng.integers(0, 6, (5, 8))}
    for transform in (Rank(), Quantile()):
        plain = transform.apply(values, batch, transform.init(batch))[0]
        np.testing.assert_array_equal(
            plain, transform.apply(np.exp(3 * values), batch, transform.init(batch))[0]
        )


def test_the_other_libraries():
    import jax.numpy as jnp
    import torch

    values = np.array([3.0, np.nan, 1.0, 3.0, 2.0, 7.0])
    group = np.array([0, 0, 0, 1, 1, 2])
    for convert in (torch.asarray, jnp.asarray):
        found = Rank().apply(convert(values), {"group": convert(group)}, ())[0]
        np.testing.assert_allclose(to_numpy(found), Rank().apply(values, {"group": group}, ())[0])
        state, own = Quantile(3).init({}), Quantile(3).init({})
        for _ in range(2):
            found, state = Quantile(3).apply(convert(values), {}, state)
            expected, own = Quantile(3).apply(values, {}, own)
            np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-6)


def test_bad_input():
    with pytest.raises(BadInput, match="0 or more"):
        Quantile(-1)
    with pytest.raises(MissingField, match="group"):
        Rank().apply(np.zeros(3), {}, ())
