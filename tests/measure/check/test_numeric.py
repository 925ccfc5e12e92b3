"""Values that are none: each kind of broken reward gets its own code, and a sound one none."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.arrays import Array
from rewardsmith.measure.check import check
from rewardsmith.measure.check.numeric import CHECK


@rs.term
def divides(x: Array) -> Array:
    return 1.0 / np.maximum(x, 0.0)


@rs.term
def logarithm(x: Array) -> Array:
    return np.log(x)


@rs.term
def dice(x: Array) -> Array:
    return x + np.random.default_rng().random(x.shape)


@rs.term
def raises(x: Array) -> Array:
    raise KeyError("gone")


@pytest.mark.parametrize(
    ("reward", "codes"),
    [(divides, {"R702"}), (logarithm, {"R701"}), (dice, {"R704"}), (raises, {"R703"}), (rs.success, set())],
)
def test_every_kind_of_broken_reward(reward: rs.Reward, codes: set[str]) -> None:
    report = check(1.0 * reward, tasks.load("cartpole_swingup"), fast=True, checks=[CHECK])
    assert {finding.code.code for finding in report.findings} == codes
