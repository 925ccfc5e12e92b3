"""Screens refuse what cannot teach anything, and say why; they never see success."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.design.screen import Constant, Duplicate, Evidence, Living
from rewardsmith.design.screen import judge as judged
from rewardsmith.program import Grammar, parse, random_program
from rewardsmith.tasks.record import record_steps

SWING = tasks.load("cartpole_swingup")
CAR = tasks.load("mountain_car")
STEPS = {task.name: record_steps(task, 0) for task in (SWING, CAR)}


def judge(source: str, task=SWING, known=()):
    accepted = tuple((parse("0.0 * x", SWING), values) for values in known)
    evidence = Evidence(task, STEPS[task.name], accepted)
    return judged(parse(source, task), (Constant(), Duplicate(), Living()), evidence)


@pytest.mark.parametrize(
    ("source", "task", "code"),
    [
        ("0.0 * upright", SWING, "S_CONSTANT"),
        ("1.0 + 1e-14 * x", SWING, "S_CONSTANT"),
        ("log(upright)", SWING, "S_NONFINITE"),
        ("1.0 / (terminated - terminated)", SWING, "S_NONFINITE"),
        ("-abs(x) - 0.5", SWING, "S_DIE_EARLY"),
        ("position + 2.0", CAR, "S_LIVE_FOREVER"),
    ],
)
def test_each_defect_is_refused_with_its_code(source, task, code):
    refusal = judge(source, task).refusal
    assert refusal is not None
    assert refusal.code == code
    assert "\n" not in refusal.why


@pytest.mark.parametrize(
    ("source", "task"),
    [
        ("upright", SWING),
        # every step costs, but failing costs more than living on: 100 steps of at most 3 each
        ("-abs(x) - 0.5 - 400.0 * terminated", SWING),
        # a living cost is right where the end is the goal
        ("-1.0 + 0.001 * velocity", CAR),
        ("position + 2.0 + 1000.0 * terminated", CAR),
    ],
)
def test_useful_rewards_pass(source, task):
    assert judge(source, task).refusal is None


def test_duplicates_up_to_scale_and_shift_are_refused():
    first = judge("upright - 0.1 * abs(x)")
    again = judge("3.0 * (upright - 0.1 * abs(x)) + 7.0", known=[first.values])
    assert again.refusal is not None
    assert again.refusal.code == "S_DUPLICATE"
    mirrored = judge("-1.0 * (upright - 0.1 * abs(x))", known=[first.values])
    assert mirrored.refusal is None or mirrored.refusal.code != "S_DUPLICATE"


def test_recorded_steps_hold_no_success_and_repeat():
    for task in (SWING, CAR):
        again = record_steps(task, 0)
        assert "success" not in again
        for name, values in STEPS[task.name].items():
            np.testing.assert_array_equal(values, again[name])


def test_recorded_steps_visit_more_than_the_start():
    hanging = STEPS["cartpole_swingup"]["upright"][:2048]
    assert hanging.max() > -0.5


def test_most_random_programs_pass():
    """A screen that refuses everything, or nothing, screens nothing."""
    rng, grammar = np.random.default_rng(0), Grammar.from_fields(SWING.table())
    verdicts = [judge(str(random_program(grammar, rng))).refusal for _ in range(200)]
    refused = sum(verdict is not None for verdict in verdicts)
    assert 5 < refused < 100
