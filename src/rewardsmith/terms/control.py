r"""Ready-made terms for control: distance, progress, effort, tracking, posture, stages.

**How they find your fields.**  A term reads fields by the names of its parameters, so a ready-made term has
to be pointed at yours; the call that sets a number does that too:

    distance_to(position=("x", "y"), x=1.0) * -1.0 + 0.01 * effort(action=("force",))

A parameter is given one field, or several that become the columns of a last axis; the twin of a field (its
value one step later) follows.  A pointed term is the same kind of value as any other: it prints as it is
written, compares, pickles, keeps its numbers under a name of its own (``distance_to_x_y.x``), and can be a
potential. The alternative, functions that make a term for given field names, would be closures, which do none
of this.

**Shapes.**  ``value`` and ``angle`` are one number per step, ``(...)``.  ``position``, ``goal``,
``velocity``, ``command``, ``action``, ``torque``, ``vector``, ``reached`` have a last axis of k columns,
``(..., k)``: give a single number as a tuple of one name.

**Signs.**  A term is the quantity that it is named after; costs (distance, effort, rate) are >= 0 and are
weighed negatively.  Units are those of the fields.  What is undefined (the direction of a zero vector) is
NaN.
"""

from __future__ import annotations

from typing import Any

from ..core.arrays import Array, xp
from ..core.errors import BadInput
from ..core.term import term

_RUDIN = "Rudin et al. 2022, 'Learning to Walk in Minutes Using Massively Parallel Deep RL', CoRL"
_DM = "Tunyasuvunakool et al. 2020, 'dm_control: Software and Tasks for Continuous Control'"
_GYM = "Towers et al. 2024, 'Gymnasium' (MuJoCo environments: healthy and control terms)"
_LUCY = "Moschopoulos et al. 2023, 'Lucy-SKG', arXiv:2305.15801, equation 3"


@term(unit="of the value")
def value(value: Array) -> Array:
    """A field as it is: ``value(value="score")``.

    Example:
        >>> import numpy as np
        >>> value(value="score")({"score": np.array([2.0])}).tolist()
        [2.0]
    """
    return value


@term(unit="of the value", low=0.0)
def gap(value: Array, *, target: float = 0.0) -> Array:
    """|value - target| of one number.

    Example:
        >>> import numpy as np
        >>> gap(value="x", target=1.0)({"x": np.array([-0.5])}).tolist()
        [1.5]
    """
    return abs(value - target)


@term(unit="of the value", low=0.0)
def excess(value: Array, *, low: float = -1.0, high: float = 1.0) -> Array:
    """How far one number lies outside [low, high]: joint limits, speed limits; 0 inside.

    Example:
        >>> import numpy as np
        >>> excess(value="angle", high=0.5)({"angle": np.array([0.0, 0.75, -3.0])}).tolist()
        [0.0, 0.25, 2.0]
    """
    lib = xp(value)
    return lib.where(value > high, value - high, lib.where(value < low, low - value, 0.0 * value))


@term(low=0.0, high=1.0, source=_DM)
def tolerance(
    value: Array, *, low: float = 0.0, high: float = 0.0, margin: float = 1.0, at_margin: float = 0.1
) -> Array:
    r"""1 inside [low, high], outside it exp(log(at_margin) (d / margin)^2) at distance d: a Gaussian flank.

    ``margin`` is the distance at which the value has fallen to ``at_margin`` (0 < at_margin < 1).

    Source: Tunyasuvunakool et al. 2020, "dm_control" (``rewards.tolerance``, Gaussian sigmoid).

    Example:
        >>> import numpy as np
        >>> near = tolerance(value="height", low=1.0, high=2.0, margin=0.5)
        >>> near({"height": np.array([1.5, 0.5])}).round(3).tolist()
        [1.0, 0.1]
    """
    beyond = excess.function(value, low=low, high=high) / margin
    lib = xp(value)
    # the logarithm of a number that may be traced: by the library of the value
    fall = lib.log(at_margin + 0.0 * beyond)
    return lib.exp(fall * beyond**2)


@term(unit="of the position", low=0.0)
def distance(position: Array, goal: Array) -> Array:
    """Euclidean distance of two points ``(..., k)``.

    Example:
        >>> import numpy as np
        >>> batch = {"hand": np.array([[0.0, 3.0]]), "cube": np.array([[4.0, 0.0]])}
        >>> distance(position="hand", goal="cube")(batch).tolist()
        [5.0]
    """
    return length(position - goal)


@term(unit="of the position", low=0.0)
def distance_to(position: Array, *, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    """Distance from a point of one, two or three columns to the fixed point (x, y, z).

    Example:
        >>> import numpy as np
        >>> batch = {"px": np.array([0.0]), "py": np.array([4.0])}
        >>> distance_to(position=("px", "py"), x=3.0)(batch).tolist()
        [5.0]
    """
    width = columns(position).shape[-1]
    if width > 3:
        raise BadInput("distance_to", f"{width} columns", "one to three", "use distance(position, goal)")
    return root(sum((position[..., k] - each) ** 2 for k, each in enumerate((x, y, z)[:width])))


@term(unit="of the position")
def progress(position: Array, next_position: Array, goal: Array) -> Array:
    """How much nearer to the goal a step leads: d(position, goal) - d(next_position, goal).

    Over an episode with a fixed goal it sums to the way that was gained, so going back and forth earns nothing.

    Example:
        >>> import numpy as np
        >>> batch = {"x": np.array([0.0]), "next_x": np.array([1.0]), "flag": np.array([3.0])}
        >>> progress(position=("x",), goal=("flag",))(batch).tolist()
        [1.0]
    """
    return length(position - goal) - length(next_position - goal)


@term(low=0.0, high=1.0, source=_LUCY)
def nearness(
    position: Array,
    goal: Array,
    *,
    scale: float = 1.0,
    radius: float = 0.0,
    dispersion: float = 1.0,
    density: float = 1.0,
) -> Array:
    r"""exp(-d / (2 scale dispersion))^{1 / density}, d the distance beyond the target's ``radius``.

    ``scale`` is a natural length (what the mover covers in a second); larger ``dispersion`` widens the whole
    curve.  In this formula density is one more factor of the width: exp(-d / (2 scale dispersion density)).

    Source: Moschopoulos et al. 2023, "Lucy-SKG", equation 3.
    Differs from the paper: inside the radius the distance counts as 0.

    Example:
        >>> import numpy as np
        >>> batch = {"car": np.array([[0.0]]), "ball": np.array([[2.0]])}
        >>> nearness(position="car", goal="ball")(batch).round(4).tolist()
        [0.3679]
    """
    lib, d = xp(position), length(position - goal) - radius
    d = lib.where(d < 0, 0.0 * d, d)
    return lib.exp(-0.5 * d / (scale * dispersion * density))


@term(low=-1.0, high=1.0)
def alignment(vector: Array, reference: Array) -> Array:
    """Cosine of the angle between two vectors ``(..., k)``; NaN where one of them is 0.

    Example:
        >>> import numpy as np
        >>> batch = {"velocity": np.array([[1.0, 0.0]]), "way": np.array([[0.0, 2.0]])}
        >>> alignment(vector="velocity", reference="way")(batch).tolist()
        [0.0]
    """
    return cosine(vector, reference)


@term(low=-1.0, high=1.0)
def facing(vector: Array, position: Array, goal: Array) -> Array:
    """Cosine of the angle between where one looks (or moves) and where the goal is; NaN at the goal itself.

    Example:
        >>> import numpy as np
        >>> batch = {"nose": np.array([[1.0, 0.0]]), "car": np.zeros((1, 2)), "ball": np.array([[-3.0, 0.0]])}
        >>> facing(vector="nose", position="car", goal="ball")(batch).tolist()
        [-1.0]
    """
    return cosine(vector, goal - position)


@term(unit="of the velocity")
def velocity_to(velocity: Array, position: Array, goal: Array) -> Array:
    """The part of the velocity that leads to the goal; NaN at the goal itself.

    Example:
        >>> import numpy as np
        >>> batch = {"velocity": np.array([[3.0, 4.0]]), "position": np.zeros((1, 2)), "goal": np.ones((1, 2))}
        >>> velocity_to(batch).round(3).tolist()
        [4.95]
    """
    way = goal - position
    return xp(velocity).sum(velocity * columns(way), axis=-1) / _or_nan(length(way))


@term(low=-1.0, high=1.0)
def heading(angle: Array, *, target: float = 0.0) -> Array:
    """cos(angle - target): 1 in the right direction, -1 in the opposite one; whole turns do not matter.

    Example:
        >>> import numpy as np
        >>> heading(angle="yaw")({"yaw": np.array([0.0, np.pi])}).tolist()
        [1.0, -1.0]
    """
    return xp(angle).cos(angle - target)


@term(low=0.0, high=1.0, source=_RUDIN)
def tracking(velocity: Array, command: Array, *, scale: float = 0.25) -> Array:
    """exp(-|velocity - command|^2 / scale), for vectors ``(..., k)``.

    Source: Rudin et al. 2022, "Learning to Walk in Minutes" (linear and angular velocity tracking).

    Example:
        >>> import numpy as np
        >>> batch = {"v": np.array([[1.0, 0.0]]), "wanted": np.array([[0.5, 0.0]])}
        >>> tracking(velocity="v", command="wanted")(batch).round(4).tolist()
        [0.3679]
    """
    return xp(velocity).exp(-squares(velocity - command) / scale)


@term(low=-1.0, high=1.0)
def upright(orientation: Array) -> Array:
    """Cosine of the tilt of a body: 1 upright, 0 lying, -1 upside down; from a quaternion w, x, y, z.

    (w^2 - x^2 - y^2 + z^2) / |q|^2, the vertical part of the body's own vertical axis.  MuJoCo writes w first;
    where x comes first, name the columns in this order: ``orientation=("qw", "qx", "qy", "qz")``.

    Example:
        >>> import numpy as np
        >>> upright({"orientation": np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])}).tolist()
        [1.0, -1.0]
    """
    if columns(orientation).shape[-1] != 4:
        raise BadInput("orientation", f"shape {tuple(orientation.shape)}", "(..., 4): a quaternion w, x, y, z")
    w, x, y, z = (orientation[..., k] ** 2 for k in range(4))
    return (w - x - y + z) / _or_nan(w + x + y + z)


@term(low=0.0, high=1.0, source=_GYM)
def alive(terminated: Array) -> Array:
    """1 for a step that did not end the episode, 0 for the one that did (a truncation is no end).

    Example:
        >>> import numpy as np
        >>> alive({"terminated": np.array([False, True])}).tolist()
        [1.0, 0.0]
    """
    return terminated == 0


@term(low=0.0, high=1.0)
def stages(reached: Array) -> Array:
    """Share of the K stages that are reached in order: a stage counts only with all before it.

    Example:
        >>> import numpy as np
        >>> batch = {"near": np.array([1.0, 1.0]), "held": np.array([1.0, 0.0]), "lifted": np.array([0.0, 1.0])}
        >>> stages(reached=("near", "held", "lifted"))(batch).round(3).tolist()
        [0.667, 0.333]
    """
    lib, count = xp(reached), columns(reached).shape[-1]
    done: Any = 1.0
    total: Any = 0.0
    for k in range(count):
        flag = reached[..., k]
        done = done * lib.where(flag > 0.5, 1.0 + 0.0 * flag, 0.0 * flag)
        total = total + done
    return total / count


@term(low=0.0, source=_GYM)
def effort(action: Array) -> Array:
    """Sum of the squared actions ``(..., k)``: a cost.

    Example:
        >>> import numpy as np
        >>> effort({"action": np.array([[1.0, 2.0]])}).tolist()
        [5.0]
    """
    return squares(action)


@term(unit="W", low=0.0)
def energy(torque: Array, velocity: Array) -> Array:
    """Mechanical power, sum over joints of |torque * angular velocity|: a cost.

    Example:
        >>> import numpy as np
        >>> energy({"torque": np.array([[1.0, -2.0]]), "velocity": np.array([[3.0, 1.0]])}).tolist()
        [5.0]
    """
    return xp(torque).sum(abs(columns(torque) * columns(velocity)), axis=-1)


# ------------------------------------------------------------------ shared by the terms
def columns(vector: Array) -> Array:
    """The array itself, if it can have steps and columns.

    Raises:
        BadInput: one axis; the sum over it would be a sum over the batch.
    """
    if len(vector.shape) < 2:
        why = "name a single number as a tuple of one: action=('force',)"
        raise BadInput("a field with columns", f"shape {tuple(vector.shape)}", "(..., k)", why)
    return vector


def squares(vector: Array) -> Array:
    """Sum of squares over the last axis."""
    return xp(vector).sum(columns(vector) ** 2, axis=-1)


def length(vector: Array) -> Array:
    """Euclidean length over the last axis, with slope 0 (not NaN) at 0."""
    return root(squares(vector))


def root(values: Array) -> Array:
    """Square root with slope 0 at 0."""
    lib = xp(values)
    return lib.where(values > 0, lib.sqrt(lib.where(values > 0, values, lib.ones_like(values))), values)


def cosine(a: Array, b: Array) -> Array:
    """Cosine of the angle of two vectors over the last axis; NaN where one is 0."""
    lib = xp(a, b)
    found = lib.sum(columns(a) * columns(b), axis=-1) / _or_nan(length(a) * length(b))
    return lib.where(found > 1.0, 1.0 + 0.0 * found, lib.where(found < -1.0, -1.0 + 0.0 * found, found))


def _or_nan(divisor: Array) -> Array:
    return xp(divisor).where(divisor == 0, xp(divisor).nan, divisor)
