"""Ant-v5: a body on four legs runs forward.

Columns of the observations: Gymnasium's documentation of Ant-v5.
"""

from __future__ import annotations

import math

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.gym import GymEnv
from ..spaces import Box
from ..success import Success
from ..task import Task, native_reward
from .mujoco import effort, forward_speed

ANY = math.inf
JOINTS = tuple(
    f"{side}_{joint}"
    for side in ("front_left", "front_right", "back_left", "back_right")
    for joint in ("hip", "ankle")
)
CONTACTS = 27  # first column of the contact forces


def tilt(obs: Array) -> Array:
    """Cosine of the angle between the axis of the torso and the vertical: 1 level, -1 on its back."""
    w, x, y, z = _turn(obs)
    return (w**2 - x**2 - y**2 + z**2) / (w**2 + x**2 + y**2 + z**2)


def heading(obs: Array) -> Array:
    """Angle of the torso around the vertical; 0 faces forward, along x."""
    w, x, y, z = _turn(obs)
    return xp(obs).arctan2(2.0 * (w * z + x * y), w**2 + x**2 - y**2 - z**2)


def _turn(obs: Array) -> tuple[Array, ...]:
    """The quaternion of the torso, of any length but 0 (which counts as level)."""
    w, x, y, z = (obs[..., i] for i in range(1, 5))
    nothing = w**2 + x**2 + y**2 + z**2 == 0
    return xp(obs).where(nothing, 1.0, w), x, y, z


def contact(obs: Array) -> Array:
    """Sum of squared contact forces and torques, each clipped to [-1, 1]."""
    return xp(obs).sum(xp(obs).clip(obs[..., CONTACTS:], -1.0, 1.0) ** 2, axis=-1)


@term
def walks(next_x_velocity: Array, next_upright: Array, *, faster: float = 1.0, above: float = 0.0) -> Array:
    """1 while the ant moves forward faster than 1 m/s and does not lie on its back."""
    return xp(next_x_velocity).where((next_x_velocity > faster) & (next_upright > above), 1.0, 0.0)


ant = Task(
    name="Ant-v5",
    trainings=24,
    steps=300_000,
    ending="failure",
    text="Make the four-legged ant walk forward, along x, for 1000 steps without falling or jumping off.",
    env=GymEnv("Ant-v5", 105, Box((-1.0,) * 8, (1.0,) * 8), 1000),
    fields=(
        Field("height", "m", 0.0, ANY, "height of the torso; the episode ends below 0.2 and above 1", read=0),
        Field("upright", "1", -1.0, 1.0, "1 while the torso is level, -1 on its back", read=tilt),
        Field("heading", "rad", -math.pi, math.pi, "direction of the torso; 0 faces along x", read=heading),
        *(
            Field(f"{joint}_angle", "rad", -ANY, ANY, f"angle of the {joint.replace('_', ' ')}", read=5 + i)
            for i, joint in enumerate(JOINTS)
        ),
        Field("x_velocity", "m/s", -ANY, ANY, "velocity of the torso forward, along x", read=13),
        Field("y_velocity", "m/s", -ANY, ANY, "velocity of the torso sideways, along y", read=14),
        Field("z_velocity", "m/s", -ANY, ANY, "velocity of the torso upward", read=15),
        Field("roll_velocity", "rad/s", -ANY, ANY, "angular velocity about the torso's own x axis", read=16),
        Field("pitch_velocity", "rad/s", -ANY, ANY, "angular velocity about the torso's own y axis", read=17),
        Field("yaw_velocity", "rad/s", -ANY, ANY, "angular velocity about the torso's own z axis", read=18),
        *(
            Field(
                f"{joint}_velocity",
                "rad/s",
                -ANY,
                ANY,
                f"angular velocity of the {joint.replace('_', ' ')}",
                read=19 + i,
            )
            for i, joint in enumerate(JOINTS)
        ),
        Field("contact", "1", 0.0, 78.0, "sum of squared contact forces, each clipped to 1", read=contact),
        Field("effort", "1", 0.0, 8.0, "sum of squared actions", kind="action", read=effort),
    ),
    horizon=1000,
    success=Success(walks, "share of 1000 steps faster than 1 m/s forward; falling forfeits the rest"),
    native=native_reward,
    naive=forward_speed,
)
