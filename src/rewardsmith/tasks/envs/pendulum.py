"""A pendulum with a motor too weak to lift it at once: Pendulum-v1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Box
from .protocol import Frame, Shape, uniform

GRAVITY = 10.0
LENGTH = 1.0
TIME_STEP = 0.05
MAX_SPEED = 8.0
MAX_TORQUE = 2.0
TORQUES = Box((-MAX_TORQUE,), (MAX_TORQUE,))


@dataclass(frozen=True)
class Pendulum:
    """Pendulum-v1: a rod of 1 m and 1 kg, torque at most 2 Nm; never terminates.

    State: angle (0 is upright), angular velocity.  Observation: cos(angle), sin(angle), angular velocity.
    """

    observation_size: int = 3
    actions: Box = TORQUES
    gym_id: str | None = "Pendulum-v1"
    frame: Frame = (-1.3, 1.3, -1.3, 1.3)

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Any angle, angular velocity in [-1, 1]."""
        return uniform(key, shape, (-math.pi, -1.0), (math.pi, 1.0))

    def step(self, state: Array, action: Array) -> Array:
        """Apply ``clip(action, -2, 2)`` for 0.05 s; the speed is limited to 8 rad/s."""
        np_ = xp(state)
        theta, speed = state[..., 0], state[..., 1]
        torque = np_.clip(action[..., 0], -MAX_TORQUE, MAX_TORQUE)
        speed = speed + (3 * GRAVITY / (2 * LENGTH) * np_.sin(theta) + 3.0 / LENGTH**2 * torque) * TIME_STEP
        speed = np_.clip(speed, -MAX_SPEED, MAX_SPEED)
        return np_.stack([theta + speed * TIME_STEP, speed], axis=-1)

    def observe(self, state: Array) -> Array:
        """Cosine and sine of the angle, angular velocity."""
        np_ = xp(state)
        return np_.stack([np_.cos(state[..., 0]), np_.sin(state[..., 0]), state[..., 1]], axis=-1)

    def terminated(self, state: Array) -> Array:
        """Never."""
        return xp(state).zeros_like(state[..., 0], dtype=bool)

    def sketch(self, obs: Array) -> list[Shape]:
        """Rod and pivot."""
        # Gymnasium counts the angle counter-clockwise from upright.
        tip = (-LENGTH * float(obs[1]), LENGTH * float(obs[0]))
        return [
            ("line", 0.0, 0.0, *tip, 0.12, "limb"),
            ("circle", 0.0, 0.0, 0.07, "joint"),
            ("circle", *tip, 0.09, "accent"),
        ]
