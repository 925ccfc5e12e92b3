"""A bicycle in the plane: steer left, straight on or right at constant speed; the goal ends the ride.

After Randlov and Alstrom 1998, without the balancing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rewardsmith import Field, term, xp
from rewardsmith.tasks import Success, Task
from rewardsmith.tasks.envs.protocol import uniform
from rewardsmith.tasks.spaces import Discrete

SPEED, TURN, RADIUS = 0.1, 0.3, 0.3
LEFT_STRAIGHT_RIGHT = Discrete(3)


@dataclass(frozen=True)
class Bicycle:
    """State: x, y, direction; the goal is at the origin.  Observation: x, y, cos and sin of the direction."""

    observation_size: int = 4
    actions: Discrete = LEFT_STRAIGHT_RIGHT
    gym_id: str | None = None
    frame: tuple[float, float, float, float] = (-4.0, 4.0, -4.0, 4.0)

    def reset(self, key, shape):
        drawn = uniform(key, shape, (-math.pi, 1.5, -math.pi), (math.pi, 2.5, math.pi))
        np_ = xp(drawn)
        around, far, way = (drawn[..., k] for k in range(3))
        return np_.stack([far * np_.cos(around), far * np_.sin(around), way], axis=-1)

    def step(self, state, action):
        np_ = xp(state)
        way = state[..., 2] + TURN * (1.0 - action)
        x, y = state[..., 0] + SPEED * np_.cos(way), state[..., 1] + SPEED * np_.sin(way)
        return np_.stack([x, y, way], axis=-1)

    def observe(self, state):
        np_ = xp(state)
        return np_.stack(
            [state[..., 0], state[..., 1], np_.cos(state[..., 2]), np_.sin(state[..., 2])], axis=-1
        )

    def terminated(self, state):
        return state[..., 0] ** 2 + state[..., 1] ** 2 < RADIUS**2

    def sketch(self, obs):
        return [("circle", 0.0, 0.0, RADIUS, "goal"), ("circle", float(obs[0]), float(obs[1]), 0.1, "body")]


def way_to_go(obs):
    """Distance from the goal."""
    return xp(obs).sqrt(obs[..., 0] ** 2 + obs[..., 1] ** 2)


def heading_home(obs):
    """Cosine between the direction and the way to the goal."""
    far = way_to_go(obs)
    return -(obs[..., 0] * obs[..., 2] + obs[..., 1] * obs[..., 3]) / xp(obs).where(far > 0, far, 1.0)


@term
def arrived(terminated):
    """1 at the goal."""
    return xp(terminated).where(terminated, 1.0, 0.0)


@term
def nearer(distance, next_distance):
    """Metres towards the goal; the way back costs what the way there paid."""
    return distance - next_distance


bicycle = Task(
    name="bicycle",
    text="Ride to the goal at the origin.",
    env=Bicycle(),
    fields=(
        Field("x", "m", -12.0, 12.0, "x of the bicycle; the goal is at 0", read=0),
        Field("y", "m", -12.0, 12.0, "y of the bicycle; the goal is at 0", read=1),
        Field("distance", "m", 0.0, 17.0, "distance from the goal, which is reached at 0.3", read=way_to_go),
        Field(
            "facing", "1", -1.0, 1.0, "cosine between the direction and the way to the goal", read=heading_home
        ),
    ),
    horizon=100,
    success=Success(arrived, "1 if the goal was reached", reduce="any"),
    native=arrived,
    naive=nearer,
    ending="goal",
)


@term
def only_nearer(distance, next_distance, *, scale=10.0):
    """Pays for riding towards the goal and charges nothing for riding away (section 4 of the paper)."""
    return scale * xp(distance).clip(distance - next_distance, 0.0, None)


@term
def proximity(next_distance, *, width=1.0):
    """Pays at every step for being near."""
    return xp(next_distance).exp(-next_distance / width)


@term
def facing_goal(next_facing):
    """Pays at every step for heading towards the goal."""
    return next_facing


@term
def closeness(distance):
    """A potential: minus the distance."""
    return -distance


@term
def away(next_distance):
    """The distance, with its sign forgotten."""
    return next_distance
