"""Revision: what is called for is added, and what is worse is dropped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.design.failures import TIME
from rewardsmith.design.revise import Remedy, Reviser, Sketch, revise
from rewardsmith.design.tabular import grid_task
from rewardsmith.optimize.tabular import QLearning

TASK = grid_task("bridge", "..G\n.HH\nS..", QLearning(episodes=40, horizon=20))
START = Sketch(("next_far < 0.5",), ("-0.5 * (next_row == row)",))
LAVA = (("lava", "next_hole < 0.5"),)


def test_programs_are_signs_or_sums_of_the_two_parts() -> None:
    sketch = Sketch(("2 * (next_far < 0.5)", "-(next_hole < 0.5)"), ("far - next_far",))
    far, hole = TASK.batch["far"], TASK.batch["next_hole"]
    nearer, goal = far - TASK.batch["next_far"], TASK.batch["next_far"] < 0.5
    sparse = 2 * goal - 1.0 * (hole < 0.5)
    assert np.asarray(sketch.program(TASK)(TASK.batch)) == pytest.approx(
        np.sign(sparse) + 0.1 * np.sign(nearer)
    )
    summed = sketch.program(TASK, "sum", scale=100.0)
    assert np.asarray(summed(TASK.batch)) == pytest.approx(sparse + 0.1 * 100 * nearer)
    assert set(Sketch(("next_far < 0.5",)).program(TASK).names) == {"sparse"}


def test_the_remedy_of_the_most_frequent_cause_is_added_once() -> None:
    remedies = (
        Remedy("dense", "row - next_row"),
        Remedy("sparse", "-(next_hole < 0.5)", "lava"),
        Remedy("dense", "-2 * (next_far == far)", TIME),
    )
    into_lava = Sketch(("next_hole < 0.5",))
    (found,) = revise(TASK, Reviser(into_lava, LAVA, remedies, rounds=2, episodes=4), [0])
    assert found.added[0] == "-(next_hole < 0.5)"
    assert len(found.added) == 2
    assert "row - next_row" not in found.added  # nothing ever calls for it
    assert found.added[1] != found.added[0]


def test_a_reward_without_failures_is_left_alone() -> None:
    nearer = Sketch(("next_far < 0.5",), ("row - next_row",))
    remedies = (Remedy("dense", "-1 * (far > 0)", TIME), Remedy("sparse", "-(next_hole < 0.5)", "lava"))
    for analyzer in (True, False):
        for found in revise(TASK, Reviser(nearer, LAVA, remedies, rounds=1, analyzer=analyzer), range(3)):
            assert found.success == pytest.approx(1.0)
            assert (found.sketch, found.added) == (nearer, ("",))


def test_a_worse_revision_is_dropped_and_searches_are_apart() -> None:
    harmful = (
        Remedy("sparse", "-5 * (next_far < 0.5)", TIME),
        Remedy("sparse", "-4 * (next_far < 0.5)", "lava"),
    )
    nearer = Sketch(("next_far < 0.5",), ("far - next_far",))
    reviser = Reviser(nearer, LAVA, harmful, rounds=2)
    together = revise(TASK, reviser, [0, 1])
    assert together[1:] == revise(TASK, reviser, [1])
    before = revise(TASK, replace(reviser, rounds=0), [0, 1])
    for found, first in zip(together, before, strict=True):
        assert found.success == found.trained.last >= first.success
        assert first.sketch == nearer


def test_bad_counts_are_refused() -> None:
    with pytest.raises(BadInput, match="reviser"):
        Reviser(START, LAVA, (), episodes=0)
