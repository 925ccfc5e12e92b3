"""Frames: what is drawn against a slow loop over pixels, and where things are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.envs import Acrobot, CartPole, MountainCar, Pendulum
from rewardsmith.tasks.frames import COLOURS, frames


def slow(env, obs, height, width):
    left, right, bottom, top = env.frame
    across, up = (right - left) / width, (top - bottom) / height
    picture = np.ones((height, width, 3))
    for shape in env.sketch(obs):
        for i, j in np.ndindex(height, width):
            at = left + across * (j + 0.5), top - up * (i + 0.5)
            if shape[0] == "circle":
                cover = shape[3] - math.dist(at, shape[1:3])
            elif shape[0] == "line":
                cover = shape[5] / 2 - _to(at, shape[1:3], shape[3:5])
            else:
                ends = zip(shape[1][:-1], shape[1][1:], strict=True)
                cover = shape[2] / 2 - min(_to(at, a, b) for a, b in ends)
            cover = min(max(0.5 + cover / max(across, up), 0.0), 1.0)
            picture[i, j] = (1 - cover) * picture[i, j] + cover * np.array(COLOURS[shape[-1]])
    return 255 * picture


def _to(at, a, b):
    size = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    share = ((at[0] - a[0]) * (b[0] - a[0]) + (at[1] - a[1]) * (b[1] - a[1])) / max(size, 1e-12)
    share = min(max(share, 0.0), 1.0)
    return math.dist(at, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))


@pytest.mark.parametrize("env", [CartPole(), MountainCar(), Pendulum(), Acrobot()])
def test_pictures_are_those_of_a_loop_over_pixels(env):
    states = env.reset(np.random.default_rng(0), (3,))
    obs = env.observe(states)
    made = frames(env, obs, (9, 12))
    assert made.shape == (3, 9, 12, 3)
    for row, picture in zip(obs, made, strict=True):
        np.testing.assert_allclose(picture, slow(env, row, 9, 12), atol=0.51)


def test_any_number_of_observations_in_any_shape():
    obs = np.random.default_rng(0).uniform(-1, 1, (3, 100, 4))
    made = frames(CartPole(), obs, (6, 6))
    assert made.shape == (3, 100, 6, 6, 3)
    np.testing.assert_array_equal(made[2, 7], frames(CartPole(), obs[2, 7], (6, 6)))
    assert frames(CartPole(), np.zeros((0, 4))).shape == (0, 24, 24, 3)


class Changing(CartPole):
    def sketch(self, obs):
        return super().sketch(obs)[: 3 if obs[0] > 0 else 4][::-1]


def test_sketches_must_have_the_same_shapes():
    with pytest.raises(BadInput, match="same"):
        frames(Changing(), np.array([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]]))
