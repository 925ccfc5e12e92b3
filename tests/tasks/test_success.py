"""Success: the reduction of a signal over an episode, against a slow loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.core.term import term
from rewardsmith.tasks import Success


@term
def signal(x):
    return x


def slowly(success, values, lived):
    """One episode, read aloud."""
    horizon = len(values)
    start = min(round(success.window[0] * horizon), horizon - 1)
    stop = max(round(success.window[1] * horizon), start + 1)
    counted = [values[t] if t < lived else 0.0 for t in range(start, stop)]
    if success.reduce == "mean":
        return sum(counted) / len(counted)
    if success.reduce == "any":
        return max(counted)
    return values[lived - 1] if start <= lived - 1 < stop else 0.0


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12),
    st.integers(0, 12),
    st.sampled_from(["mean", "any", "final"]),
    st.sampled_from([(0.0, 1.0), (0.75, 1.0), (0.0, 0.5), (0.4, 0.6)]),
)
def test_episode_equals_a_slow_loop(values, lived, reduce, window):
    lived = min(lived, len(values))
    success = Success(signal, reduce=reduce, window=window)
    alive = np.arange(len(values)) < lived
    got = success.episode(np.array(values), alive)
    wanted = slowly(success, values, lived) if lived else 0.0
    assert got == pytest.approx(wanted, abs=1e-6)
    together = success.episode(np.array([values, values]), np.array([alive, ~alive]))
    assert together[0] == pytest.approx(wanted, abs=1e-6)


def test_an_early_fall_forfeits_the_rest():
    last_quarter = Success(signal, window=(0.75, 1.0))
    up = np.ones((2, 8))
    alive = np.array([np.arange(8) < 8, np.arange(8) < 7])
    assert last_quarter.episode(up, alive).tolist() == [1.0, 0.5]


def test_no_verdict_spreads_but_not_from_steps_that_never_happened():
    values = np.array([[np.nan, 1.0], [1.0, np.nan]])
    got = Success(signal).episode(values, np.array([[1, 1], [1, 0]]) > 0)
    assert np.isnan(got[0])
    assert got[1] == 0.5


def test_jax_and_numpy_agree():
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    values, alive = rng.random((5, 40)), np.arange(40) < rng.integers(1, 41, (5, 1))
    for reduce in ("mean", "any", "final"):
        success = Success(signal, reduce=reduce, window=(0.5, 1.0))
        compiled = success.episode(jnp.asarray(values), jnp.asarray(alive))
        np.testing.assert_allclose(compiled, success.episode(values, alive), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reduce": "median"}, "median"),
        ({"window": (0.5, 0.5)}, "start < stop"),
        ({"window": (0.5, 1.5)}, "stop <= 1"),
        ({"window": (float("nan"), 1.0)}, "nan"),
        ({"signal": "upright"}, "str"),
    ],
)
def test_misuse_is_named(change, said):
    with pytest.raises(BadInput, match=said):
        Success(**({"signal": signal} | change))


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="alive"):
        Success(signal).episode(np.ones((2, 3)), np.ones((2, 4)))
