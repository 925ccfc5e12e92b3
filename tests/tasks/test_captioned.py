"""Captioned frames: captions say what shows, the goal is never one of them, and scores are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.captioned import CARTPOLE, MOUNTAIN_CAR, WORLDS, say_cartpole, say_mountain_car
from rewardsmith.terms.similarity import words_of


@pytest.mark.parametrize("name", list(WORLDS))
def test_the_goal_is_new_but_of_known_words(name):
    world = WORLDS[name]
    pixels, captions = world.pairs(800, np.random.default_rng(0))
    assert pixels.shape == (800, 24, 24, 3)
    assert world.goal not in captions
    known = {word for text in captions for word in words_of(text)}
    assert set(words_of(world.goal)) <= known
    assert 0.08 < captions.count(world.baseline) / 800 < 0.22


@pytest.mark.parametrize(
    ("seen", "words"),
    [((0.0, 0.5), "leaning right"), ((-2.0, -1.0), "falling left cart edge left"), ((1.0, 0.0), "near right")],
)
def test_captions_of_the_cart(seen, words):
    assert words in say_cartpole(np.array(seen), np.random.default_rng(0))


def test_captions_of_the_car():
    rng = np.random.default_rng(0)
    assert "left" in say_mountain_car(np.array([-1.0]), rng)
    assert say_mountain_car(np.array([-0.5]), rng).startswith("car in the")
    assert {say_mountain_car(np.array([0.5]), rng) for _ in range(40)} == {
        "car at the flag",
        "car by the flag",
        "car on the top",
    }


@pytest.mark.parametrize("name", list(WORLDS))
def test_looking_up_is_the_nearest_picture(name):
    world = WORLDS[name]
    grid = world.grid().reshape(-1, len(world.axes))
    table = np.arange(len(grid), dtype=float).reshape(world.grid().shape[:-1])
    rng = np.random.default_rng(0)
    states = np.zeros((40, world.env.observation_size))
    for axis in world.axes:
        states[:, axis.column] = rng.uniform(axis.low, axis.high, 40)
    seen = states[:, [axis.column for axis in world.axes]]
    steps = np.array([(axis.high - axis.low) / (axis.points - 1) for axis in world.axes])
    nearest = (np.abs(seen[:, None] - grid) / steps).max(-1).argmin(1)
    np.testing.assert_array_equal(world.lookup(table, states), table.ravel()[nearest])


def test_angles_turn_and_edges_hold():
    table = np.arange(41 * 61, dtype=float).reshape(41, 61)
    states = np.array([[0.0, 0, 2 * np.pi, 0], [0.0, 0, 0, 0], [9.0, 0, 2.0, 0]])
    assert CARTPOLE.lookup(table, states).tolist() == [table[20, 30], table[20, 30], table[40, 60]]
    assert CARTPOLE.fine(states).tolist() == [True, True, False]
    with pytest.raises(BadInput, match="each point"):
        CARTPOLE.lookup(table[1:], states)
    with pytest.raises(BadInput, match="2"):
        CARTPOLE.pictures(np.zeros((3, 1)))


def test_scores():
    falls = np.zeros((4, 1, 4))
    falls[2, 0, 2] = 1.0  # fallen in the third of four steps, up again in the fourth: the pole fell
    assert CARTPOLE.achieved(falls).tolist() == [0.5]
    drives = np.array([[[-0.5, 0.0], [-0.5, 0.0]], [[0.5, 0.0], [0.4, 0.0]], [[0.3, 0.0], [0.4, 0.0]]])
    assert MOUNTAIN_CAR.achieved(drives).tolist() == [1.0, 0.0]
