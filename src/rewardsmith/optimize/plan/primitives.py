"""Six fixed skills of the two small robots: the rival of rewards as an interface for behaviour.

A skill is a hand-written controller with arguments; skills are sequenced, one at a time.  On the arm they go
through its inverse dynamics, on the unicycle they keep the pole upright unless they say otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...tasks.envs.arm import LENGTH, TwoLinkArm, inverse_dynamics
from ...tasks.envs.unicycle import GRAVITY, POLE
from ...tasks.instructed import turned
from .model import Numbers

Skill = Callable[..., Numbers]


@dataclass(frozen=True)
class Primitive:
    """One skill with its arguments.

    Args:
        name: ``go_to`` (x, y), ``hold`` (the pose in which it began), ``turn`` (rate, or x and y of a point to
            face), ``stop``, ``swing`` (amplitude, frequency: of the shoulder, or of the pole) or ``wait`` (go
            on as before).
        arguments: pairs of a name and a number.

    Raises:
        BadInput: another name.
    """

    name: str
    arguments: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.name not in ARM:
            raise BadInput("primitive", repr(self.name), ", ".join(ARM))

    @staticmethod
    def of(name: str, **arguments: float) -> Primitive:
        """With arguments by keyword."""
        return Primitive(name, tuple(arguments.items()))

    def act(self, env: Any, obs: Numbers, began: Numbers) -> Numbers:
        """Actions ``(E, A)``, given what is seen now and what was seen when the skill began, ``(E, O)``."""
        skills = ARM if isinstance(env, TwoLinkArm) else ROBOT
        return skills[self.name](obs, began, **dict(self.arguments))


# ------------------------------------------------------------------ arm
def _servo(obs: Numbers, goal: Numbers, speed: Numbers | float = 0.0, stiffness: float = 60.0) -> Numbers:
    acceleration = stiffness * (goal - obs[:, :2]) + 14.0 * (speed - obs[:, 2:4])
    return inverse_dynamics(obs[:, :2], obs[:, 2:4], acceleration)


def _arm_go_to(obs: Numbers, began: Numbers, x: float, y: float) -> Numbers:
    del began
    far = min(math.hypot(x, y), 2.0 * LENGTH)
    elbow = math.acos(max(-1.0, far**2 / (2.0 * LENGTH**2) - 1.0))
    shoulder = math.atan2(y, x) - elbow / 2.0
    goal = obs[:, :2] - turned(obs[:, :2], np.array([shoulder, elbow]))
    return _servo(obs, goal)


def _arm_hold(obs: Numbers, began: Numbers) -> Numbers:
    return _servo(obs, began[:, :2])


def _arm_turn(obs: Numbers, began: Numbers, rate: float) -> Numbers:
    goal = began[:, :2] + np.array([1.0, 0.0]) * rate * _since(obs, began)
    return _servo(obs, goal, np.array([rate, 0.0]))


def _arm_stop(obs: Numbers, began: Numbers) -> Numbers:
    del began
    return _servo(obs, obs[:, :2], stiffness=0.0)


def _arm_swing(obs: Numbers, began: Numbers, amplitude: float, frequency: float) -> Numbers:
    angle, rate = _wave(obs, began, amplitude, frequency)
    first = np.array([1.0, 0.0])
    return _servo(obs, began[:, :2] + angle * first, rate * first)


def _arm_wait(obs: Numbers, began: Numbers) -> Numbers:
    del began
    return inverse_dynamics(obs[:, :2], obs[:, 2:4], 0.0 * obs[:, :2])


# ------------------------------------------------------------------ unicycle
def _drive(
    obs: Numbers, speed: Numbers | float, turn: Numbers | float, lean: Any = 0.0, rate: Any = 0.0
) -> Numbers:
    now, turning, angle, moving = obs[:, 3], obs[:, 4], obs[:, 5], obs[:, 6]
    thrown = (GRAVITY * np.sin(angle) - now * turning * np.cos(angle)) / POLE
    motor = 40.0 * (lean - angle) + 12.0 * (rate - moving) - thrown
    return np.stack([4.0 * (speed - now), 6.0 * (turn - turning), motor], axis=-1)


def _aim(obs: Numbers, x: float, y: float) -> tuple[Numbers, Numbers]:
    aside, ahead = y - obs[:, 1], x - obs[:, 0]
    return np.hypot(ahead, aside), turned(np.arctan2(aside, ahead), obs[:, 2])


def _robot_go_to(obs: Numbers, began: Numbers, x: float, y: float) -> Numbers:
    del began
    distance, off = _aim(obs, x, y)
    near = distance < 0.05
    speed = np.minimum(1.5 * distance, 1.2) * np.maximum(np.cos(off), 0.0)
    return _drive(obs, np.where(near, 0.0, speed), np.where(near, 0.0, np.clip(3.0 * off, -3.0, 3.0)))


def _robot_hold(obs: Numbers, began: Numbers) -> Numbers:
    return _drive(obs, 0.0, 0.0, began[:, 5])


def _robot_turn(obs: Numbers, began: Numbers, rate: float = 0.0, **point: float) -> Numbers:
    del began
    wanted = np.clip(3.0 * _aim(obs, **point)[1], -3.0, 3.0) if point else rate
    return _drive(obs, 0.0, wanted)


def _robot_stop(obs: Numbers, began: Numbers) -> Numbers:
    del began
    return _drive(obs, 0.0, 0.0)


def _robot_swing(obs: Numbers, began: Numbers, amplitude: float, frequency: float) -> Numbers:
    angle, rate = _wave(obs, began, amplitude, frequency)
    return _drive(obs, 0.0, 0.0, angle[:, 0], rate[:, 0])


def _robot_wait(obs: Numbers, began: Numbers) -> Numbers:
    del began
    return _drive(obs, obs[:, 3], obs[:, 4])


def _since(obs: Numbers, began: Numbers) -> Numbers:
    return obs[:, -1:] - began[:, -1:]


def _wave(obs: Numbers, began: Numbers, amplitude: float, frequency: float) -> tuple[Numbers, Numbers]:
    """Angle and rate ``(E, 1)``."""
    pace = 2.0 * math.pi * frequency
    phase = pace * _since(obs, began)
    return amplitude * np.sin(phase), amplitude * pace * np.cos(phase)


ARM: Mapping[str, Skill] = {
    "go_to": _arm_go_to,
    "hold": _arm_hold,
    "turn": _arm_turn,
    "stop": _arm_stop,
    "swing": _arm_swing,
    "wait": _arm_wait,
}
ROBOT: Mapping[str, Skill] = {
    "go_to": _robot_go_to,
    "hold": _robot_hold,
    "turn": _robot_turn,
    "stop": _robot_stop,
    "swing": _robot_swing,
    "wait": _robot_wait,
}
