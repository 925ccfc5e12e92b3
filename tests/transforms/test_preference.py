"""PAR against its formula, and where it must not pass a raw score on."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.transforms import PreferenceAsReward


def test_it_is_the_mean_probability_of_beating_the_references():
    rng = np.random.default_rng(0)
    reward, scores = rng.normal(size=7), rng.normal(size=(7, 4))
    expected = [
        np.mean([1 / (1 + np.exp(-(r - other))) for other in row])
        for r, row in zip(reward, scores, strict=True)
    ]
    found = PreferenceAsReward().apply(reward, {"reference_scores": scores}, ())[0]
    np.testing.assert_allclose(found, expected)
    # an offset that a reward model gives to a prompt does not matter
    moved = PreferenceAsReward().apply(reward + 9, {"reference_scores": scores + 9}, ())[0]
    np.testing.assert_allclose(found, moved)


def test_missing_scores():
    scores = np.array([[0.0, np.nan], [np.nan, np.nan], [0.0, 0.0], [0.0, 0.0]])
    found = PreferenceAsReward().apply(np.array([0.0, 0.0, np.nan, 5000.0]), {"reference_scores": scores}, ())[
        0
    ]
    assert found[0] == 0.5
    assert np.isnan(found[1:3]).all()  # no reference; no verdict
    assert found[3] == 1.0  # and no overflow
    with pytest.raises(MissingField, match="reference_scores"):
        PreferenceAsReward().apply(np.zeros(2), {}, ())
    with pytest.raises(BadInput, match="shape"):
        PreferenceAsReward().apply(np.zeros(2), {"reference_scores": np.zeros((3, 2))}, ())
