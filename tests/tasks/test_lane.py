"""The lane against highway-env's car and against driving in the plane; what is sensed, and what is held."""

from __future__ import annotations

import numpy as np
import pytest
from highway_env.vehicle.kinematics import Vehicle

from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.tasks.fused import PID, Block, FusedObservation, PIDState
from rewardsmith.tasks.lane import Drives, Lane
from rewardsmith.tasks.sensed_lane import SensedLane

FAR = np.array([[1e6, 0.0]])


def _state(offset=0.0, heading=0.0, speed=5.0, count=1):
    zeros = np.zeros(count)
    moving = {"offset": zeros + offset, "heading_error": zeros + heading, "speed": zeros + speed}
    return {"way": zeros, "time": zeros, "failed": zeros > 0} | moving


def test_on_a_straight_road_it_is_the_car_of_highway_env():
    rng = np.random.default_rng(0)
    lane, drives, state = Lane(half_width=1e9), Drives(np.zeros((1, 3)), FAR), _state(0.5, 0.1, 6.0)
    car = Vehicle(None, [0.0, 0.5], heading=0.1, speed=6.0)
    for _ in range(30):
        steer, push = rng.uniform(-0.4, 0.4), rng.uniform(-1.0, 1.0)
        car.act({"steering": steer, "acceleration": push})
        car.step(lane.step)
        state = lane.advance(drives, state, np.array([[steer, push]]))
        ours = [state[name][0] for name in ("way", "offset", "heading_error", "speed")]
        np.testing.assert_allclose(ours, [*car.position, car.heading, car.speed], atol=1e-9)


def test_in_a_curve_it_is_the_same_car_in_the_plane():
    bend, rng = 0.05, np.random.default_rng(1)
    lane, drives = Lane(half_width=1e9, step=0.001), Drives(np.full((1, 1), bend), FAR)
    state = _state(0.4, -0.1, 6.0)
    car = Vehicle(None, [0.0, 0.4], heading=-0.1, speed=6.0)
    for _ in range(2000):
        steer = rng.uniform(-0.3, 0.4)
        car.act({"steering": steer, "acceleration": 0.0})
        car.step(lane.step)
        state = lane.advance(drives, state, np.array([[steer, 0.0]]))
    away = car.position - np.array([0.0, 1 / bend])  # from the centre of the circle
    assert state["offset"][0] == pytest.approx(1 / bend - np.linalg.norm(away), abs=2e-2)
    assert state["way"][0] == pytest.approx(np.arctan2(away[0], -away[1]) / bend, abs=2e-2)
    assert state["heading_error"][0] == pytest.approx(car.heading - bend * state["way"][0], abs=1e-2)


def test_a_drive_fails_beside_the_lane_or_at_the_car_ahead_and_stays_there():
    lane = Lane()
    drives = Drives(np.zeros((3, 2)), np.array([[1e6, 0.0], [1.5, 0.0], [1.5, 9.0]]))
    state = _state([2.4, 0.0, 0.0], [0.5, 0.0, 0.0], 8.0, 3)
    once = lane.advance(drives, state, np.zeros((3, 2)))
    assert once["failed"].tolist() == [True, True, False]
    twice = lane.advance(drives, once, np.zeros((3, 2)))
    assert (twice["way"] == once["way"]).tolist() == [True, True, False]
    assert lane.nearest(drives, once)[:2].tolist() == [30.0, 0.0]
    with pytest.raises(BadInput, match=r"\(3, 2\)"):
        lane.advance(drives, state, np.zeros(3))


def test_captions_say_what_is_ahead():
    drives = Drives(np.array([[0.0, 0.05, -0.05]] * 2), np.array([[1e6, 0.0], [9.0, 0.0]]))
    way = np.array([[0.0, 12.0, 35.0]] * 2)
    state = {"way": way, "time": 0.0 * way}
    assert Lane().caption(drives, state).tolist() == [[0, 1, 2], [3, 3, 3]]
    assert drives.bend(way).tolist() == [[0.0, 0.0, 0.05]] * 2


def test_a_policy_that_corrects_stays_in_the_lane_and_masks_hide():
    world, size = SensedLane(), SensedLane().fused.size
    good = np.zeros(size + 1)
    good[:2] = -0.5, -3.0
    weights = np.stack([good, good])[:, None]
    masks = np.stack([world.fused.mask(), world.fused.mask("camera")])
    played = world.drive(
        world.lane.drives(20, np.random.default_rng(0)), weights, masks, np.random.default_rng(1)
    )
    assert played["offset"].shape == (80, 20, 2, 1)
    failed = played["failed"][-1].mean((0, 2))
    assert failed[0] < 0.2 < failed[1]
    assert not played["over"][0].any()
    np.testing.assert_array_equal(played["over"][1:], played["failed"][:-1])
    with pytest.raises(BadInput, match="masks"):
        world.drive(
            world.lane.drives(2, np.random.default_rng(0)), weights, masks[:1], np.random.default_rng(1)
        )


def test_blocks_are_held_and_side_by_side():
    fused = FusedObservation((Block("a", 1), Block("b", 2, every=3)))
    held: dict = {}
    seen = []
    for step in range(7):
        row, held = fused({"a": np.array([step]), "b": np.array([10.0 * step, -1.0])}, held, step)
        seen.append(row.tolist())
    assert seen == [[s, 10.0 * (s - s % 3), -1.0] for s in range(7)]
    assert fused.mask("b").tolist() == [1.0, 0.0, 0.0]
    assert fused({"a": np.zeros(1)}, held, 7)[0].tolist() == [0.0, 60.0, -1.0]
    with pytest.raises(MissingField, match="b"):
        fused({"a": np.zeros(1)}, {}, 1)
    with pytest.raises(BadInput, match="name of its own"):
        FusedObservation((Block("a", 1), Block("a", 2)))
    with pytest.raises(BadInput, match="a, b"):
        fused.mask("c")


def test_pid_against_a_loop():
    rng, pid, state = np.random.default_rng(0), PID(0.7, 0.4, 0.2, step=0.1, limit=0.3), PIDState()
    total, last = 0.0, None
    for error in rng.normal(size=50) + 1.0:
        total = min(max(total + 0.1 * error, -0.3), 0.3)
        slope = 0.0 if last is None else (error - last) / 0.1
        last = error
        output, state = pid(np.array(error), state)
        assert output == pytest.approx(-(0.7 * error + 0.4 * total + 0.2 * slope))
    assert total == 0.3  # it wound up to its limit and no further
