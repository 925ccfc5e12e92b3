"""Driving on a highway in traffic: highway-env's highway-fast-v0 and highway-v0.

Simulated by envpool's port in C++ where it is installed, else by highway-env.  Columns of the observations:
highway-env's documentation of its Kinematics observation, five rows (presence, x, y, vx, vy) of numbers divided
by their greatest values; the first row is the own car, the others are relative to it.

Source: Leurent 2018, An Environment for Autonomous Driving Decision-Making,
https://github.com/Farama-Foundation/HighwayEnv.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.gym import GymEnv
from ..spaces import Discrete
from ..success import Success
from ..task import Task, native_reward

FAR, FASTEST, WIDTH = 200.0, 80.0, 4.0  # metres seen ahead, scale of speeds in m/s, width of a lane in metres
ROWS = 5  # of an observation, and columns of a row


def speed(obs: Array) -> Array:
    """Speed along the road."""
    return FASTEST * obs[..., 3]


def drift(obs: Array) -> Array:
    """Speed across the road."""
    return FASTEST * obs[..., 4]


@dataclass(frozen=True)
class Place:
    """Place across a road of so many lanes: 0 in the middle of the leftmost one."""

    lanes: int

    def __call__(self, obs: Array) -> Array:
        """``obs (..., 25)`` -> ``(...)``."""
        return self.lanes * obs[..., 2]


@dataclass(frozen=True)
class OnRoad:
    """1 on a road of so many lanes, 0 beside it."""

    lanes: int

    def __call__(self, obs: Array) -> Array:
        """``obs (..., 25)`` -> ``(...)``."""
        place = Place(self.lanes)(obs)
        return xp(obs).where((place > -0.5) & (place < self.lanes - 0.5), 1.0, 0.0)


@dataclass(frozen=True)
class Gap:
    """Metres to the next car ahead, in the lane that lies so many lanes to the right; 200 if none is seen."""

    lanes: int
    right: int = 0

    def __call__(self, obs: Array) -> Array:
        """``obs (..., 25)`` -> ``(...)``."""
        return xp(obs).min(_ahead(obs, self.lanes, self.right), axis=-1)


@dataclass(frozen=True)
class PullAway:
    """Speed of the next car ahead in the own lane minus the own; 0 if none is seen."""

    lanes: int

    def __call__(self, obs: Array) -> Array:
        """``obs (..., 25)`` -> ``(...)``."""
        lib, gaps = xp(obs), _ahead(obs, self.lanes, 0)
        nearest = (gaps == lib.min(gaps, axis=-1)[..., None]) & (gaps < FAR)
        return lib.sum(lib.where(nearest, FASTEST * obs[..., 8::5], 0.0), axis=-1)


@dataclass(frozen=True)
class Nearest:
    """Metres to the nearest car that is seen; 200 if none is."""

    lanes: int

    def __call__(self, obs: Array) -> Array:
        """``obs (..., 25)`` -> ``(...)``."""
        lib = xp(obs)
        far = lib.sqrt((FAR * obs[..., 6::5]) ** 2 + (WIDTH * self.lanes * obs[..., 7::5]) ** 2)
        return lib.min(lib.where(obs[..., 5::5] > 0.5, far, FAR), axis=-1)


def faster(action: Array) -> Array:
    """1 for faster, -1 for slower, else 0."""
    lib = xp(action)
    return lib.where(action == 3, 1.0, 0.0) - lib.where(action == 4, 1.0, 0.0)


def steer(action: Array) -> Array:
    """1 for a change to the right, -1 to the left, else 0."""
    lib = xp(action)
    return lib.where(action == 2, 1.0, 0.0) - lib.where(action == 0, 1.0, 0.0)


@term
def drives_fast(next_speed: Array, terminated: Array, *, above: float = 28.0) -> Array:
    """1 while the car drives faster than 28 m/s and has not crashed."""
    crashed = terminated != 0
    return xp(next_speed).where((next_speed > above) & ~crashed, 1.0, 0.0)


@term
def speed_along(next_speed: Array) -> Array:
    """Speed: the obvious dense reward."""
    return next_speed


def fields(lanes: int) -> tuple[Field, ...]:
    """Named quantities on a road of so many lanes."""
    last, most = lanes - 1.0, float(lanes)
    none = "200 if none is seen"
    return (
        Field("speed", "m/s", -FASTEST, FASTEST, "speed along the road; at most about 30", read=speed),
        Field("drift", "m/s", -FASTEST, FASTEST, "speed across the road, positive to the right", read=drift),
        Field(
            "lane", "1", -most, most, f"0 in the leftmost lane, {last:g} in the rightmost", read=Place(lanes)
        ),
        Field("on_road", "1", 0.0, 1.0, "1 on the road, 0 beside it", read=OnRoad(lanes)),
        Field("gap_ahead", "m", 0.0, FAR, f"to the next car ahead in the own lane; {none}", read=Gap(lanes)),
        Field(
            "pull_away",
            "m/s",
            -FASTEST,
            FASTEST,
            "speed of that car minus the own, negative while the gap closes; 0 if none is seen",
            read=PullAway(lanes),
        ),
        Field("gap_left", "m", 0.0, FAR, f"to the next car one lane to the left; {none}", read=Gap(lanes, -1)),
        Field("gap_right", "m", 0.0, FAR, f"to the next car one lane to the right; {none}", read=Gap(lanes, 1)),
        Field("nearest", "m", 0.0, 201.0, f"to the nearest car in sight; {none}", read=Nearest(lanes)),
        Field("faster", "1", -1.0, 1.0, "1 for faster, -1 for slower, else 0", kind="action", read=faster),
        Field("steer", "1", -1.0, 1.0, "1 for a lane to the right, -1 to the left", kind="action", read=steer),
    )


def highway(name: str, lanes: int, horizon: int) -> Task:
    """One of the two highways: its id, lanes, and seconds of an episode (a step is a second)."""
    return Task(
        name=name,
        trainings=40,
        steps=60_000,
        ending="failure",
        text="Drive fast on a highway in dense traffic without a crash. Choose each second: change to the left "
        "lane, nothing, change to the right lane, faster, slower. A crash ends the episode.",
        env=GymEnv(name, ROWS * ROWS, Discrete(5), horizon, extra="highway", package="highway_env"),
        fields=fields(lanes),
        horizon=horizon,
        success=Success(
            drives_fast, f"share of {horizon} seconds faster than 28 m/s; a crash forfeits the rest"
        ),
        native=native_reward,
        naive=speed_along,
    )


def _ahead(obs: Array, lanes: int, right: int) -> Array:
    """Metres to every other car ``(..., 4)`` that is ahead in a lane; 200 for those that are not."""
    x, place = FAR * obs[..., 6::5], lanes * obs[..., 7::5]
    there = (obs[..., 5::5] > 0.5) & (x > 0.0) & (place > right - 0.5) & (place < right + 0.5)
    return xp(obs).where(there, x, FAR)


highway_fast = highway("highway-fast-v0", 3, 30)
highway_slow = highway("highway-v0", 4, 40)
