"""Pusher-v5: an arm with seven joints pushes a cylinder onto a disc.

Columns of the observations: Gymnasium's documentation of Pusher-v5.
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
from .mujoco import effort

ANY = math.inf
JOINTS = (
    "shoulder_pan",
    "shoulder_lift",
    "upper_arm_roll",
    "elbow_flex",
    "forearm_roll",
    "wrist_flex",
    "wrist_roll",
)
TIP, CYLINDER, DISC = 14, 17, 20  # first columns of positions


def apart(obs: Array, one: int, other: int, axes: int) -> Array:
    """Distance between two positions of an observation along the first ``axes`` axes."""
    gap = obs[..., one : one + axes] - obs[..., other : other + axes]
    return xp(obs).sqrt(xp(obs).sum(gap**2, axis=-1))


def tip_to_cylinder(obs: Array) -> Array:
    """Distance between the tip of the arm and the centre of the cylinder."""
    return apart(obs, TIP, CYLINDER, 3)


def cylinder_to_disc(obs: Array) -> Array:
    """Distance along the table between the centres of cylinder and disc."""
    return apart(obs, CYLINDER, DISC, 2)


@term
def on_the_disc(next_disc_distance: Array, *, nearer: float = 0.08) -> Array:
    """1 while the centre of the cylinder is over the disc, which has a radius of 8 cm."""
    return xp(next_disc_distance).where(next_disc_distance < nearer, 1.0, 0.0)


@term
def towards_the_disc(next_disc_distance: Array) -> Array:
    """Minus the distance of the cylinder from the disc: the obvious dense reward."""
    return -next_disc_distance


pusher = Task(
    name="Pusher-v5",
    trainings=80,
    steps=200_000,
    text="Push the cylinder on the table onto the disc with the tip of a seven-joint arm, and leave it there.",
    env=GymEnv("Pusher-v5", 23, Box((-2.0,) * 7, (2.0,) * 7), 100),
    fields=(
        *(
            Field(f"{joint}_angle", "rad", -ANY, ANY, f"angle of the {joint.replace('_', ' ')} joint", read=i)
            for i, joint in enumerate(JOINTS)
        ),
        *(
            Field(
                f"{joint}_velocity",
                "rad/s",
                -ANY,
                ANY,
                f"angular velocity of the {joint.replace('_', ' ')} joint",
                read=7 + i,
            )
            for i, joint in enumerate(JOINTS)
        ),
        *(
            Field(f"{thing}_{axis}", "m", -ANY, ANY, f"{axis} of the {meaning}", read=start + i)
            for thing, start, meaning in (
                ("tip", TIP, "tip of the arm"),
                ("cylinder", CYLINDER, "centre of the cylinder"),
                ("disc", DISC, "centre of the disc"),
            )
            for i, axis in enumerate("xyz")
        ),
        Field("tip_distance", "m", 0.0, ANY, "distance between tip and cylinder", read=tip_to_cylinder),
        Field(
            "disc_distance",
            "m",
            0.0,
            ANY,
            "distance along the table between the centres of cylinder and disc",
            read=cylinder_to_disc,
        ),
        Field("effort", "1", 0.0, 28.0, "sum of squared actions", kind="action", read=effort),
    ),
    horizon=100,
    success=Success(
        on_the_disc,
        "share of the last 20 % of 100 steps with the centre of the cylinder over the disc",
        window=(0.8, 1.0),
    ),
    native=native_reward,
    naive=towards_the_disc,
)
