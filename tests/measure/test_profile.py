"""How a term runs along a field: rising, turning, jumping, cut off."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.profile import profile
from rewardsmith.terms import excess, gap, value
from rewardsmith.terms.driving import in_lane, lane_centring, off_centre, off_speed
from rewardsmith.transforms.clip import Clip
from rewardsmith.transforms.override import Override
from rewardsmith.transforms.piecewise import Piecewise

BANDS = Piecewise(((3.0, 4.0, 5.0, 5.0), (8.0, 10.0, 5.0, 5.0), (0.0, 2.8, -10.0, -4.4), (4.0, 8.0, -5.0, 0.0)))


def published(m):
    """The range term as the third-party code writes it."""
    if 3 <= m <= 4 or 8 <= m <= 10:
        return 5.0
    if m < 2.8:
        return -10 + 2 * m
    return -5 * (8 - m) / (8 - 4) if 4 <= m <= 8 else 0.0


def test_pieces_are_the_published_bands():
    metres = np.linspace(0.0, 12.0, 241)
    np.testing.assert_allclose(
        (value(value="m") | BANDS)({"m": metres}), [published(m) for m in metres], atol=1e-12
    )


def test_the_range_term_has_every_flaw():
    found = profile(0.3 * (value(value="m") | BANDS), "m", 0.0, 12.0, bounds=(-1.0, 1.0))
    assert found.flags == ("not monotone", "jumps", "saturated")
    np.testing.assert_allclose(found.jumps, [2.8, 3.0, 4.0, 8.0, 10.0], atol=1e-5)
    slow = np.mean([abs(0.3 * published(m)) >= 1.0 for m in np.linspace(0, 12, 12_001)])
    assert found.saturated == pytest.approx(slow, abs=2e-3)


@pytest.mark.parametrize(
    ("term", "low", "high", "course", "turns"),
    [
        (value(value="x"), -1.0, 1.0, "rising", ()),
        (-1.0 * gap(value="x"), 0.0, 2.0, "falling", ()),
        (gap(value="x", target=0.25), -1.0, 1.0, "neither", (0.25,)),
        (excess(value="x"), -0.9, 0.9, "flat", ()),
        (excess(value="x"), -0.9, 2.0, "rising", ()),
    ],
)
def test_courses(term, low, high, course, turns):
    found = profile(term, "x", low, high)
    assert (found.course, found.jumps, found.saturated) == (course, (), 0.0)
    np.testing.assert_allclose(found.turns, turns, atol=(high - low) / 400)


def test_other_fields_and_a_clip():
    reward = value(value="x") * value(value="y") | Clip(-1.0, 1.0)
    assert profile(reward, "x", 0.0, 2.0, {"y": -1.0}, (-1.0, 1.0)).saturated == pytest.approx(0.5, abs=1e-3)
    with pytest.raises(BadInput, match="low < high"):
        profile(reward, "x", 1.0, 0.0, {"y": 1.0})
    with pytest.raises(BadInput, match="no verdict"):
        profile(reward, "x", 0.0, 1.0, {"y": math.nan})


def test_terms_of_the_lane_by_hand():
    batch = {"offset": np.array([0.0, -1.0, 2.5]), "speed": np.array([0.0, 10 / 3.6, 40 / 3.6])}
    np.testing.assert_allclose(in_lane(batch), [1.0, 0.6, 0.0])
    np.testing.assert_allclose(off_centre(batch), [0.0, -0.625, -2.5 * (2.5 / 2) ** 2])
    np.testing.assert_allclose(off_speed(batch), [-1.0, -0.25, -1.0])
    np.testing.assert_allclose(lane_centring(batch), [1.0, 0.2, 1 / 26])


def test_the_lane_centring_is_that_of_highway_env():
    import gymnasium
    import highway_env  # noqa: F401  importing it registers the environments

    env = gymnasium.make("racetrack-v0")
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.array([0.3]))
        inside = env.unwrapped
        parts = inside._rewards(np.array([0.3]))
        _, lateral = inside.vehicle.lane.local_coordinates(inside.vehicle.position)
        paid = lane_centring(cost=inside.config["lane_centering_cost"])({"offset": np.array([lateral])})
        assert paid[0] == pytest.approx(parts["lane_centering_reward"])
    env.close()


def test_override_comes_last():
    batch = {"x": np.array([9.0, 9.0, np.nan, 9.0]), "failed": np.array([False, True, True, np.nan], float)}
    paid = (value(value="x") | Clip(-1.0, 1.0) | Override(-3.0, by="failed"))(batch)
    np.testing.assert_array_equal(paid, [1.0, -3.0, np.nan, np.nan])


@pytest.mark.parametrize("pieces", [(), ((1.0, 1.0, 0.0, 0.0),), ((0.0, math.inf, 0.0, 0.0),), ((0.0, 1.0),)])
def test_bad_pieces(pieces):
    with pytest.raises(BadInput, match="Piecewise"):
        Piecewise(pieces)
