"""A car too weak for its hill: MountainCar-v0 and MountainCarContinuous-v0.

Source: Moore (1990); constants and order of evaluation as in Gymnasium 1.x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Box, Discrete
from .protocol import Frame, Shape, uniform

GRAVITY = 0.0025
LEFT, RIGHT = -1.2, 0.6
MAX_SPEED = 0.07
FORCE = 0.001
POWER = 0.0015
GOAL = 0.5
CONTINUOUS_GOAL = 0.45
LEFT_NONE_RIGHT = Discrete(3)
ENGINE = Box((-1.0,), (1.0,))
VALLEY: Frame = (LEFT - 0.1, RIGHT + 0.1, -0.1, 1.35)


def hill(position: Array) -> Array:
    """Height of the track: ``0.45 sin(3 x) + 0.55``, between 0.1 and 1."""
    return 0.45 * xp(position).sin(3 * position) + 0.55


def roll(state: Array, push: Array) -> Array:
    """One step under an engine push (change of velocity); the left wall stops the car."""
    np_ = xp(state)
    position, velocity = state[..., 0], state[..., 1]
    velocity = np_.clip(velocity + push - GRAVITY * np_.cos(3 * position), -MAX_SPEED, MAX_SPEED)
    position = np_.clip(position + velocity, LEFT, RIGHT)
    velocity = np_.where((position <= LEFT) & (velocity < 0), 0.0, velocity)
    return np_.stack([position, velocity], axis=-1)


@dataclass(frozen=True)
class MountainCar:
    """MountainCar-v0: push left, not at all or right; ends at the flag.

    State and observation: position, velocity.
    """

    observation_size: int = 2
    actions: Discrete = LEFT_NONE_RIGHT
    gym_id: str | None = "MountainCar-v0"
    frame: Frame = VALLEY

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """At rest, position uniform in [-0.6, -0.4]."""
        return uniform(key, shape, (-0.6, 0.0), (-0.4, 0.0))

    def step(self, state: Array, action: Array) -> Array:
        """Push by ``(action - 1) * 0.001``."""
        return roll(state, (action - 1) * FORCE)

    def observe(self, state: Array) -> Array:
        """The state itself."""
        return state

    def terminated(self, state: Array) -> Array:
        """At the flag, not rolling back."""
        return (state[..., 0] >= GOAL) & (state[..., 1] >= 0.0)

    def sketch(self, obs: Array) -> list[Shape]:
        """Hill, flag and car."""
        return draw(float(obs[0]), GOAL)


@dataclass(frozen=True)
class MountainCarContinuous:
    """MountainCarContinuous-v0: any push in [-1, 1] times 0.0015; ends at the flag.

    State and observation: position, velocity.
    """

    observation_size: int = 2
    actions: Box = ENGINE
    gym_id: str | None = "MountainCarContinuous-v0"
    frame: Frame = VALLEY

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """At rest, position uniform in [-0.6, -0.4]."""
        return uniform(key, shape, (-0.6, 0.0), (-0.4, 0.0))

    def step(self, state: Array, action: Array) -> Array:
        """Push by ``clip(action, -1, 1) * 0.0015``."""
        return roll(state, xp(action).clip(action[..., 0], -1.0, 1.0) * POWER)

    def observe(self, state: Array) -> Array:
        """The state itself."""
        return state

    def terminated(self, state: Array) -> Array:
        """At the flag, not rolling back."""
        return (state[..., 0] >= CONTINUOUS_GOAL) & (state[..., 1] >= 0.0)

    def sketch(self, obs: Array) -> list[Shape]:
        """Hill, flag and car."""
        return draw(float(obs[0]), CONTINUOUS_GOAL)


def draw(position: float, goal: float) -> list[Shape]:
    """Hill, flag and car of one moment."""
    track = tuple((x, _height(x)) for x in (LEFT + i * (RIGHT - LEFT) / 60 for i in range(61)))
    slope = math.atan(3 * 0.45 * math.cos(3 * position))
    along, up = (math.cos(slope), math.sin(slope)), (-math.sin(slope), math.cos(slope))
    middle = (position + 0.05 * up[0], _height(position) + 0.05 * up[1])
    back = (middle[0] - 0.06 * along[0], middle[1] - 0.06 * along[1])
    front = (middle[0] + 0.06 * along[0], middle[1] + 0.06 * along[1])
    return [
        ("polyline", track, 0.015, "ground"),
        ("line", goal, _height(goal), goal, _height(goal) + 0.2, 0.012, "limb"),
        ("line", goal, _height(goal) + 0.17, goal + 0.09, _height(goal) + 0.17, 0.05, "goal"),
        ("line", *back, *front, 0.05, "body"),
        ("circle", *back, 0.025, "joint"),
        ("circle", *front, 0.025, "joint"),
    ]


def _height(position: float) -> float:
    return 0.45 * math.sin(3 * position) + 0.55
