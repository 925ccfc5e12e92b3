"""Tasks in MuJoCo, as simulated by Gymnasium: reach, hop, run.

Columns of the observations: Gymnasium's documentation of Reacher-v5, Hopper-v5 and HalfCheetah-v5.
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

ANY = math.inf


def miss(obs: Array) -> Array:
    """Distance between fingertip and target."""
    return xp(obs).sqrt(obs[..., 8] ** 2 + obs[..., 9] ** 2)


def joint_speed(obs: Array) -> Array:
    """Root of the sum of squares of both joint velocities."""
    return xp(obs).sqrt(obs[..., 6] ** 2 + obs[..., 7] ** 2)


def effort(action: Array) -> Array:
    """Sum of squared actions."""
    return xp(action).sum(action**2, axis=-1)


@term
def within_reach(next_distance: Array, *, nearer: float = 0.03) -> Array:
    """1 while the fingertip is within 3 cm of the target."""
    return xp(next_distance).where(next_distance < nearer, 1.0, 0.0)


@term
def nearness(next_distance: Array) -> Array:
    """Minus the distance: the obvious dense reward."""
    return -next_distance


@term
def hops_forward(
    next_height: Array, next_lean: Array, next_x_velocity: Array, *, faster: float = 1.0, steeper: float = 0.2
) -> Array:
    """1 while the hopper moves forward faster than 1 m/s, is off the ground and leans by less than 0.2 rad."""
    lib = xp(next_height)
    fine = (next_x_velocity > faster) & (next_height > 0.7) & (lib.abs(next_lean) < steeper)
    return lib.where(fine, 1.0, 0.0)


@term
def runs(next_x_velocity: Array, *, faster: float = 2.0) -> Array:
    """1 while the cheetah runs faster than 2 m/s."""
    return xp(next_x_velocity).where(next_x_velocity > faster, 1.0, 0.0)


@term
def forward_speed(next_x_velocity: Array) -> Array:
    """Speed forward: the obvious dense reward."""
    return next_x_velocity


EFFORT = Field("effort", "1", 0.0, 6.0, "sum of squared actions", kind="action", read=effort)

reacher = Task(
    name="Reacher-v5",
    trainings=160,
    steps=100_000,
    text="Move the fingertip of a two-joint arm to the target, quickly, and keep it there.",
    env=GymEnv("Reacher-v5", 10, Box((-1.0,) * 2, (1.0,) * 2), 50),
    fields=(
        Field("cos_1", "1", -1.0, 1.0, "cosine of the angle of the first arm", read=0),
        Field("cos_2", "1", -1.0, 1.0, "cosine of the angle of the second arm", read=1),
        Field("sin_1", "1", -1.0, 1.0, "sine of the angle of the first arm", read=2),
        Field("sin_2", "1", -1.0, 1.0, "sine of the angle of the second arm", read=3),
        Field("target_x", "m", -0.2, 0.2, "x of the target", read=4),
        Field("target_y", "m", -0.2, 0.2, "y of the target", read=5),
        Field("velocity_1", "rad/s", -ANY, ANY, "angular velocity of the first arm", read=6),
        Field("velocity_2", "rad/s", -ANY, ANY, "angular velocity of the second arm", read=7),
        Field("miss_x", "m", -0.42, 0.42, "x of the fingertip minus x of the target", read=8),
        Field("miss_y", "m", -0.42, 0.42, "y of the fingertip minus y of the target", read=9),
        Field("distance", "m", 0.0, 0.42, "distance between fingertip and target", read=miss),
        Field("joint_speed", "rad/s", 0.0, ANY, "speed of both joints together", read=joint_speed),
        EFFORT,
    ),
    horizon=50,
    success=Success(
        within_reach, "share of the last 40 % of 50 steps within 3 cm of the target", window=(0.6, 1.0)
    ),
    native=native_reward,
    naive=nearness,
)

hopper = Task(
    name="Hopper-v5",
    trainings=40,
    steps=200_000,
    ending="failure",
    text="Hop forward on one leg for 1000 steps without falling, the torso upright.",
    env=GymEnv("Hopper-v5", 11, Box((-1.0,) * 3, (1.0,) * 3), 1000),
    fields=(
        Field("height", "m", -ANY, ANY, "height of the torso; the episode ends below 0.7", read=0),
        Field("lean", "rad", -ANY, ANY, "angle of the torso; the episode ends beyond 0.2", read=1),
        Field("thigh_angle", "rad", -ANY, ANY, "angle of the thigh joint", read=2),
        Field("leg_angle", "rad", -ANY, ANY, "angle of the leg joint", read=3),
        Field("foot_angle", "rad", -ANY, ANY, "angle of the foot joint", read=4),
        Field("x_velocity", "m/s", -10.0, 10.0, "velocity of the torso forward", read=5),
        Field("z_velocity", "m/s", -10.0, 10.0, "velocity of the torso upward", read=6),
        Field("lean_velocity", "rad/s", -10.0, 10.0, "angular velocity of the torso", read=7),
        Field("thigh_velocity", "rad/s", -10.0, 10.0, "angular velocity of the thigh joint", read=8),
        Field("leg_velocity", "rad/s", -10.0, 10.0, "angular velocity of the leg joint", read=9),
        Field("foot_velocity", "rad/s", -10.0, 10.0, "angular velocity of the foot joint", read=10),
        EFFORT,
    ),
    horizon=1000,
    success=Success(
        hops_forward, "share of 1000 steps upright and faster than 1 m/s; falling forfeits the rest"
    ),
    native=native_reward,
    naive=forward_speed,
)

_CHEETAH_JOINTS = ("back_thigh", "back_shin", "back_foot", "front_thigh", "front_shin", "front_foot")

half_cheetah = Task(
    name="HalfCheetah-v5",
    trainings=40,
    steps=200_000,
    text="Make the two-legged cheetah run forward.",
    env=GymEnv("HalfCheetah-v5", 17, Box((-1.0,) * 6, (1.0,) * 6), 1000),
    fields=(
        Field("height", "m", -ANY, ANY, "height of the front tip, relative to the start", read=0),
        Field(
            "pitch", "rad", -ANY, ANY, "angle of the body; 0 is level, beyond 1.6 it lies on its back", read=1
        ),
        *(
            Field(
                f"{joint}_angle",
                "rad",
                -ANY,
                ANY,
                f"angle of the {joint.replace('_', ' ')} joint",
                read=2 + i,
            )
            for i, joint in enumerate(_CHEETAH_JOINTS)
        ),
        Field("x_velocity", "m/s", -ANY, ANY, "velocity of the front tip forward", read=8),
        Field("z_velocity", "m/s", -ANY, ANY, "velocity of the front tip upward", read=9),
        Field("pitch_velocity", "rad/s", -ANY, ANY, "angular velocity of the body", read=10),
        *(
            Field(
                f"{joint}_velocity",
                "rad/s",
                -ANY,
                ANY,
                f"velocity of the {joint.replace('_', ' ')} joint",
                read=11 + i,
            )
            for i, joint in enumerate(_CHEETAH_JOINTS)
        ),
        EFFORT,
    ),
    horizon=1000,
    success=Success(runs, "share of the last 90 % of 1000 steps faster than 2 m/s", window=(0.1, 1.0)),
    native=native_reward,
    naive=forward_speed,
)
