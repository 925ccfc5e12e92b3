"""A pole on a cart: CartPole-v1, and the same cart with the pole hanging.

Source: Barto, Sutton and Anderson (1983); constants and order of evaluation as in Gymnasium 1.x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Discrete
from .protocol import Frame, Shape, uniform

GRAVITY = 9.8
POLE_MASS = 0.1
TOTAL_MASS = 1.1
HALF_LENGTH = 0.5
FORCE = 10.0
TIME_STEP = 0.02
TRACK = 2.4
ANGLE_LIMIT = 12 * 2 * math.pi / 360
LEFT_RIGHT = Discrete(2)


def accelerations(theta: Array, theta_dot: Array, force: Array) -> tuple[Array, Array]:
    """Accelerations of cart and pole under a horizontal force on the cart."""
    np_ = xp(theta)
    cos, sin = np_.cos(theta), np_.sin(theta)
    push = (force + POLE_MASS * HALF_LENGTH * theta_dot**2 * sin) / TOTAL_MASS
    inertia = HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cos**2 / TOTAL_MASS)
    theta_acc = (GRAVITY * sin - cos * push) / inertia
    return push - POLE_MASS * HALF_LENGTH * theta_acc * cos / TOTAL_MASS, theta_acc


def explicit_euler(state: Array, force: Array) -> Array:
    """One step, positions before velocities: what CartPole-v1 does."""
    x, x_dot, theta, theta_dot = (state[..., i] for i in range(4))
    x_acc, theta_acc = accelerations(theta, theta_dot, force)
    moved = [x + TIME_STEP * x_dot, x_dot + TIME_STEP * x_acc]
    turned = [theta + TIME_STEP * theta_dot, theta_dot + TIME_STEP * theta_acc]
    return xp(state).stack(moved + turned, axis=-1)


def semi_implicit_euler(state: Array, force: Array) -> Array:
    """One step, velocities before positions: Gymnasium's other integrator.

    The explicit one feeds energy into a full swing (an unforced hanging pole swings about four times as
    far after 500 steps), so the swing-up uses this one, which does not.
    """
    x, x_dot, theta, theta_dot = (state[..., i] for i in range(4))
    x_acc, theta_acc = accelerations(theta, theta_dot, force)
    x_dot, theta_dot = x_dot + TIME_STEP * x_acc, theta_dot + TIME_STEP * theta_acc
    return xp(state).stack([x + TIME_STEP * x_dot, x_dot, theta + TIME_STEP * theta_dot, theta_dot], axis=-1)


@dataclass(frozen=True)
class CartPole:
    """CartPole-v1: push left or right, keep the pole within 12 degrees and the cart on the track.

    State and observation: x, x velocity, angle (0 is upright), angular velocity.
    """

    observation_size: int = 4
    actions: Discrete = LEFT_RIGHT
    gym_id: str | None = "CartPole-v1"
    frame: Frame = (-3.0, 3.0, -0.6, 1.6)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """All four numbers uniform in [-0.05, 0.05]."""
        return uniform(key, shape, (-0.05,) * 4, (0.05,) * 4)

    def step(self, state: Array, action: Array) -> Array:
        """10 N to the left (0) or to the right (1) for 0.02 s."""
        return explicit_euler(state, xp(state).where(action == 1, FORCE, -FORCE))

    def observe(self, state: Array) -> Array:
        """The state itself."""
        return state

    def terminated(self, state: Array) -> Array:
        """The cart left the track or the pole leans by more than 12 degrees."""
        np_ = xp(state)
        return (np_.abs(state[..., 0]) > TRACK) | (np_.abs(state[..., 2]) > ANGLE_LIMIT)

    def sketch(self, obs: Array) -> list[Shape]:
        """Track, cart and pole."""
        return draw(float(obs[0]), math.sin(float(obs[2])), math.cos(float(obs[2])))


@dataclass(frozen=True)
class CartPoleSwingUp:
    """The same cart, pole and two pushes, hanging at first; the angle is free.

    State: x, x velocity, angle (0 is upright), angular velocity.
    Observation: x, x velocity, cos(angle), sin(angle), angular velocity: no policy meets a jump of the angle.
    """

    observation_size: int = 5
    actions: Discrete = LEFT_RIGHT
    gym_id: str | None = None
    frame: Frame = (-3.0, 3.0, -1.4, 1.4)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Hanging at the middle of the track, each number off by at most 0.05."""
        return uniform(key, shape, (-0.05, -0.05, math.pi - 0.05, -0.05), (0.05, 0.05, math.pi + 0.05, 0.05))

    def step(self, state: Array, action: Array) -> Array:
        """10 N to the left (0) or to the right (1) for 0.02 s."""
        return semi_implicit_euler(state, xp(state).where(action == 1, FORCE, -FORCE))

    def observe(self, state: Array) -> Array:
        """Position, velocity, cosine and sine of the angle, angular velocity."""
        np_ = xp(state)
        theta = state[..., 2]
        return np_.stack([state[..., 0], state[..., 1], np_.cos(theta), np_.sin(theta), state[..., 3]], axis=-1)

    def terminated(self, state: Array) -> Array:
        """The cart left the track."""
        return xp(state).abs(state[..., 0]) > TRACK

    def sketch(self, obs: Array) -> list[Shape]:
        """Track, cart and pole."""
        return draw(float(obs[0]), float(obs[3]), float(obs[2]))


def draw(x: float, sin: float, cos: float) -> list[Shape]:
    """Track, stops, cart and pole of one moment."""
    tip = (x + 2 * HALF_LENGTH * sin, 2 * HALF_LENGTH * cos)
    return [
        ("line", -TRACK, 0.0, TRACK, 0.0, 0.02, "ground"),
        ("line", -TRACK, -0.12, -TRACK, 0.12, 0.03, "goal"),
        ("line", TRACK, -0.12, TRACK, 0.12, 0.03, "goal"),
        ("line", x - 0.25, 0.0, x + 0.25, 0.0, 0.22, "body"),
        ("line", x, 0.0, *tip, 0.08, "limb"),
        ("circle", x, 0.0, 0.05, "joint"),
        ("circle", *tip, 0.07, "accent"),
    ]
