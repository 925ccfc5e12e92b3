"""Hand-written skills carry out what they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.design.slots import slots
from rewardsmith.optimize.plan import ArrayModel, Primitive, follow
from rewardsmith.tasks.instructed import instructions

TASKS = {task.name: task for task in instructions()}
NAMED = ("reach", "height", "spin", "sway", "lean", "face", "stop", "reach, height", "go, spin")


@pytest.mark.parametrize("name", NAMED)
def test_skills_do_what_they_are_named_after(name: str) -> None:
    found = follow(TASKS[name], slots(name).skills, seeds=(0, 1), episodes=4)
    assert found.success.shape == (2, 4)
    assert found.success.min() > 0.95


def test_the_arm_keeps_still_turns_and_waits() -> None:
    arm = TASKS["reach"]
    hold = follow(arm, [(Primitive("hold"), 1)], episodes=1).trajectories[0][0].obs
    np.testing.assert_allclose(hold[:, :2], np.broadcast_to(hold[0, :2], (100, 2)), atol=0.02)
    turn = follow(arm, [(Primitive.of("turn", rate=1.0), 1)], episodes=1).trajectories[0][0].obs
    assert turn[-1, 2] == pytest.approx(1.0, abs=0.05)
    swing = follow(arm, [(Primitive.of("swing", amplitude=0.3, frequency=0.5), 1)], episodes=1)
    angle = swing.trajectories[0][0].obs[:, 0]
    assert angle[40:].max() - angle[40:].min() == pytest.approx(0.6, abs=0.1)
    stop = [(Primitive.of("turn", rate=1.0), 50), (Primitive("stop"), 1)]
    assert abs(follow(arm, stop, episodes=1).trajectories[0][0].obs[-1, 2:4]).max() < 0.05
    wait = [(Primitive.of("turn", rate=1.0), 50), (Primitive("wait"), 1)]
    assert follow(arm, wait, episodes=1).trajectories[0][0].obs[-1, 2] == pytest.approx(1.0, abs=0.5)


def test_the_unicycle_goes_on_when_it_waits() -> None:
    found = follow(TASKS["spin"], [(Primitive("wait"), 1)], episodes=1).trajectories[0][0].obs
    np.testing.assert_allclose(found[:, 3:5], np.broadcast_to(found[0, 3:5], (100, 2)))
    assert abs(found[-1, 5]) < 0.01


def test_starts_are_those_of_the_planner() -> None:
    task = TASKS["spin"]
    found = follow(task, [(Primitive("stop"), 1)], seeds=(5,), episodes=2)
    starts = task.env.observe(ArrayModel(task).begin([(5, 0), (5, 1)]))
    assert [episode.obs[0].tolist() for episode in found.trajectories[0]] == starts.tolist()


def test_bad_sequences_are_refused() -> None:
    with pytest.raises(BadInput, match="go_to, hold, turn, stop, swing, wait"):
        Primitive("dance")
    with pytest.raises(BadInput, match="arguments of a primitive"):
        follow(TASKS["spin"], [(Primitive("go_to"), 1)])
    with pytest.raises(BadInput, match="at least one of each"):
        follow(TASKS["spin"], [])
