"""What can be said to the two small robots: the cost of each, its parameters, and the calls that set them."""

from __future__ import annotations

import math

from ..core.arrays import Array, xp
from ..core.term import term
from ..tasks.instructed import turned
from ..transforms import Norm
from .spec import Cost, Parameter, Schema, Setter


@term(unit="m")
def hand_x_error(
    next_hand_x: Array, next_time: Array, *, x: float = 0.0, amplitude: float = 0.0, frequency: float = 0.0
) -> Array:
    """How far the hand is beside x + amplitude sin(2 pi frequency t)."""
    return next_hand_x - x - amplitude * xp(next_time).sin(2.0 * math.pi * frequency * next_time)


@term(unit="m")
def hand_y_error(next_hand_y: Array, *, y: float = 0.0) -> Array:
    """How far the hand is above a height."""
    return next_hand_y - y


@term(unit="rad/s")
def joint_speed(next_shoulder_speed: Array, next_elbow_speed: Array) -> Array:
    """Speed of both joints together."""
    return xp(next_elbow_speed).sqrt(next_shoulder_speed**2 + next_elbow_speed**2)


@term(unit="m")
def place_error(next_x: Array, next_y: Array, *, x: float = 0.0, y: float = 0.0) -> Array:
    """Distance to a point."""
    return xp(next_x).sqrt((next_x - x) ** 2 + (next_y - y) ** 2)


@term(unit="m/s")
def speed_error(next_speed: Array, *, speed: float = 0.0) -> Array:
    """How much too fast it is."""
    return next_speed - speed


@term(unit="rad/s")
def turn_error(next_turn_rate: Array, *, rate: float = 0.0) -> Array:
    """How much too fast it turns to the left."""
    return next_turn_rate - rate


@term(unit="rad")
def face_error(next_x: Array, next_y: Array, next_heading: Array, *, x: float = 0.0, y: float = 0.0) -> Array:
    """The heading, seen from the direction of a point; wrapped."""
    return turned(next_heading, xp(next_x).arctan2(y - next_y, x - next_x))


@term(unit="m")
def circle_error(next_x: Array, next_y: Array, *, x: float = 0.0, y: float = 0.0, radius: float = 1.0) -> Array:
    """How far outside of a circle it is."""
    return xp(next_x).sqrt((next_x - x) ** 2 + (next_y - y) ** 2) - radius


@term(unit="rad")
def lean_error(
    next_lean: Array, next_time: Array, *, angle: float = 0.0, amplitude: float = 0.0, frequency: float = 0.0
) -> Array:
    """How far the pole is to the left of angle + amplitude sin(2 pi frequency t)."""
    return next_lean - angle - amplitude * xp(next_time).sin(2.0 * math.pi * frequency * next_time)


@term(unit="rad/s")
def lean_speed(next_lean_rate: Array) -> Array:
    """How fast the pole moves."""
    return next_lean_rate


def _weight(name: str, default: float = 0.0) -> Parameter:
    return Parameter(f"{name}_weight", 0.0, 10.0, default, "1", "0 switches it off")


_FAR, _NEAR = Norm("smooth_abs", 0.1), Norm("smooth_abs", 0.05)

ARM = Schema(
    "arm",
    (
        Parameter("hand_x", -1.0, 1.0, 0.0, "m", "where the hand should be, sideways"),
        Parameter("hand_x_amplitude", 0.0, 0.8, 0.0, "m", "how far it sweeps to both sides of that"),
        Parameter("hand_x_frequency", 0.0, 1.0, 0.0, "Hz", "how often"),
        _weight("hand_x"),
        Parameter("hand_y", -1.0, 1.0, 0.0, "m", "where the hand should be, above the shoulder"),
        _weight("hand_y"),
        _weight("calm", 0.01),
    ),
    (
        Cost(
            hand_x_error,
            "hand_x_weight",
            _NEAR,
            (("x", "hand_x"), ("amplitude", "hand_x_amplitude"), ("frequency", "hand_x_frequency")),
        ),
        Cost(hand_y_error, "hand_y_weight", _NEAR, (("y", "hand_y"),)),
        Cost(joint_speed, "calm_weight", Norm("quadratic")),
    ),
    (
        Setter(
            "set_hand_x",
            ("hand_x", "hand_x_amplitude", "hand_x_frequency", "hand_x_weight"),
            "where the hand is sideways, or how it sweeps",
        ),
        Setter("set_hand_y", ("hand_y", "hand_y_weight"), "how high the hand is"),
        Setter("set_calm", ("calm_weight",), "how much slow joints matter"),
    ),
)

ROBOT = Schema(
    "robot",
    (
        Parameter("place_x", -5.0, 5.0, 0.0, "m", "where to be"),
        Parameter("place_y", -5.0, 5.0, 0.0, "m", "where to be"),
        _weight("place"),
        Parameter("speed", -2.0, 2.0, 0.0, "m/s", "forward"),
        _weight("speed"),
        Parameter("turn_rate", -3.0, 3.0, 0.0, "rad/s", "to the left"),
        _weight("turn"),
        Parameter("face_x", -5.0, 5.0, 0.0, "m", "what to look at"),
        Parameter("face_y", -5.0, 5.0, 0.0, "m", "what to look at"),
        _weight("face"),
        Parameter("circle_x", -5.0, 5.0, 0.0, "m", "the centre"),
        Parameter("circle_y", -5.0, 5.0, 0.0, "m", "the centre"),
        Parameter("circle_radius", 0.2, 5.0, 1.0, "m", "of the circle"),
        _weight("circle"),
        Parameter("lean", -0.8, 0.8, 0.0, "rad", "of the pole, to the left"),
        Parameter("lean_amplitude", 0.0, 0.8, 0.0, "rad", "how far it sways to both sides of that"),
        Parameter("lean_frequency", 0.0, 1.0, 0.0, "Hz", "how often"),
        _weight("lean", 1.0),
        _weight("calm", 0.01),
    ),
    (
        Cost(place_error, "place_weight", _FAR, (("x", "place_x"), ("y", "place_y"))),
        Cost(speed_error, "speed_weight", _FAR, (("speed", "speed"),)),
        Cost(turn_error, "turn_weight", _FAR, (("rate", "turn_rate"),)),
        Cost(face_error, "face_weight", _FAR, (("x", "face_x"), ("y", "face_y"))),
        Cost(
            circle_error,
            "circle_weight",
            _FAR,
            (("x", "circle_x"), ("y", "circle_y"), ("radius", "circle_radius")),
        ),
        Cost(
            lean_error,
            "lean_weight",
            _NEAR,
            (("angle", "lean"), ("amplitude", "lean_amplitude"), ("frequency", "lean_frequency")),
        ),
        Cost(lean_speed, "calm_weight", Norm("quadratic")),
    ),
    (
        Setter("set_place", ("place_x", "place_y", "place_weight"), "go to a point and stay there"),
        Setter("set_speed", ("speed", "speed_weight"), "how fast to drive"),
        Setter("set_turn", ("turn_rate", "turn_weight"), "how fast to turn"),
        Setter("set_face", ("face_x", "face_y", "face_weight"), "look at a point"),
        Setter("set_circle", ("circle_x", "circle_y", "circle_radius", "circle_weight"), "stay on a circle"),
        Setter(
            "set_lean",
            ("lean", "lean_amplitude", "lean_frequency", "lean_weight"),
            "how the pole leans, or sways",
        ),
        Setter("set_calm", ("calm_weight",), "how much a still pole matters"),
    ),
)
