"""Tasks with a car that must rock its way up a hill."""

from __future__ import annotations

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.mountain_car import (
    CONTINUOUS_GOAL,
    FORCE,
    GOAL,
    GRAVITY,
    LEFT,
    MAX_SPEED,
    POWER,
    RIGHT,
    MountainCar,
    MountainCarContinuous,
    hill,
)
from ..success import Success
from ..task import Task


def chosen_force(action: Array) -> Array:
    """Push of the engine from the three choices."""
    return (action - 1) * FORCE


def engine_force(action: Array) -> Array:
    """Push of the engine from an action in [-1, 1]."""
    return POWER * xp(action).clip(action[..., 0], -1.0, 1.0)


def car_height(obs: Array) -> Array:
    """Height of the track at the car."""
    return hill(obs[..., 0])


def car_energy(obs: Array) -> Array:
    """Kinetic plus potential energy in units of height: ``height + v^2 / 2 / (0.0025 / (3 * 0.45))``."""
    return hill(obs[..., 0]) + obs[..., 1] ** 2 / (2 * GRAVITY / 1.35)


@term
def hurry(position: Array) -> Array:
    """-1 at every step, MountainCar-v0's own reward."""
    return -xp(position).ones_like(position)


@term
def flag_reached(terminated: Array) -> Array:
    """1 when the car reaches the flag (which ends the episode)."""
    return xp(terminated).where(terminated, 1.0, 0.0)


@term
def fuel_and_flag(terminated: Array, force: Array) -> Array:
    """MountainCarContinuous-v0's own reward: 100 at the flag, minus 0.1 action^2."""
    return xp(force).where(terminated, 100.0, 0.0) - 0.1 * (force / POWER) ** 2


@term
def rightward(next_position: Array) -> Array:
    """Position: the obvious dense reward."""
    return next_position


FIELDS = (
    Field("position", "m", LEFT, RIGHT, "position of the car; the valley is at -0.52", read=0),
    Field("velocity", "m/step", -MAX_SPEED, MAX_SPEED, "velocity of the car", read=1),
    Field("height", "1", 0.1, 1.0, "height of the track at the car", read=car_height),
    Field("energy", "1", 0.1, 2.4, "height plus kinetic energy, in units of height", read=car_energy),
)
CHOSEN = Field("force", "m/step^2", -FORCE, FORCE, "push of the engine", kind="action", read=chosen_force)
ENGINE = Field("force", "m/step^2", -POWER, POWER, "push of the engine", kind="action", read=engine_force)
REACHED = Success(flag_reached, "1 if the car reached the flag before time ran out", reduce="any")

mountain_car = Task(
    name="mountain_car",
    ending="goal",
    text=f"Drive the car to the flag at {GOAL} on the right hill; the engine is too weak to climb at once.",
    env=MountainCar(),
    fields=(*FIELDS, CHOSEN),
    horizon=200,
    success=REACHED,
    native=hurry,
    naive=rightward,
)

mountain_car_continuous = Task(
    name="mountain_car_continuous",
    ending="goal",
    text=f"Drive the car to the flag at {CONTINUOUS_GOAL} on the right hill; the engine is too weak to climb "
    "at once.",
    env=MountainCarContinuous(),
    fields=(*FIELDS, ENGINE),
    horizon=999,
    success=REACHED,
    native=fuel_and_flag,
    naive=rightward,
)

mountain_car_sparse = Task(
    name="mountain_car_sparse",
    ending="goal",
    text=f"Drive the car to the flag at {GOAL} on the right hill. Nothing is paid before the flag.",
    env=MountainCar(),
    fields=(*FIELDS, CHOSEN),
    horizon=200,
    success=REACHED,
    native=flag_reached,
    naive=rightward,
)
