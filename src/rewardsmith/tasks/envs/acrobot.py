"""Two links, a motor between them: Acrobot-v1.

Source: Sutton (1996), equations of Sutton and Barto's book; constants as in Gymnasium 1.x
(link length 1 m, mass 1 kg, moment of inertia 1 kg m^2, centre of mass in the middle).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...core.arrays import Array, xp
from ..spaces import Discrete
from .protocol import Frame, Shape, uniform

GRAVITY = 9.8
LENGTH = 1.0
CENTRE = 0.5
INERTIA = 1.0
TIME_STEP = 0.2
MAX_SPEED_1 = 4 * math.pi
MAX_SPEED_2 = 9 * math.pi
TORQUES = Discrete(3)
LINE = 1.0  # height of the goal line above the pivot


def derivative(state: Array, torque: Array) -> Array:
    """Time derivative of (angle 1, angle 2, velocity 1, velocity 2)."""
    np_ = xp(state)
    first, second, speed1, speed2 = (state[..., i] for i in range(4))
    coupling = LENGTH * CENTRE
    sin2, cos2 = np_.sin(second), np_.cos(second)
    d1 = CENTRE**2 + (LENGTH**2 + CENTRE**2 + 2 * coupling * cos2) + 2 * INERTIA
    d2 = CENTRE**2 + coupling * cos2 + INERTIA
    # cos(angle - pi / 2) = sin(angle)
    phi2 = CENTRE * GRAVITY * np_.sin(first + second)
    phi1 = (
        -coupling * speed2**2 * sin2
        - 2 * coupling * speed2 * speed1 * sin2
        + (CENTRE + LENGTH) * GRAVITY * np_.sin(first)
        + phi2
    )
    push = torque + d2 / d1 * phi1 - coupling * speed1**2 * sin2 - phi2
    acc2 = push / (CENTRE**2 + INERTIA - d2**2 / d1)
    acc1 = -(d2 * acc2 + phi1) / d1
    return np_.stack([speed1, speed2, acc1, acc2], axis=-1)


def runge_kutta(state: Array, torque: Array, time_step: float) -> Array:
    """One classical fourth-order step."""
    k1 = derivative(state, torque)
    k2 = derivative(state + time_step / 2 * k1, torque)
    k3 = derivative(state + time_step / 2 * k2, torque)
    k4 = derivative(state + time_step * k3, torque)
    return state + time_step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def wrapped(angle: Array) -> Array:
    """The same angle in [-pi, pi)."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


@dataclass(frozen=True)
class Acrobot:
    """Acrobot-v1: torque to the left, none or to the right at the elbow; ends when the tip is above the line.

    State: angle 1 (0 hangs down), angle 2 (relative to link 1), their velocities.
    Observation: cos and sin of angle 1, cos and sin of angle 2, the velocities.

    Args:
        stops: end the episode at the goal, as Acrobot-v1 does.
        torque: of the motor, in N m; 1 in Acrobot-v1.
    """

    stops: bool = True
    torque: float = 1.0
    observation_size: int = 6
    actions: Discrete = TORQUES
    frame: Frame = (-2.3, 2.3, -2.3, 2.3)

    @property
    def gym_id(self) -> str | None:
        """Acrobot-v1, unless the goal does not end the episode or the motor is another."""
        return "Acrobot-v1" if self.stops and self.torque == 1.0 else None

    def reset(self, key: object, shape: tuple[int, ...]) -> Array:
        """Hanging, each number uniform in [-0.1, 0.1]."""
        return uniform(key, shape, (-0.1,) * 4, (0.1,) * 4)

    def step(self, state: Array, action: Array) -> Array:
        """Torque ``(action - 1) * torque`` for 0.2 s."""
        np_ = xp(state)
        new = runge_kutta(state, (action - 1) * self.torque, TIME_STEP)
        return np_.stack(
            [
                wrapped(new[..., 0]),
                wrapped(new[..., 1]),
                np_.clip(new[..., 2], -MAX_SPEED_1, MAX_SPEED_1),
                np_.clip(new[..., 3], -MAX_SPEED_2, MAX_SPEED_2),
            ],
            axis=-1,
        )

    def observe(self, state: Array) -> Array:
        """Cosines and sines of both angles, velocities."""
        np_ = xp(state)
        first, second = state[..., 0], state[..., 1]
        angles = [np_.cos(first), np_.sin(first), np_.cos(second), np_.sin(second)]
        return np_.stack([*angles, state[..., 2], state[..., 3]], axis=-1)

    def terminated(self, state: Array) -> Array:
        """The tip is above the line (never, unless ``stops``)."""
        np_ = xp(state)
        height = -np_.cos(state[..., 0]) - np_.cos(state[..., 0] + state[..., 1])
        return (height > LINE) if self.stops else (height > math.inf)

    def sketch(self, obs: Array) -> list[Shape]:
        """Both links, the pivot and the goal line."""
        cos1, sin1, cos2, sin2 = (float(value) for value in obs[:4])
        elbow = (LENGTH * sin1, -LENGTH * cos1)
        tip = (
            elbow[0] + LENGTH * (sin1 * cos2 + cos1 * sin2),
            elbow[1] - LENGTH * (cos1 * cos2 - sin1 * sin2),
        )
        return [
            ("line", -2.2, LINE, 2.2, LINE, 0.02, "goal"),
            ("line", 0.0, 0.0, *elbow, 0.14, "limb"),
            ("line", *elbow, *tip, 0.14, "limb"),
            ("circle", 0.0, 0.0, 0.09, "joint"),
            ("circle", *elbow, 0.09, "joint"),
            ("circle", *tip, 0.09, "accent"),
        ]
