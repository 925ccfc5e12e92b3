"""Causes of failure, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.fields import Field
from rewardsmith.design.failures import TIME, Cause, failure_causes
from rewardsmith.design.screen.protocol import Episode
from rewardsmith.design.tabular import grid_task, play, train
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.program import parse

FIELDS = [Field("x"), Field("y")]
EVENTS = {"fell": parse("x < 0", FIELDS), "hit": parse("y > 2", FIELDS)}


def episode(x: list[float], y: list[float], success: bool = False) -> Episode:
    return Episode({"x": np.array(x), "y": np.array(y)}, success)


def test_last_steps_of_failed_episodes_are_counted() -> None:
    played = [
        episode([3, 2, 1, -1], [0, 0, 0, 0]),
        episode([-1, 1], [9, 3]),  # fell long ago; what counts is the end
        episode([1, 1, 3], [0, 0, 3]),
        episode([1], [0]),
        episode([-1], [9], success=True),
        episode([-1], [3]),  # both at once: the first one named
    ]
    found = failure_causes(played, EVENTS, ["x"])
    assert found == (
        Cause("fell", 2, {"x": pytest.approx((2 / 3 - 1) / 2)}),
        Cause("hit", 2, {"x": pytest.approx((0 + 5 / 3) / 2)}),
        Cause(TIME, 1, {"x": 1.0}),
    )
    assert str(found[2]) == "time ran out (1 times; before: x 1)"
    assert failure_causes(played[4:5], EVENTS, ["x"]) == ()


def test_played_episodes_of_a_grid_end_in_holes_goals_or_time() -> None:
    task = grid_task("three ways", "HSG", QLearning(episodes=20, horizon=5))
    (done,) = train(task, [{"own": task.mdp.expected_reward}], [0])
    events = {"fell": parse("next_hole < 0.5", task.table)}
    rng = np.random.default_rng(0)
    assert all(each.success for each in play(task, done.choices, 3, rng))
    left = play(task, [0, 0, 0], 3, rng)
    assert [(c.event, c.count) for c in failure_causes(left, events, ["hole"])] == [("fell", 3)]
    still = play(task, [3, 3, 3], 3, rng)
    assert [(c.event, c.count) for c in failure_causes(still, events, ["hole"])] == [(TIME, 3)]
    assert {len(np.asarray(each.batch["far"])) for each in still} == {5}
