"""Listwise labels against scipy's softmax."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import LabelDistribution


@pytest.mark.parametrize("temperature", [0.01, 0.5, 100.0])
def test_it_is_n_times_the_softmax_of_the_members_with_a_verdict(temperature):
    rng = np.random.default_rng(0)
    scores, group = rng.normal(size=(4, 6)), rng.integers(0, 5, size=(4, 6))
    scores[0, 0] = scores[2, 3] = np.nan
    found = LabelDistribution(temperature).apply(scores, {"group": group}, ())[0]
    for name in np.unique(group):
        known = (group == name) & ~np.isnan(scores)
        expected = known.sum() * softmax(scores[known] / temperature)
        np.testing.assert_allclose(found[known], expected, atol=1e-12)
        assert found[known].mean() == pytest.approx(1.0)
    assert np.isnan(found).sum() == 2


def test_limits():
    huge = LabelDistribution(1e-3).apply(np.array([0.0, 900.0, 1.0]), {"group": [0, 0, 1]}, ())[0]
    assert huge.tolist() == [0.0, 2.0, 1.0]  # the best of two gets all, and a group of one gets 1
    with pytest.raises(BadInput, match="> 0"):
        LabelDistribution(0.0)
