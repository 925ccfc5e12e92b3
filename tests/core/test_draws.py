"""Keyed random numbers: uniform, independent of order, and the same for ever."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rewardsmith.core.draws import keyed_normal, keyed_uniform, occurrence
from rewardsmith.core.errors import BadInput


@pytest.mark.parametrize(
    "keys",
    [
        (np.arange(50_000),),
        (7, np.arange(50_000) % 250, np.arange(50_000) // 250),
        (np.linspace(0, 1, 50_000),),
        ([f"prompt {i}" for i in range(50_000)],),
    ],
    ids=["numbers", "pairs", "fractions", "texts"],
)
def test_they_are_uniform_and_not_correlated(keys):
    u = keyed_uniform(*keys)
    assert stats.kstest(u, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / np.sqrt(len(u))
    assert 0 <= u.min() < u.max() < 1
    assert len(np.unique(u)) == len(u)
    assert stats.kstest(keyed_normal(*keys), "norm").pvalue > 0.001


def test_against_a_slow_copy_in_whole_numbers():
    """SplitMix64's finaliser with Python's integers."""
    top = 2**64

    def mix(word):
        word = (word + 0x9E3779B97F4A7C15) % top
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) % top
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) % top
        return word ^ (word >> 31)

    for a, b in ((0, 0), (1, 2), (2, 1), (-5, 12345678901)):
        expected = (mix(mix(a % top) ^ (b % top)) >> 11) / 2**53
        assert keyed_uniform(a, b) == expected


def test_shapes_order_and_kinds():
    a = keyed_uniform(1, np.arange(6).reshape(2, 3), np.arange(3))
    assert a.shape == (2, 3)
    assert a[1, 2] == keyed_uniform(1, 5, 2)
    assert keyed_uniform(1, 2).shape == ()
    assert keyed_uniform(1, 2) != keyed_uniform(2, 1)
    assert keyed_uniform(0.0) == keyed_uniform(-0.0)
    assert keyed_uniform(["a", "b"])[1] == keyed_uniform("b") != keyed_uniform("c")
    assert keyed_uniform(np.arange(0)).shape == (0,)
    with pytest.raises(BadInput, match="numbers or texts"):
        keyed_uniform([None, "a"])


def test_occurrence_counts_from_the_front():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 9, (6, 7))
    seen, expected = {}, []
    for key in keys.ravel():
        expected.append(seen.get(key, 0))
        seen[key] = expected[-1] + 1
    np.testing.assert_array_equal(occurrence(keys).ravel(), expected)
