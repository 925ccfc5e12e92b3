"""Episodes within rows against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.segments import Segments
from transforms.pieces import each_episode, episodes


@pytest.mark.parametrize("seed", range(5))
def test_against_a_loop(seed: int) -> None:
    batch = episodes(seed)
    values = np.random.default_rng(seed).normal(size=batch["first"].shape)
    found = Segments.of(values, batch)
    for row, steps in each_episode(batch["first"]):
        mine = values[row, steps]
        np.testing.assert_allclose(found.total(values)[row, steps], mine.sum())
        np.testing.assert_allclose(found.running(values)[row, steps], np.cumsum(mine), atol=1e-12)
        assert found.last[row, steps].tolist() == [False] * (len(mine) - 1) + [True]
        assert len(set(found.groups.index[row, steps])) == 1
    assert len(np.unique(found.groups.index)) == len(each_episode(batch["first"]))


def test_any_leading_shape() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    assert Segments.of(values, {}).total(values)[1, 2].tolist() == [sum(range(20, 24))] * 4
    assert Segments.of(values[0, 0], {}).time.tolist() == [0, 1, 2, 3]
    with pytest.raises(BadInput, match="time"):
        Segments.of(np.float64(1.0), {})


def test_nan_spreads_over_its_episode_only() -> None:
    values, first = np.array([np.nan, 1.0, 2.0]), np.array([True, True, False])
    assert np.isnan(Segments.of(values, {"first": first}).total(values)).tolist() == [True, False, False]
