"""Twelve instructions in words for two small robots, each with what it means to have carried it out.

An instruction is a task: its text is the instruction, and its success says for each step of a window of the
episode whether it is being followed.  Nothing is learned here; the tasks compare ways of telling a robot what
to do.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from ..core.algebra import Reward
from ..core.arrays import Array, xp
from ..core.fields import Field
from ..core.term import term
from .envs.arm import TwoLinkArm
from .envs.unicycle import Unicycle
from .success import Success
from .task import Task

HORIZON = 100  # steps of 0.05 s
ENOUGH = 0.95  # success of an episode that counts as carried out
LATE = (0.7, 1.0)
SLOW = (0.6, 1.0)  # long enough to see most of a period
LONG = (0.4, 1.0)  # both parts of a sequence
ANY = math.inf


def turned(angle: Array, to: Array) -> Array:
    """The angle ``angle - to``, wrapped into (-pi, pi]."""
    lib = xp(angle, to)
    gap = angle - to
    return lib.arctan2(lib.sin(gap), lib.cos(gap))


@term
def hand_at(next_hand_x: Array, next_hand_y: Array, *, x: float = 0.0, y: float = 0.0) -> Array:
    """1 while the hand is within 5 cm of a point."""
    return _yes((next_hand_x - x) ** 2 + (next_hand_y - y) ** 2 < 0.05**2)


@term
def hand_at_height(next_hand_y: Array, *, y: float = 0.0) -> Array:
    """1 while the hand is within 5 cm of a height."""
    return _yes(xp(next_hand_y).abs(next_hand_y - y) < 0.05)


@term
def hand_sweeps(
    next_hand_x: Array, next_time: Array, *, amplitude: float = 0.3, frequency: float = 0.4
) -> Array:
    """1 while the hand is within 8 cm of amplitude * sin(2 pi frequency t), sideways."""
    lib = xp(next_hand_x)
    wave = amplitude * lib.sin(2.0 * math.pi * frequency * next_time)
    return _yes(lib.abs(next_hand_x - wave) < 0.08)


@term
def spins(next_turn_rate: Array, *, rate: float = 1.0) -> Array:
    """1 while the turn rate is within 0.1 rad/s of what was asked."""
    return _yes(xp(next_turn_rate).abs(next_turn_rate - rate) < 0.1)


@term
def leans(next_lean: Array, *, angle: float = 0.0) -> Array:
    """1 while the pole leans within 0.06 rad of an angle."""
    return _yes(xp(next_lean).abs(next_lean - angle) < 0.06)


@term
def sways(next_lean: Array, next_time: Array, *, amplitude: float = 0.3, frequency: float = 0.5) -> Array:
    """1 while the pole is within 0.08 rad of amplitude * sin(2 pi frequency t)."""
    lib = xp(next_lean)
    wave = amplitude * lib.sin(2.0 * math.pi * frequency * next_time)
    return _yes(lib.abs(next_lean - wave) < 0.08)


@term
def circles(
    next_x: Array, next_y: Array, next_speed: Array, *, radius: float = 1.0, speed: float = 0.6
) -> Array:
    """1 while within 0.1 m of a circle round (0, 0), and within 0.15 m/s of a speed."""
    lib = xp(next_x)
    off = lib.abs(lib.sqrt(next_x**2 + next_y**2) - radius)
    return _yes((off < 0.1) & (lib.abs(next_speed - speed) < 0.15))


@term
def faces(
    next_x: Array, next_y: Array, next_heading: Array, next_turn_rate: Array, *, x: float = 0.0, y: float = 0.0
) -> Array:
    """1 while the heading is within 0.1 rad of a point's direction, turning by less than 0.2 rad/s."""
    lib = xp(next_x)
    off = turned(next_heading, lib.arctan2(y - next_y, x - next_x))
    return _yes((lib.abs(off) < 0.1) & (lib.abs(next_turn_rate) < 0.2))


@term
def stands(next_speed: Array, next_turn_rate: Array) -> Array:
    """1 while slower than 5 cm/s and turning by less than 0.05 rad/s."""
    lib = xp(next_speed)
    return _yes((lib.abs(next_speed) < 0.05) & (lib.abs(next_turn_rate) < 0.05))


@term
def is_at(next_x: Array, next_y: Array, *, x: float = 0.0, y: float = 0.0) -> Array:
    """1 while within 15 cm of a point."""
    return _yes((next_x - x) ** 2 + (next_y - y) ** 2 < 0.15**2)


@term
def unless_during(next_time: Array, *, start: float = 0.0, stop: float = 0.0) -> Array:
    """0 during a part of the episode in s, 1 outside it."""
    return _yes((next_time <= start) | (next_time > stop))


ARM_FIELDS = (
    Field("shoulder", "rad", -ANY, ANY, "shoulder angle, 0 is level to the right", read=0),
    Field("elbow", "rad", -ANY, ANY, "elbow angle, relative to the upper arm", read=1),
    Field("shoulder_speed", "rad/s", -ANY, ANY, "angular velocity of the shoulder", read=2),
    Field("elbow_speed", "rad/s", -ANY, ANY, "angular velocity of the elbow", read=3),
    Field("hand_x", "m", -1.0, 1.0, "the hand, sideways from the shoulder", read=4),
    Field("hand_y", "m", -1.0, 1.0, "the hand, above the shoulder", read=5),
    Field("time", "s", 0.0, ANY, "since the start of the episode", read=6),
)
UNICYCLE_FIELDS = (
    Field("x", "m", -ANY, ANY, "place", read=0),
    Field("y", "m", -ANY, ANY, "place", read=1),
    Field("heading", "rad", -ANY, ANY, "0 along x, not wrapped", read=2),
    Field("speed", "m/s", -ANY, ANY, "forward speed", read=3),
    Field("turn_rate", "rad/s", -ANY, ANY, "positive to the left", read=4),
    Field("lean", "rad", -ANY, ANY, "of the pole, positive to the left", read=5),
    Field("lean_rate", "rad/s", -ANY, ANY, "of the pole", read=6),
    Field("time", "s", 0.0, ANY, "since the start of the episode", read=7),
)


@cache
def instructions() -> tuple[Task, ...]:
    """The twelve tasks: eight plain ones, two in sequence and two at once (the last four).

    Example:
        >>> [task.name for task in instructions()][:3]
        ['reach', 'height', 'spin']
    """
    arm = Task("arm", "Do nothing.", TwoLinkArm(), ARM_FIELDS, HORIZON, Success(hand_at, "none"))
    robot = Task("robot", "Do nothing.", Unicycle(), UNICYCLE_FIELDS, HORIZON, Success(stands, "none"))
    circle = circles(radius=1.0, speed=0.6)
    first_reach = _then(hand_at(x=0.6, y=-0.3), hand_at_height(y=0.6))
    first_drive = _then(is_at(x=0.0, y=1.0), spins(rate=1.5))
    lean_left = leans(angle=0.3)
    both = hand_at_height(y=0.4) * hand_sweeps(amplitude=0.3, frequency=0.4)
    return (
        _task(arm, "reach", "Put your hand at x 0.5, y 0.4.", hand_at(x=0.5, y=0.4)),
        _task(arm, "height", "Hold your hand 0.6 m above the shoulder.", hand_at_height(y=0.6)),
        _task(robot, "spin", "Spin at 1 rad/s.", spins(rate=1.0)),
        _task(robot, "sway", "Sway the pole by 0.3 rad at 0.5 Hz.", sways(amplitude=0.3, frequency=0.5), SLOW),
        _task(robot, "circle", "Follow the circle of radius 1 m round the origin at 0.6 m/s.", circle, SLOW),
        _task(robot, "lean", "Lean the pole 0.4 rad to the left and stay so.", leans(angle=0.4)),
        _task(robot, "face", "Turn to face the point x 2, y 1.", faces(x=2.0, y=1.0)),
        _task(robot, "stop", "Stop.", stands),
        _task(
            arm,
            "reach, height",
            "First reach x 0.6, y -0.3, after 2.5 s hold height 0.6.",
            first_reach,
            (0.4, 1.0),
        ),
        _task(robot, "go, spin", "First go to x 0, y 1, then spin at 1.5 rad/s.", first_drive, LONG),
        _task(arm, "height + sweep", "Hold height 0.4 while sweeping sideways by 0.3 m at 0.4 Hz.", both, SLOW),
        _task(
            robot,
            "circle + lean",
            "Follow that circle while leaning 0.3 rad to the left.",
            circle * lean_left,
            SLOW,
        ),
    )


def _task(base: Task, name: str, text: str, signal: Reward, window: tuple[float, float] = LATE) -> Task:
    return replace(base, name=name, text=text, success=Success(signal, text, window=window))


def _then(first: Reward, second: Reward) -> Reward:
    """Must hold from 2 to 2.5 s, the other from 4 to 5 s, nothing in between."""
    early, late = unless_during(start=2.0, stop=2.5), unless_during(start=4.0, stop=5.0)
    free = 1.0 - (1.0 - early) - (1.0 - late)
    return (1.0 - early) * first + (1.0 - late) * second + free


def _yes(condition: Array) -> Array:
    return xp(condition).where(condition, 1.0, 0.0)
