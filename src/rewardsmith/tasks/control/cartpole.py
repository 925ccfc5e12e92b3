"""Tasks with a pole on a cart: keep it up, or swing it up and keep it up."""

from __future__ import annotations

import math

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.cartpole import ANGLE_LIMIT, FORCE, GRAVITY, HALF_LENGTH, TRACK, CartPole, CartPoleSwingUp
from ..success import Success
from ..task import Task


def signed_force(action: Array) -> Array:
    """Newtons from the two choices."""
    return xp(action).where(action == 1, FORCE, -FORCE)


def pole_energy(obs: Array) -> Array:
    """Energy of the pole about its pivot; -1 hanging at rest, 1 upright at rest."""
    return 2.0 / 3.0 * HALF_LENGTH / GRAVITY * obs[..., 4] ** 2 + obs[..., 2]


@term
def alive(x: Array) -> Array:
    """1 at every step."""
    return xp(x).ones_like(x)


@term
def standing(next_x: Array, next_angle: Array) -> Array:
    """1 while the pole stands and the cart is on the track."""
    np_ = xp(next_x)
    fine = (np_.abs(next_x) <= TRACK) & (np_.abs(next_angle) <= ANGLE_LIMIT)
    return np_.where(fine, 1.0, 0.0)


@term
def small_angle(next_angle: Array) -> Array:
    """Cosine of the angle: the obvious dense reward."""
    return xp(next_angle).cos(next_angle)


@term
def pole_is_up(next_upright: Array, *, above: float = 0.978) -> Array:
    """1 while the pole is within 12 degrees of upright (cosine above 0.978), the limit of CartPole-v1."""
    return xp(next_upright).where(next_upright > above, 1.0, 0.0)


@term
def uprightness(next_upright: Array) -> Array:
    """Cosine of the angle: the obvious dense reward."""
    return next_upright


cartpole = Task(
    name="cartpole",
    ending="failure",
    text="Keep the pole balanced on the cart for 500 steps by pushing the cart left or right.",
    env=CartPole(),
    fields=(
        Field("x", "m", -2 * TRACK, 2 * TRACK, "position of the cart; the track ends at -2.4 and 2.4", read=0),
        Field("x_velocity", "m/s", -5.0, 5.0, "velocity of the cart", read=1),
        Field("angle", "rad", -2 * ANGLE_LIMIT, 2 * ANGLE_LIMIT, "angle of the pole; 0 is upright", read=2),
        Field("angular_velocity", "rad/s", -5.0, 5.0, "angular velocity of the pole", read=3),
        Field("force", "N", -FORCE, FORCE, "force on the cart", kind="action", read=signed_force),
    ),
    horizon=500,
    success=Success(
        standing, "share of 500 steps for which the pole stood (within 12 degrees, cart on the track)"
    ),
    native=alive,
    naive=small_angle,
)

cartpole_swingup = Task(
    name="cartpole_swingup",
    ending="failure",
    text="The pole hangs below the cart. Swing it up by moving the cart, then hold it upright until the end "
    "of the episode, without leaving the track.",
    env=CartPoleSwingUp(),
    fields=(
        Field("x", "m", -TRACK, TRACK, "position of the cart; the episode ends beyond -2.4 and 2.4", read=0),
        Field("x_velocity", "m/s", -10.0, 10.0, "velocity of the cart", read=1),
        Field("upright", "1", -1.0, 1.0, "cosine of the angle: 1 upright, -1 hanging", read=2),
        Field("angle_sin", "1", -1.0, 1.0, "sine of the angle: positive leans right", read=3),
        Field("angular_velocity", "rad/s", -4 * math.pi, 4 * math.pi, "angular velocity of the pole", read=4),
        Field(
            "energy",
            "1",
            -1.0,
            5.0,
            "energy of the pole: -1 hanging at rest, 1 upright at rest",
            read=pole_energy,
        ),
        Field("force", "N", -FORCE, FORCE, "force on the cart", kind="action", read=signed_force),
    ),
    horizon=500,
    success=Success(
        pole_is_up,
        "share of the last quarter of 500 steps for which the pole was within 12 degrees of upright",
        window=(0.75, 1.0),
    ),
    naive=uprightness,
    discount=0.96,
    steps=200_000,
)
