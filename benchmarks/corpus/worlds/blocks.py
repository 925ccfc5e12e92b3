"""A hand and a red block on a row of five places: stack the red block on the blue one.

After the Lego stacking of Popov et al. 2017, where the height of the red block's bottom face was paid.
"""

from __future__ import annotations

from dataclasses import dataclass

from rewardsmith import Field, term, xp
from rewardsmith.tasks import Success, Task
from rewardsmith.tasks.envs.protocol import uniform
from rewardsmith.tasks.spaces import Discrete

BLUE = 3.0
LEFT, RIGHT, GRIP, FLIP = range(4)
MOVES = Discrete(4)


@dataclass(frozen=True)
class Blocks:
    """State and observation: place of the hand, place of the red block, held (in the air), flipped."""

    observation_size: int = 4
    actions: Discrete = MOVES
    gym_id: str | None = None
    frame: tuple[float, float, float, float] = (-1.0, 5.0, -1.0, 3.0)

    def reset(self, key, shape):
        drawn = uniform(key, shape, (0.0, 0.0), (5.0, 2.0))
        np_ = xp(drawn)
        zero = 0.0 * drawn[..., 0]
        return np_.stack([np_.floor(drawn[..., 0]), np_.floor(drawn[..., 1]), zero, zero], axis=-1)

    def step(self, state, action):
        np_ = xp(state)
        hand, red, held, flipped = (state[..., k] for k in range(4))
        by = np_.where(action == RIGHT, 1.0, 0.0) - np_.where(action == LEFT, 1.0, 0.0)
        moved = np_.clip(hand + by, 0.0, 4.0)
        touches = hand == red
        held_now = np_.where((action == GRIP) & touches, 1.0 - held, held)
        red_now = np_.where(held > 0.5, moved, red)
        turned = np_.where((action == FLIP) & touches & (held < 0.5), 1.0 - flipped, flipped)
        return np_.stack([moved, red_now, held_now, turned], axis=-1)

    def observe(self, state):
        return state

    def terminated(self, state):
        return xp(state).zeros_like(state[..., 0], dtype=bool)

    def sketch(self, obs):
        red = float(lifted(obs))
        return [
            ("circle", BLUE, 0.0, 0.4, "goal"),
            ("circle", float(obs[1]), red, 0.4, "accent"),
            ("circle", float(obs[0]), 2.0, 0.2, "body"),
        ]


def lifted(obs):
    """Height of the red block over the table: 1 on the blue block, 1.5 in the hand."""
    np_ = xp(obs)
    return np_.where(obs[..., 2] > 0.5, 1.5, np_.where(obs[..., 1] == BLUE, 1.0, 0.0))


def bottom_face(obs):
    """Height of the face that was the bottom at first; turned over, it is on top."""
    return lifted(obs) + obs[..., 3]


def is_stacked(obs):
    """1 where the red block stands on the blue one, upright and released."""
    np_ = xp(obs)
    return np_.where((obs[..., 1] == BLUE) & (obs[..., 2] < 0.5) & (obs[..., 3] < 0.5), 1.0, 0.0)


def hand_off(obs):
    """Distance of the hand from the red block, as seen from above."""
    return xp(obs).abs(obs[..., 0] - obs[..., 1])


def red_off(obs):
    """Distance of the red block from the blue one, as seen from above."""
    return xp(obs).abs(obs[..., 1] - BLUE)


@term
def on_top(next_stacked):
    """1 while the red block stands on the blue one."""
    return next_stacked


blocks = Task(
    name="blocks",
    text="Stack the red block on the blue one and let it go.",
    env=Blocks(),
    fields=(
        Field("hand", "1", 0.0, 4.0, "place of the hand", read=0),
        Field("red", "1", 0.0, 4.0, "place of the red block; the blue one is at 3", read=1),
        Field("held", "1", 0.0, 1.0, "1 while the red block is held", read=2),
        Field("flipped", "1", 0.0, 1.0, "1 while the red block is upside down", read=3),
        Field("bottom_height", "1", 0.0, 2.5, "height of the face that was the bottom", read=bottom_face),
        Field("stacked", "1", 0.0, 1.0, "1 while the red block stands on the blue one", read=is_stacked),
        Field("hand_off", "1", 0.0, 4.0, "distance of hand and red block from above", read=hand_off),
        Field("red_off", "1", 0.0, 3.0, "distance of red and blue block from above", read=red_off),
    ),
    horizon=50,
    success=Success(on_top, "share of the last half of 50 steps with red standing on blue", window=(0.5, 1.0)),
    native=on_top,
)


@term
def bottom_high(next_bottom_height):
    """Height of the red block's bottom face."""
    return next_bottom_height


@term
def looks_grasped(next_hand_off):
    """1 while the hand covers the block in the camera's view from above."""
    return xp(next_hand_off).where(next_hand_off < 0.5, 1.0, 0.0)


@term
def grasped(held, next_held):
    """1 for every grasp."""
    return xp(held).clip(next_held - held, 0.0, None)


@term
def over_blue(next_red_off, next_held):
    """1 while the red block is held over the blue one."""
    return xp(next_held).where((next_red_off < 0.5) & (next_held > 0.5), 1.0, 0.0)


@term
def on_the_way(hand_off, red_off, held, stacked):
    """A potential: bring the hand to the block, the block to the other, and let go."""
    return xp(stacked).where(stacked > 0.5, 2.0, held - 0.25 * red_off - 0.1 * hand_off)
