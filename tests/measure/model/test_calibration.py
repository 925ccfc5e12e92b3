"""Calibration against scikit-learn, and on models whose calibration is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from rewardsmith.core.errors import BadInput
from rewardsmith.core.stats import share_interval
from rewardsmith.measure.model.calibration import calibration, reliability_curve

RNG = np.random.default_rng(0)
PROBABILITY = RNG.beta(2, 1.5, 3000)
OUTCOME = (RNG.random(3000) < PROBABILITY).astype(float)


@pytest.mark.parametrize(("spacing", "theirs"), [("width", "uniform"), ("quantile", "quantile")])
def test_curve_and_brier_are_those_of_scikit_learn(spacing, theirs):
    curve = reliability_curve(PROBABILITY, OUTCOME, 7, spacing)
    observed, predicted = calibration_curve(OUTCOME, PROBABILITY, n_bins=7, strategy=theirs)
    np.testing.assert_allclose(curve.predicted, predicted)
    np.testing.assert_allclose(curve.observed, observed)
    assert curve.count.sum() == 3000
    got = calibration(PROBABILITY, OUTCOME, 7, spacing, draws=50)
    assert got.brier.mean == pytest.approx(brier_score_loss(OUTCOME, PROBABILITY))
    assert got.ece.mean == pytest.approx(curve.count @ np.abs(predicted - observed) / 3000)
    wilson = share_interval(int(np.rint(curve.count[2] * curve.observed[2])), int(curve.count[2]))
    assert (curve.low[2], curve.high[2]) == (wilson.low, wilson.high)


def test_a_calibrated_model_is_at_the_floor_and_an_overconfident_one_above():
    beyond, eces, floors = 0, [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        probability = rng.beta(2, 1.5, 300)
        outcome = (rng.random(300) < probability).astype(float)
        got = calibration(probability, outcome, draws=60, seed=seed)
        beyond += got.ece.mean > got.above
        eces.append(got.ece.mean)
        floors.append(got.floor)
    assert beyond / 60 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60) + 0.02  # 60 draws blur the quantile
    assert np.mean(eces) == pytest.approx(np.mean(floors), abs=0.005)
    odds = (PROBABILITY / (1 - PROBABILITY)) ** 3
    sharper = calibration(odds / (1 + odds), OUTCOME, draws=100)
    assert sharper.ece.low > sharper.above
    assert "chance" in str(sharper)


def test_a_known_error():
    """Says 0.9 where it is 0.6, and is right about 0.5: error 0.15."""
    probability = np.repeat([0.9, 0.5], 1000)
    outcome = np.concatenate([np.arange(1000) % 10 < 6, np.arange(1000) % 2 == 0]).astype(float)
    got = calibration(probability, outcome, bins=2, draws=200)
    assert got.ece.mean == pytest.approx(0.15)
    assert got.ece.low < 0.15 < got.ece.high
    assert got.brier.mean == pytest.approx((0.6 * 0.01 + 0.4 * 0.81 + 0.25) / 2)


def test_missing_and_refusals():
    with pytest.raises(BadInput, match="NaN at item 1"):
        calibration([0.5, np.nan], [1, 0])
    got = calibration([0.5, np.nan, 0.5], [1, 0, 0], drop_nan=True, draws=20)
    assert (got.ece.n, got.ece.missing, got.brier.missing) == (2, 1, 1)
    for call in (
        lambda: calibration([1.5], [1]),
        lambda: calibration([0.5], [0.5]),
        lambda: calibration([np.nan], [1], drop_nan=True),
        lambda: reliability_curve([0.5], [1], bins=0),
        lambda: reliability_curve([0.5], [1], spacing="log"),
        lambda: reliability_curve([0.5, 0.6], [1]),
    ):
        with pytest.raises(BadInput):
            call()
