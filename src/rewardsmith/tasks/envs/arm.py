"""A planar arm of two links in the vertical plane, with motors strong enough to hold it anywhere.

Source: the manipulator equations of two uniform rods, as in Spong, Hutchinson and Vidyasagar (2006), section 7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Box
from .protocol import Frame, Shape, uniform

GRAVITY = 9.81
LENGTH = 0.5  # m, of each link
MASS = 1.0  # kg, of each link
DAMPING = 0.5  # Nm s, of each joint
MAX_SPEED = 12.0  # rad/s, of each joint
TIME_STEP = 0.05
SUBSTEPS = 2
TORQUES = Box((-20.0, -10.0), (20.0, 10.0))
_HALF, _INERTIA = LENGTH / 2, MASS * LENGTH**2 / 12


def accelerations(q: Array, speed: Array, torque: Array) -> Array:
    """Joint accelerations ``(..., 2)``: M(q) q'' + c(q, q') + g(q) + d q' = torque."""
    (m11, m12, m22), (hold1, hold2) = equations(q, speed)
    push1, push2 = torque[..., 0] - hold1, torque[..., 1] - hold2
    determinant = m11 * m22 - m12**2
    first, second = m22 * push1 - m12 * push2, m11 * push2 - m12 * push1
    return xp(q).stack([first / determinant, second / determinant], axis=-1)


def inverse_dynamics(q: Array, speed: Array, acceleration: Array) -> Array:
    """Torques ``(..., 2)`` that give these joint accelerations: the inverse of ``accelerations``."""
    (m11, m12, m22), (hold1, hold2) = equations(q, speed)
    first, second = acceleration[..., 0], acceleration[..., 1]
    return xp(q).stack([m11 * first + m12 * second + hold1, m12 * first + m22 * second + hold2], axis=-1)


def equations(q: Array, speed: Array) -> tuple[tuple[Array, Array, Array], tuple[Array, Array]]:
    """Mass matrix (11, 12, 22), and the torques that speed, weight and damping ask for."""
    lib = xp(q)
    own = _INERTIA + MASS * _HALF**2
    couple = MASS * LENGTH * _HALF
    m12 = own + couple * lib.cos(q[..., 1])
    m11 = own + MASS * LENGTH**2 + own + 2.0 * couple * lib.cos(q[..., 1])
    first, second = speed[..., 0], speed[..., 1]
    throw = couple * lib.sin(q[..., 1])
    weight2 = MASS * _HALF * GRAVITY * lib.cos(q[..., 0] + q[..., 1])
    weight1 = MASS * (_HALF + LENGTH) * GRAVITY * lib.cos(q[..., 0]) + weight2
    hold1 = weight1 + DAMPING * first - throw * (2.0 * first * second + second**2)
    return (m11, m12, own + 0.0 * m11), (hold1, weight2 + DAMPING * second + throw * first**2)


def hand(q: Array) -> Array:
    """Position of the hand ``(..., 2)``: x to the right and y up from the shoulder, m."""
    lib = xp(q)
    second = q[..., 0] + q[..., 1]
    x = LENGTH * (lib.cos(q[..., 0]) + lib.cos(second))
    y = LENGTH * (lib.sin(q[..., 0]) + lib.sin(second))
    return lib.stack([x, y], axis=-1)


@dataclass(frozen=True)
class TwoLinkArm:
    """Torques at shoulder and elbow; the arm hangs at first and never terminates.

    State and observation: shoulder angle (0 is level, to the right), elbow angle (relative), both angular
    velocities, x and y of the hand, and the time since the start in s.
    """

    observation_size: int = 7
    actions: Box = TORQUES
    gym_id: str | None = None
    frame: Frame = (-1.1, 1.1, -1.1, 1.1)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Hanging, each angle off by at most 0.3 rad, at rest."""
        hanging = -math.pi / 2
        q = uniform(key, shape, (hanging - 0.3, -0.3, 0.0, 0.0), (hanging + 0.3, 0.3, 0.0, 0.0))
        return self._observed(q, 0.0 * q[..., :1])

    def step(self, state: Array, action: Array) -> Array:
        """Torques, limited to 20 and 10 Nm, for 0.05 s: two semi-implicit Euler steps, at most 12 rad/s."""
        lib = xp(state)
        torque = lib.clip(action, lib.asarray(TORQUES.low), lib.asarray(TORQUES.high))
        q, speed, small = state[..., :2], state[..., 2:4], TIME_STEP / SUBSTEPS
        for _ in range(SUBSTEPS):
            speed = lib.clip(speed + small * accelerations(q, speed, torque), -MAX_SPEED, MAX_SPEED)
            q = q + small * speed
        return self._observed(lib.concat([q, speed], axis=-1), state[..., 6:7] + TIME_STEP)

    def observe(self, state: Array) -> Array:
        """The state itself."""
        return state

    def terminated(self, state: Array) -> Array:
        """Never."""
        return xp(state).zeros_like(state[..., 0], dtype=bool)

    def sketch(self, obs: Array) -> list[Shape]:
        """Both links."""
        elbow = (LENGTH * math.cos(float(obs[0])), LENGTH * math.sin(float(obs[0])))
        tip = (float(obs[4]), float(obs[5]))
        return [
            ("line", 0.0, 0.0, *elbow, 0.08, "limb"),
            ("line", *elbow, *tip, 0.06, "limb"),
            ("circle", 0.0, 0.0, 0.05, "joint"),
            ("circle", *elbow, 0.04, "joint"),
            ("circle", *tip, 0.05, "accent"),
        ]

    def _observed(self, moving: Array, time: Array) -> Array:
        return xp(moving).concat([moving, hand(moving[..., :2]), time], axis=-1)
