"""Regret by training: the arithmetic, and a training whose outcome is known."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import trained_regret
from rewardsmith.measure.distance.trained import regret_of, training_rounds


def test_regret_is_a_share_of_what_training_gains() -> None:
    returns = np.array([[[10.0, 12.0], [5.0, 9.0]], [[3.0, 3.0], [3.0, 3.0]]])
    mean, low, high = regret_of(returns, np.array([1.0, 3.0]))
    assert mean[0].tolist() == [0.0, 0.4]  # (5 + 3) / 2 of a gain of 10
    assert np.isnan(mean[1]).all()  # training on the second gained nothing
    half = 12.706204736 * np.std([0.5, 0.3], ddof=1) / np.sqrt(2)  # t of one degree of freedom
    assert (low[0, 1], high[0, 1]) == (pytest.approx(0.4 - half), pytest.approx(0.4 + half))
    assert np.isnan(regret_of(returns[..., :1], np.array([1.0, 3.0]))[1]).all()


def test_the_opposite_reward_costs_everything() -> None:
    task = tasks.load("cartpole")
    assert task.native is not None
    told: list[int] = []
    found = trained_regret(
        [task.native, -1.0 * task.native], task, seeds=(0,), steps=8_000, episodes=4, progress=told.append
    )
    assert found.mean[0, 0] == 0.0
    assert found.mean[0, 1] > 0.8
    assert found.success[0].mean() > 0.5 > found.success[1].mean()
    assert found.returns.shape == (2, 2, 1)
    assert len(found.policies) == 2
    assert max(told) == training_rounds(8_000)


def test_one_reward_is_refused() -> None:
    task = tasks.load("cartpole")
    with pytest.raises(BadInput, match="at least two"):
        trained_regret([task.native], task)
