"""Agreement of returns: against SciPy, with ties, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import rewardsmith as rs
from rewardsmith import tasks, transforms
from rewardsmith.core.arrays import Array
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import Coverage, episode_returns, return_agreement
from rewardsmith.tasks.record import record_episodes

ORACLES = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


@rs.term
def up(next_upright: Array) -> Array:
    return next_upright


@pytest.mark.parametrize("kind", sorted(ORACLES))
@pytest.mark.parametrize("digits", [0, 8])
def test_it_is_what_scipy_says(kind: str, digits: int) -> None:
    rng = np.random.default_rng(digits)
    table = np.round(rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)), digits)  # digits = 0: many ties
    found = return_agreement(table, kind, resamples=20)
    for i in range(3):
        for j in range(3):
            assert found.mean[i, j] == pytest.approx(ORACLES[kind](table[:, i], table[:, j])[0])
    assert found.episodes == 60


@pytest.mark.parametrize("kind", sorted(ORACLES))
def test_resamples_are_what_scipy_says_of_repeated_rows(kind: str) -> None:
    from rewardsmith.measure.distance.returns import KINDS_OF_AGREEMENT

    rng = np.random.default_rng(1)
    table, weights = np.round(rng.normal(size=(20, 2)), 1), rng.integers(0, 3, (1, 20)).astype(float)
    rows = np.repeat(table, weights[0].astype(int), axis=0)
    assert KINDS_OF_AGREEMENT[kind](table, weights)[0, 0, 1] == pytest.approx(
        ORACLES[kind](rows[:, 0], rows[:, 1])[0]
    )


def test_the_interval_covers() -> None:
    rng, hits = np.random.default_rng(2), 0
    for seed in range(100):
        table = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 80)
        found = return_agreement(table, seed=seed, resamples=200)
        hits += bool(found.low[0, 1] <= 0.6 <= found.high[0, 1])
    assert hits >= 88  # 95 % nominal


def test_no_verdict() -> None:
    table = np.random.default_rng(0).normal(size=(10, 3))
    table[:, 1] = 4.0
    for kind in ORACLES:
        assert np.isnan(return_agreement(table, kind).mean).tolist() == [
            [False, True, False],
            [True, True, True],
            [False, True, False],
        ]
    table[3, 0] = np.nan
    assert return_agreement(table[:, [0, 2]]).episodes == 9
    for bad, match in ((table[:2], "at least 3"), (np.full((5, 2), np.inf), "finite")):
        with pytest.raises(BadInput, match=match):
            return_agreement(bad)
    with pytest.raises(BadInput, match="kind of agreement"):
        return_agreement(table, "cosine")


def test_returns_are_discounted_sums_of_whole_episodes() -> None:
    task = tasks.load("pendulum_hold")
    played = Coverage(task, record_episodes(task, 0, 5), "held actions")
    late = up | transforms.Delay(50)  # sees whole episodes
    found = episode_returns([1.0 * up, late, rs.success * 1.0], played)
    for row, one in zip(found, played.episodes, strict=True):
        paid = np.asarray(one["next_upright"][0], float)
        slow = sum(task.discount**t * value for t, value in enumerate(paid))
        assert row[0] == pytest.approx(slow)
    plain = episode_returns([1.0 * up, late], played, discount=1.0)
    assert plain[:, 0] == pytest.approx(plain[:, 1])
    assert found.shape == (5, 3)
