"""Each transform against its closed form or a slow obvious loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardsmith as rs
import strategies as own
from rewardsmith.core.errors import BadInput, CompositionError, MissingField


@given(batch=own.batches(verdicts=False), gamma=st.floats(0, 1), ends=st.booleans())
def test_shaping_telescopes_to_minus_the_first_potential(batch, gamma, ends):
    """An episode that terminates gains -Phi(s0); one that is cut off keeps the last potential."""
    steps = batch["action"].shape[1]
    position = np.concatenate([batch["position"], batch["next_position"][:, -1:]], axis=1)
    episode = {**batch, "position": position[:, :-1], "next_position": position[:, 1:]}
    episode["terminated"] = np.zeros_like(batch["terminated"])
    episode["terminated"][:, -1] = ends
    extra = (own.effort | rs.Potential(own.height, discount=gamma))(episode) - own.effort(episode)
    weights = gamma ** np.arange(steps)
    phi = np.sin(3 * position)
    expected = -phi[:, 0] + (0.0 if ends else gamma**steps * phi[:, -1])
    np.testing.assert_allclose((weights * extra).sum(axis=1), expected, atol=1e-9)


def test_a_potential_over_actions_is_refused_naming_both_parts():
    with pytest.raises(CompositionError, match=r"Potential\(effort\).*reads action"):
        rs.Potential(own.effort)


def test_a_potential_without_the_twin_says_which_field_is_missing():
    batch = {"position": np.zeros(2), "action": np.zeros(2), "terminated": np.zeros(2, bool)}
    with pytest.raises(MissingField, match="next_position"):
        (own.effort | rs.Potential(own.height))(batch)


@given(batch=own.batches(), low=own.numbers, width=st.floats(0.1, 3))
def test_clip_is_a_minimum_of_a_maximum(batch, low, width):
    clipped = (own.judged | rs.Clip(low, low + width))(batch)
    np.testing.assert_array_equal(clipped, np.minimum(np.maximum(batch["verdict"], low), low + width))


@given(batch=own.batches(verdicts=False), seed=st.integers(0, 1000))
def test_delta_telescopes_within_each_episode(batch, seed):
    """Oracle: a loop that starts again wherever ``first`` is set; whole or in two pieces."""
    shape = batch["action"].shape
    first = np.random.default_rng(seed).random(shape) < 0.4
    first[:, 0] = True
    level = own.effort(batch)
    expected = np.empty(shape)
    for n in range(shape[0]):
        previous = 0.0
        for t in range(shape[1]):
            previous = 0.0 if first[n, t] else previous
            expected[n, t] = level[n, t] - previous
            previous = level[n, t]
    reward = own.effort | rs.Delta()
    whole = {"action": batch["action"], "terminated": batch["terminated"], "first": first}
    np.testing.assert_allclose(reward(whole), expected)
    cut, state, pieces = shape[1] // 2, reward.init(whole), []
    for piece in (slice(0, cut), slice(cut, None)):
        part = {name: array[:, piece] for name, array in whole.items()}
        if part["action"].size:
            out, state = reward.apply(part, state)
            pieces.append(out)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected)


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=30), cut=st.integers(0, 30), center=st.booleans())
def test_normalize_merges_batches_exactly(values, cut, center):
    """Oracle: NumPy's mean and variance over everything seen."""
    array = np.array(values)
    array[::5] = np.nan
    reward, state = own.judged | rs.Normalize(center=center, epsilon=1e-3), None
    for piece in (array[:cut], array[cut:]):
        batch = {"verdict": piece}
        state = reward.init(batch) if state is None else state
        out, state = reward.apply(batch, state)
    seen = array[~np.isnan(array)]
    mean, variance = (seen.mean(), seen.var()) if seen.size else (0.0, 0.0)
    expected = (array[cut:] - (mean if center else 0.0)) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(out, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: rs.Clip(1, -1), "low < high"),
        (lambda: rs.Clip("a", 1), "a number"),
        (lambda: rs.Potential(own.height, discount=1.5), "0 to 1"),
        (lambda: rs.Normalize(epsilon=0), "becomes NaN"),
    ],
)
def test_bad_numbers_are_refused_in_one_line(make, says):
    with pytest.raises(BadInput, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)
