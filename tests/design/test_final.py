"""What the final report makes of trainings, those without a verdict among them."""

from __future__ import annotations

import math

import pytest

from rewardsmith.design.final import summary


def test_the_interval_stays_within_0_and_1():
    found = summary([1.0, 1.0, 0.9])
    half = 4.302652729911275 * math.sqrt((2 * (1 / 30) ** 2 + (2 / 30) ** 2) / 2 / 3)  # t, 2 degrees of freedom
    assert found["mean"] == pytest.approx(29 / 30)
    assert (found["low"], found["high"]) == (pytest.approx(29 / 30 - half), 1.0)


def test_a_training_without_a_verdict_is_left_out_and_shown():
    found, without = summary([0.4, math.nan, 0.6]), summary([0.4, 0.6])
    assert {name: found[name] for name in ("mean", "low", "high")} == {
        name: without[name] for name in ("mean", "low", "high")
    }
    assert [math.isnan(value) for value in found["per_seed"]] == [False, True, False]


@pytest.mark.parametrize("values", [[math.nan, math.nan], [math.nan, 0.5]])
def test_what_is_undefined_is_nan_and_never_0_or_1(values):
    found = summary(values)
    assert math.isnan(found["low"])
    assert math.isnan(found["high"])
    assert math.isnan(found["mean"]) == all(map(math.isnan, values))
