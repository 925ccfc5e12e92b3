"""Weights that depend on something else: the way from the reference, the difficulty, the time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import DifficultyWeight, KLBudget, Schedule


@pytest.mark.parametrize("cap", [True, False])
def test_kl_budget(cap):
    rng = np.random.default_rng(0)
    reward, ratio = rng.normal(size=50), rng.normal(scale=4, size=50)
    reward[3], ratio[4] = np.nan, np.nan
    found = KLBudget(3.0, cap).apply(reward, {"log_ratio": ratio}, ())[0]
    for r, x, paid in zip(reward, ratio, found, strict=True):
        factor = max(1 - x / 3.0, 0.0) if not math.isnan(x) else math.nan
        factor = min(factor, 1.0) if cap and not math.isnan(factor) else factor
        expected = r * factor if r >= 0 else r + 0 * factor
        assert paid == pytest.approx(expected, nan_ok=True)
    with pytest.raises(BadInput, match="> 0 nats"):
        KLBudget(0.0)


def test_moving_away_never_pays():
    """For rewards of either sign, more distance is never worth more: the reason why the factor is capped and
    spares negative rewards."""
    ratio = np.linspace(-5, 20, 101)
    for reward in (-1.0, 0.0, 1.0):
        paid = KLBudget(10.0).apply(np.full(101, reward), {"log_ratio": ratio}, ())[0]
        assert (np.diff(paid) <= 0).all()
        assert (paid <= max(reward, 0.0)).all()


def test_difficulty_weights_by_the_pass_rate():
    group = np.repeat([3, 7, 9, 11], 4)
    correct = np.array([1, 1, 1, 0, 1, 1, 1, 1, np.nan, 0, 0, 1, *[np.nan] * 4], float)
    reward = np.arange(16.0)
    batch = {"group": group, "correct": correct}
    rates = np.repeat([0.75, 1.0, 1 / 3, np.nan], 4)
    middle = DifficultyWeight().apply(reward, batch, ())[0]
    np.testing.assert_allclose(middle, 4 * rates * (1 - rates) * reward)
    hard = DifficultyWeight("hard", 2.0, floor=0.1).apply(reward, batch, ())[0]
    np.testing.assert_allclose(hard, (0.1 + 0.9 * (1 - rates) ** 2) * reward)
    with pytest.raises(BadInput, match="middle or hard"):
        DifficultyWeight("easy")


def test_the_middle_weight_is_the_variance_of_the_verdict():
    rng = np.random.default_rng(2)
    correct = (rng.random(400) < 0.3).astype(float)
    batch = {"group": np.zeros(400, int), "correct": correct}
    weight = DifficultyWeight().apply(np.ones(400), batch, ())[0]
    np.testing.assert_allclose(weight, 4 * correct.var())


@pytest.mark.parametrize("shape", ["linear", "cosine", "step"])
def test_schedules(shape):
    progress = np.array([0.0, 0.2, 0.35, 0.5, 0.8, 1.0])
    schedule = Schedule(3.0, 1.0, shape, begin=0.2, finish=0.8)
    u = [0, 0, 0.25, 0.5, 1, 1]
    expected = {
        "linear": [3 - 2 * x for x in u],
        "cosine": [3 - 2 * (1 - math.cos(math.pi * x)) / 2 for x in u],
        "step": [3, 1, 1, 1, 1, 1],
    }[shape]
    np.testing.assert_allclose(schedule.weight(progress), expected)
    paid = schedule.apply(np.full(6, -2.0), {"progress": progress}, ())[0]
    np.testing.assert_allclose(paid, -2.0 * np.array(expected))


def test_a_schedule_acts_on_every_part_alone():
    @rs.term
    def bonus(bonus):
        return bonus

    batch = {"bonus": np.ones(2), "progress": np.array([0.0, 0.5]), "success": np.zeros(2)}
    parts = ((bonus + rs.success) | Schedule(1.0, 0.0)).terms(batch)
    assert {name: part.tolist() for name, part in parts.items()} == {"bonus": [1.0, 0.5], "success": [0.0, 0.0]}


def test_bad_schedules():
    with pytest.raises(BadInput, match="linear, cosine or step"):
        Schedule(shape="exponential")
    with pytest.raises(BadInput, match="begin < finish"):
        Schedule(begin=0.5, finish=0.5)
    assert Schedule(0.0, 1.0, "step", begin=1.0).weight(np.array([0.9, 1.0])).tolist() == [0.0, 1.0]


def test_all_judges_must_pass_and_each_may_abstain():
    """The conjunction of CGPO is a composition: a gate on the minimum of the judges."""

    @rs.term
    def safe(safe):
        return safe

    @rs.term
    def honest(honest):
        return honest

    reward = rs.gate(rs.success, when=rs.minimum(safe, honest), above=0.5)
    batch = {
        "success": np.ones(6),
        "safe": np.array([1.0, 1.0, 0.0, 0.0, np.nan, np.nan]),
        "honest": np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
    }
    np.testing.assert_array_equal(reward(batch), [1.0, 0.0, 0.0, 0.0, np.nan, np.nan])
