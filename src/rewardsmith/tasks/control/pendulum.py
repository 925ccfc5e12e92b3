"""Tasks with a weak pendulum: Gymnasium's own, and the same one judged by what is wanted."""

from __future__ import annotations

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.pendulum import GRAVITY, LENGTH, MAX_SPEED, MAX_TORQUE, Pendulum
from ..success import Success
from ..task import Task


def limited_torque(action: Array) -> Array:
    """Torque that reaches the joint."""
    return xp(action).clip(action[..., 0], -MAX_TORQUE, MAX_TORQUE)


def rod_energy(obs: Array) -> Array:
    """Energy of the rod; -1 hanging at rest, 1 upright at rest."""
    return LENGTH / (3.0 * GRAVITY) * obs[..., 2] ** 2 + obs[..., 0]


@term
def pendulum_cost(upright: Array, angle_sin: Array, angular_velocity: Array, torque: Array) -> Array:
    """Pendulum-v1's own reward: -(angle^2 + 0.1 velocity^2 + 0.001 torque^2)."""
    angle = xp(upright).arctan2(angle_sin, upright)
    return -(angle**2 + 0.1 * angular_velocity**2 + 0.001 * torque**2)


@term
def rod_is_up(next_upright: Array, *, above: float = 0.95) -> Array:
    """1 while the rod is within 18 degrees of upright (cosine above 0.95)."""
    return xp(next_upright).where(next_upright > above, 1.0, 0.0)


@term
def rod_is_held(
    next_upright: Array, next_angular_velocity: Array, *, above: float = 0.95, slower: float = 0.5
) -> Array:
    """1 while the rod is within 18 degrees of upright and slower than 0.5 rad/s."""
    np_ = xp(next_upright)
    return np_.where((next_upright > above) & (np_.abs(next_angular_velocity) < slower), 1.0, 0.0)


@term
def rod_uprightness(next_upright: Array) -> Array:
    """Cosine of the angle: the obvious dense reward."""
    return next_upright


FIELDS = (
    Field("upright", "1", -1.0, 1.0, "cosine of the angle: 1 upright, -1 hanging", read=0),
    Field("angle_sin", "1", -1.0, 1.0, "sine of the angle", read=1),
    Field("angular_velocity", "rad/s", -MAX_SPEED, MAX_SPEED, "angular velocity of the rod", read=2),
    Field(
        "energy", "1", -1.0, 3.2, "energy of the rod: -1 hanging at rest, 1 upright at rest", read=rod_energy
    ),
    Field("torque", "N*m", -MAX_TORQUE, MAX_TORQUE, "torque at the pivot", kind="action", read=limited_torque),
)

pendulum = Task(
    name="pendulum",
    text="Swing the pendulum up and keep it upright; the motor is too weak to lift it at once.",
    env=Pendulum(),
    fields=FIELDS,
    horizon=200,
    success=Success(
        rod_is_up, "share of the last half of 200 steps within 18 degrees of upright", window=(0.5, 1.0)
    ),
    native=pendulum_cost,
    naive=rod_uprightness,
)

pendulum_hold = Task(
    name="pendulum_hold",
    text="Swing the pendulum up and hold it still: in the last quarter of the episode it must be upright and "
    "slow.",
    env=Pendulum(),
    fields=FIELDS,
    horizon=200,
    success=Success(
        rod_is_held,
        "share of the last quarter of 200 steps within 18 degrees of upright and slower than 0.5 rad/s",
        window=(0.75, 1.0),
    ),
    native=pendulum_cost,
    naive=rod_uprightness,
)
