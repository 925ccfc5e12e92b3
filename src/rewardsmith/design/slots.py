"""The twelve instructions, filled in by hand for both interfaces, before any of them was run.

Where a language model would translate, these are the translations: calls that set parameters of the cost
(``design.motion``), and sequences of fixed skills (``optimize.plan.Primitive``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..core.errors import BadInput
from ..optimize.plan import Primitive
from .motion import ARM, ROBOT
from .spec import RewardSpec

HALF = 50  # steps of the first part of a sequence
ALL = 100
Call = tuple[str, tuple[tuple[str, float], ...]]
Skills = tuple[tuple[Primitive, int], ...]


@dataclass(frozen=True)
class Translation:
    """One instruction, as both interfaces are told it.

    Args:
        name: of the task in ``tasks.instructed``.
        robot: ``arm`` or ``robot``.
        answers: the calls of each answer; where there are two, the second comes after ``HALF`` steps.
        skills: skills and their steps.
    """

    name: str
    robot: str
    answers: tuple[tuple[Call, ...], ...]
    skills: Skills

    def specs(self) -> tuple[RewardSpec, ...]:
        """The filled-in reward of each answer; every answer starts from the defaults."""
        start = (ARM if self.robot == ARM.name else ROBOT).spec()
        return tuple(start.answer([as_json(call) for call in calls]) for calls in self.answers)

    def schedule(self) -> tuple[tuple[Any, int], ...]:
        """Rewards and their steps, for ``optimize.plan.control``."""
        return tuple((spec.reward(), HALF) for spec in self.specs())


def as_json(call: Call) -> dict[str, Any]:
    """A call as ``RewardSpec.apply`` reads it."""
    name, arguments = call
    return {"call": name, "arguments": dict(arguments)}


def slots(name: str) -> Translation:
    """What was filled in for an instruction.

    Example:
        >>> slots("spin").specs()[0]["turn_rate"]
        1.0
    """
    for each in SLOTS:
        if each.name == name:
            return each
    raise BadInput("instruction", repr(name), ", ".join(each.name for each in SLOTS))


def _call(name: str, **arguments: float) -> Call:
    return name, tuple(arguments.items())


def _do(name: str, steps: int = ALL, **arguments: float) -> tuple[Primitive, int]:
    return Primitive.of(name, **arguments), steps


def _around() -> Skills:
    """Eight points of the circle, counter-clockwise from (1, 0), at 0.6 m/s along it."""
    steps = round(2.0 * math.pi / 8.0 / 0.6 / 0.05)
    corners = [2.0 * math.pi * k / 8.0 for k in range(1, 9)]
    return tuple(_do("go_to", steps, x=math.cos(angle), y=math.sin(angle)) for angle in corners)


def _to_and_fro() -> Skills:
    """Between both ends of the sweep, which are a quarter, three quarters ... of its period of 2.5 s away."""
    right, left = _do("go_to", 25, x=0.3, y=0.4), _do("go_to", 25, x=-0.3, y=0.4)
    return (_do("go_to", 12, x=0.3, y=0.4), left, right, left, right)


_STILL = (_call("set_speed", speed=0.0, speed_weight=1.0), _call("set_turn", turn_rate=0.0, turn_weight=1.0))
_CIRCLE = (
    _call("set_circle", circle_radius=1.0, circle_weight=1.0),
    _call("set_speed", speed=0.6, speed_weight=1.0),
)
_SWEEP = _call("set_hand_x", hand_x_amplitude=0.3, hand_x_frequency=0.4, hand_x_weight=1.0)


def _height(y: float) -> Call:
    return _call("set_hand_y", hand_y=y, hand_y_weight=1.0)


def _beside(x: float) -> Call:
    return _call("set_hand_x", hand_x=x, hand_x_weight=1.0)


SLOTS = (
    Translation("reach", "arm", ((_beside(0.5), _height(0.4)),), (_do("go_to", x=0.5, y=0.4),)),
    Translation("height", "arm", ((_height(0.6),),), (_do("go_to", x=0.0, y=0.6),)),
    Translation(
        "spin",
        "robot",
        ((_STILL[0], _call("set_turn", turn_rate=1.0, turn_weight=1.0)),),
        (_do("turn", rate=1.0),),
    ),
    Translation(
        "sway",
        "robot",
        ((*_STILL, _call("set_lean", lean_amplitude=0.3, lean_frequency=0.5, lean_weight=1.0)),),
        (_do("swing", amplitude=0.3, frequency=0.5),),
    ),
    Translation("circle", "robot", (_CIRCLE,), _around()),
    Translation(
        "lean",
        "robot",
        ((*_STILL, _call("set_lean", lean=0.4, lean_weight=1.0)),),
        # to the left end of a swing, and hold it there
        (_do("swing", 20, amplitude=0.4, frequency=0.25), _do("hold")),
    ),
    Translation(
        "face",
        "robot",
        ((_STILL[0], _call("set_face", face_x=2.0, face_y=1.0, face_weight=1.0)),),
        (_do("turn", x=2.0, y=1.0),),
    ),
    Translation("stop", "robot", (_STILL,), (_do("stop"),)),
    Translation(
        "reach, height",
        "arm",
        ((_beside(0.6), _height(-0.3)), (_height(0.6),)),
        (_do("go_to", HALF, x=0.6, y=-0.3), _do("go_to", x=0.6, y=0.6)),
    ),
    Translation(
        "go, spin",
        "robot",
        (
            (_call("set_place", place_x=0.0, place_y=1.0, place_weight=1.0),),
            (_STILL[0], _call("set_turn", turn_rate=1.5, turn_weight=1.0)),
        ),
        (_do("go_to", HALF, x=0.0, y=1.0), _do("turn", rate=1.5)),
    ),
    Translation("height + sweep", "arm", ((_height(0.4), _SWEEP),), _to_and_fro()),
    Translation(
        "circle + lean",
        "robot",
        ((*_CIRCLE, _call("set_lean", lean=0.3, lean_weight=1.0)),),
        (_do("swing", 20, amplitude=0.3, frequency=0.25), *_around()),
    ),
)
