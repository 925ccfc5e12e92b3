"""Drawn frames with captions of a template: what a small image-text encoder is trained on, and judged by.

Two worlds, a pole on a cart and a car on a hill.  What shows in a frame (position and angle) is drawn at
random, a template says it in varied words, and some captions say nothing (the ``baseline``).  The ``goal`` is a
sentence of known words that is never a caption.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .envs.cartpole import ANGLE_LIMIT, TRACK, CartPole
from .envs.mountain_car import CONTINUOUS_GOAL, MountainCarContinuous
from .envs.protocol import ArrayEnv
from .frames import frames

Floats = np.ndarray[Any, Any]
Caption = Callable[[Floats, np.random.Generator], str]


@dataclass(frozen=True)
class Axis:
    """A number of the state that shows in the picture: its column, the range that is drawn, and grid points."""

    column: int
    low: float
    high: float
    points: int

    def index(self, states: Floats) -> Floats:
        """The nearest grid point of each state ``(..., D)``."""
        share = (states[..., self.column] - self.low) / (self.high - self.low)
        return np.clip(np.rint(share * (self.points - 1)), 0, self.points - 1).astype(np.int64)


@dataclass(frozen=True)
class CaptionedWorld:
    """An environment, what shows of its state, and what is said about it.

    Args:
        env: array dynamics with a sketch.
        axes: what shows.
        say: ``say(seen, rng)``, a caption of one state; a function at the top level of a module.
        goal, baseline: what is wanted, and what is seen anyway.
        scale: of observations, for a linear policy.
    """

    env: ArrayEnv
    axes: tuple[Axis, ...]
    say: Caption
    goal: str
    baseline: str
    scale: tuple[float, ...]

    def pairs(self, count: int, rng: np.random.Generator, silent: float = 0.15) -> tuple[Floats, list[str]]:
        """Pictures ``(N, H, W, 3)`` of random states and their captions; a share of these is the baseline."""
        low, high = ([getattr(axis, end) for axis in self.axes] for end in ("low", "high"))
        seen = rng.uniform(low, high, (count, len(self.axes)))
        captions = [self.baseline if rng.random() < silent else self.say(row, rng) for row in seen]
        return self.pictures(seen), captions

    def pictures(self, seen: Floats) -> Floats:
        """Frames ``(..., H, W, 3)`` of states that show ``seen (..., axes)``."""
        if seen.shape[-1] != len(self.axes):
            raise BadInput("seen", f"shape {seen.shape}", f"(..., {len(self.axes)})")
        states = np.zeros((*seen.shape[:-1], self.env.observation_size))
        states[..., [axis.column for axis in self.axes]] = seen
        return frames(self.env, states)

    def grid(self) -> Floats:
        """The seen numbers of every grid point, ``(points, ..., axes)``."""
        lines = [np.linspace(axis.low, axis.high, axis.points) for axis in self.axes]
        return np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)

    def grid_pictures(self) -> Floats:
        """The picture of every grid point, ``(points, ..., H, W, 3)``."""
        return self.pictures(self.grid())

    def lookup(self, table: Floats, states: Floats) -> Floats:
        """The value of a table over the grid at states ``(..., D)``: what the nearest picture is worth.

        Angles are taken within half a turn, what leaves the range counts as its edge.
        """
        if table.shape != tuple(axis.points for axis in self.axes):
            raise BadInput("table", f"shape {table.shape}", "one number for each point of the grid")
        if len(self.axes) > 1:
            states = np.concatenate([states[..., :2], _within(states[..., 2:3]), states[..., 3:]], axis=-1)
        return table[tuple(axis.index(states) for axis in self.axes)]

    def fine(self, states: Floats) -> Floats:
        """Whether a state is what is really wanted: the pole stands on the track; the car is at the flag."""
        if len(self.axes) == 1:
            return states[..., 0] >= CONTINUOUS_GOAL
        angle = np.abs(_within(states[..., 2]))
        return (np.abs(states[..., 0]) <= TRACK) & (angle <= ANGLE_LIMIT)

    def achieved(self, states: Floats) -> Floats:
        """Score in [0, 1] of episodes ``(T, ..., D)``: time until the pole fell; was the flag reached?"""
        fine = self.fine(states)
        if len(self.axes) == 1:
            return np.asarray(fine.any(0), np.float64)
        return np.asarray(np.minimum.accumulate(fine, axis=0).mean(0))


def say_cartpole(seen: Floats, rng: np.random.Generator) -> str:
    """Such as ``pole leaning left cart near right``."""
    place, lean = abs(seen[0]), abs(seen[1])
    side, way = ("left" if number < 0 else "right" for number in seen)
    upright = rng.choice(["upright", "vertical", "balanced"])
    pole = upright if lean < 0.15 else f"leaning {way}" if lean < 0.6 else f"falling {way}"
    middle = rng.choice(["centred", "middle"])
    cart = middle if place < 0.5 else f"near {side}" if place < 1.6 else f"edge {side}"
    return (
        "pole balanced cart centred" if (pole, cart) == ("balanced", "middle") else f"pole {pole} cart {cart}"
    )


def say_mountain_car(seen: Floats, rng: np.random.Generator) -> str:
    """Such as ``car in the valley``."""
    place = seen[0]
    if place > 0.4:
        return f"car {rng.choice(['at the flag', 'by the flag', 'on the top'])}"
    if abs(place + 0.5) < 0.2:
        return f"car in the {rng.choice(['valley', 'bottom'])}"
    return f"car on the {'left' if place < -0.5 else 'right'} {rng.choice(['slope', 'side'])}"


CARTPOLE = CaptionedWorld(
    CartPole(),
    (Axis(0, -2.4, 2.4, 41), Axis(2, -1.2, 1.2, 61)),
    say_cartpole,
    "pole balanced cart middle",
    "a pole on a cart",
    (1.0, 1.0, 1.0, 1.0),
)
MOUNTAIN_CAR = CaptionedWorld(
    MountainCarContinuous(),
    (Axis(0, -1.2, 0.6, 121),),
    say_mountain_car,
    "car on the top by the flag",
    "a car on a hill",
    (1.0, 20.0),
)
WORLDS = {"CartPole": CARTPOLE, "MountainCar": MOUNTAIN_CAR}


def _within(angle: Floats) -> Floats:
    return (angle + np.pi) % (2 * np.pi) - np.pi
