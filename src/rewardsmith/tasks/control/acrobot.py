"""Tasks with two links: swing the tip above the line, or keep it there."""

from __future__ import annotations

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.acrobot import CENTRE, GRAVITY, INERTIA, LENGTH, LINE, MAX_SPEED_1, MAX_SPEED_2, Acrobot
from ..success import Success
from ..task import Task

# With Acrobot-v1's own 1 N m, PPO ends near 0.2 whatever it is paid (docs/tasks.md): nothing to tell apart.
STRONG = 4.0


def elbow_torque(action: Array) -> Array:
    """Torque at the elbow from the three choices."""
    return (action - 1) * 1.0


def strong_elbow_torque(action: Array) -> Array:
    """Torque of the stronger motor from the three choices."""
    return (action - 1) * STRONG


def cos_of_link_2(obs: Array) -> Array:
    """Cosine of the absolute angle of link 2."""
    return obs[..., 0] * obs[..., 2] - obs[..., 1] * obs[..., 3]


def height_of_tip(obs: Array) -> Array:
    """Height of the tip over the pivot, -2 to 2."""
    return -LENGTH * (obs[..., 0] + cos_of_link_2(obs))


def total_energy(obs: Array) -> Array:
    """Kinetic plus potential energy; -1 hanging at rest, 1 upright at rest."""
    speed1, speed2, cos2 = obs[..., 4], obs[..., 5], obs[..., 2]
    coupling = LENGTH * CENTRE
    d1 = CENTRE**2 + (LENGTH**2 + CENTRE**2 + 2 * coupling * cos2) + 2 * INERTIA
    d2 = CENTRE**2 + coupling * cos2 + INERTIA
    kinetic = 0.5 * d1 * speed1**2 + d2 * speed1 * speed2 + 0.5 * (CENTRE**2 + INERTIA) * speed2**2
    potential = -GRAVITY * ((CENTRE + LENGTH) * obs[..., 0] + CENTRE * cos_of_link_2(obs))
    return (kinetic + potential) / (GRAVITY * (LENGTH + 2 * CENTRE))


@term
def not_there_yet(terminated: Array) -> Array:
    """Acrobot-v1's own reward: -1 until the tip is above the line."""
    return xp(terminated).where(terminated, 0.0, -1.0)


@term
def below_line(next_tip_height: Array, *, line: float = LINE) -> Array:
    """Acrobot-v1's own reward where the goal does not end the episode: -1 while the tip is below the line."""
    return xp(next_tip_height).where(next_tip_height > line, 0.0, -1.0)


@term
def tip_above_line(next_tip_height: Array, *, line: float = LINE) -> Array:
    """1 while the tip is above the line."""
    return xp(next_tip_height).where(next_tip_height > line, 1.0, 0.0)


@term
def height(next_tip_height: Array) -> Array:
    """Height of the tip: the obvious dense reward."""
    return next_tip_height


FIELDS = (
    Field(
        "tip_height", "m", -2.0, 2.0, "height of the tip over the pivot; the line is at 1", read=height_of_tip
    ),
    Field("energy", "1", -1.0, 40.0, "total energy: -1 hanging at rest, 1 upright at rest", read=total_energy),
    Field("cos_1", "1", -1.0, 1.0, "cosine of the angle of link 1: 1 hanging, -1 upright", read=0),
    Field("sin_1", "1", -1.0, 1.0, "sine of the angle of link 1", read=1),
    Field("cos_2", "1", -1.0, 1.0, "cosine of the angle of link 2 relative to link 1", read=2),
    Field("sin_2", "1", -1.0, 1.0, "sine of the angle of link 2 relative to link 1", read=3),
    Field("velocity_1", "rad/s", -MAX_SPEED_1, MAX_SPEED_1, "angular velocity of link 1", read=4),
    Field("velocity_2", "rad/s", -MAX_SPEED_2, MAX_SPEED_2, "angular velocity of link 2", read=5),
)
WEAK_MOTOR = Field("torque", "N*m", -1.0, 1.0, "torque at the elbow", kind="action", read=elbow_torque)
STRONG_MOTOR = Field(
    "torque", "N*m", -STRONG, STRONG, "torque at the elbow", kind="action", read=strong_elbow_torque
)

acrobot = Task(
    name="acrobot",
    ending="goal",
    text="Swing the two links until the tip is above the line, one link length over the pivot.",
    env=Acrobot(),
    fields=(*FIELDS, WEAK_MOTOR),
    horizon=500,
    success=Success(tip_above_line, "1 if the tip came above the line before time ran out", reduce="any"),
    native=not_there_yet,
    naive=height,
)

acrobot_high = Task(
    name="acrobot_high",
    steps=300_000,
    text="Swing the two links up and keep the tip above the line for as much of the second half of the "
    "episode as possible; reaching the line does not end the episode.",
    env=Acrobot(stops=False, torque=STRONG),
    fields=(*FIELDS, STRONG_MOTOR),
    horizon=500,
    success=Success(
        tip_above_line, "share of the last half of 500 steps with the tip above the line", window=(0.5, 1.0)
    ),
    native=below_line,
    naive=height,
)
