"""What checks look at: probes within bounds, copies, a reward without a task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.measure.check import check, check_on
from rewardsmith.measure.check.jumps import CHECK as JUMPS
from rewardsmith.measure.check.reach import CHECK as REACH
from rewardsmith.measure.check.scene import Scene
from rewardsmith.measure.check.terms import CHECK as TERMS
from rewardsmith.measure.check.terms import chance_above_zero
from rewardsmith.program import parse
from rewardsmith.transforms import Tanh


@rs.term
def spoils(angle: Any) -> Any:
    angle *= 0.0
    return angle


@pytest.mark.parametrize("name", ["cartpole", "mountain_car_continuous", "acrobot"])
def test_probes_lie_within_the_bounds_and_fit_their_observation(name: str) -> None:
    task = tasks.load(name)
    scene = Scene(rs.success, task)
    for field in task.fields:
        if field.kind == "state":
            np.testing.assert_allclose(scene.probes[field.name], field.of(scene.probes["obs"]))
            if isinstance(field.read, int):
                low, high = (f(scene.steps[field.name]) for f in (np.min, np.max))
                assert scene.probes[field.name].min() == pytest.approx(min(field.low, low))
                assert scene.probes[field.name].max() == pytest.approx(max(field.high, high))
    assert np.all(
        scene.probes["obs"][0] == np.clip(0.0, *(f(scene.probes["obs"], axis=0) for f in (np.min, np.max)))
    )
    assert 0.05 < scene.probes["terminated"].mean() < 0.15


def test_wide_steps_meet_the_numbers_that_a_reward_compares_with() -> None:
    task = tasks.load("Hopper-v5")
    narrow = parse(
        "where(abs(height - 1.2) < 1e-5 and abs(lean - 0.1) < 1e-5 and x_velocity > 9.99, 1, 0)", task
    )
    assert float(np.max(narrow(Scene(narrow, task).wide))) == 1.0


def test_a_term_that_spoils_arrays_spoils_nothing_of_the_scene() -> None:
    scene = Scene(1.0 * spoils, tasks.load("cartpole"))
    before = scene.steps["angle"].copy()
    for look in (scene.values, scene.shares, scene.unchecked):
        look(scene.steps)
    _ = scene.trace
    np.testing.assert_array_equal(scene.steps["angle"], before)


def test_a_reward_without_a_task() -> None:
    batch = {"x": np.linspace(-1.0, 1.0, 50), "y": np.zeros(50)}
    fields = [Field("x", "m", -1.0, 1.0)]
    report = check_on(parse("where(x > 3, 1, 0) + x", fields), [batch], fields)
    assert [finding.code.code for finding in report.findings] == ["R602"]
    assert dict(report.left_out)["jumps"] == "needs a task"
    with pytest.raises(BadInput, match="one or more"):
        check_on(rs.success, [])


@pytest.mark.parametrize(("reward", "task"), [("x", tasks.load("cartpole")), (rs.success, "cartpole")])
def test_bad_input(reward: Any, task: Any) -> None:
    with pytest.raises(BadInput):
        check(reward, task)


# ---------------------------------------------------------------------- levels and limits of single checks
def findings(text: str, name: str, which: Any) -> list[tuple[str, str, str | None]]:
    task = tasks.load(name)
    report = check(parse(text, task), task, fast=True, checks=[which])
    return [(f.code.code, str(f.severity), f.part) for f in report.findings]


def test_a_potential_is_not_against_success() -> None:
    """Where a state is good, (discount - 1) times its potential is what both at once are paid."""

    @rs.term
    def near(distance: Any) -> Any:
        return -distance

    task = tasks.load("Reacher-v5")
    shaped = rs.Constant(0.0) + (rs.Constant(0.0) | rs.Potential(near, discount=0.9))
    assert [
        f.code.code for f in check(shaped, task, fast=True, checks=[TERMS]).findings if f.code.code == "R111"
    ] == []
    assert findings("distance", "Reacher-v5", TERMS) == [("R111", "error", None)]


def test_the_end_of_a_potential_is_not_against_success() -> None:
    """At the flag the potential falls to 0: with a positive one, arriving is paid less than driving on."""

    @rs.term
    def car_energy(energy: Any) -> Any:
        return energy

    task = tasks.load("mountain_car")
    assert task.native is not None
    shaped = task.native | rs.Potential(5.0 * car_energy, discount=0.99)
    assert check(shaped, task, fast=True, checks=[TERMS]).findings == ()
    late = findings("-1 - 5 * next_energy * terminated", "mountain_car", TERMS)
    assert [code for code, *_ in late] == ["R111"]


def test_small_costs_are_a_note_and_drowned_aims_a_warning() -> None:
    small = "{'up': next_upright, 'cost': -0.00001 * torque ** 2}"
    assert findings(small, "pendulum", TERMS) == [("R110", "note", "cost")]
    drowned = "{'up': next_upright, 'cost': -1000 * torque ** 2}"
    assert findings(drowned, "pendulum", TERMS) == [("R110", "warning", "up")]


def test_a_threshold_that_is_written_is_a_note_at_its_place() -> None:
    task = tasks.load("pendulum")
    reward = parse("next_upright + (2 if next_upright > 0.25 else 0)", task)
    (finding,) = check(reward, task, fast=True, checks=[JUMPS]).findings
    assert (finding.code.code, str(finding.severity)) == ("R501", "note")
    assert finding.evidence["at"] == pytest.approx(0.25, abs=1e-8)
    assert finding.evidence["after"] - finding.evidence["before"] == pytest.approx(2.0, abs=1e-6)


def test_a_seam_that_only_impossible_states_have_is_nothing() -> None:
    """The squared angle has no jump on the circle: sine 0 with a small cosine does not happen."""
    assert findings("-arctan2(angle_sin, upright) ** 2", "pendulum", JUMPS) == []
    assert findings("-abs(arctan2(angle_sin, upright) - 1)", "pendulum", JUMPS) == [("R501", "warning", None)]


def test_chance_above_zero_against_counting() -> None:
    gains = np.random.default_rng(0).integers(-2, 3, 500).astype(float)
    assert chance_above_zero(gains) == pytest.approx(
        sum(1.0 if g > 0 else 0.5 if g == 0 else 0.0 for g in gains) / 500
    )


def test_a_squash_that_leaves_only_the_sign_saturates() -> None:
    task = tasks.load("pendulum")
    assert task.naive is not None
    for scale, level in ((100_000.0, ["warning"]), (1.0, [])):
        report = check(scale * task.naive | Tanh(1.0), task, fast=True, checks=[REACH])
        assert [str(f.severity) for f in report.findings if f.code.code == "R401"] == level
