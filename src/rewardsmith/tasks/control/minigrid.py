"""Sparse tasks on a grid: MiniGrid's DoorKey and KeyCorridor, seen as a vector of numbers."""

from __future__ import annotations

from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.minigrid import DoorKey, KeyCorridor
from ..success import Success
from ..task import Task


def steps_between(obs: Array, one: int, other: int) -> Array:
    """Steps between two cells if nothing were in the way: ``|dx| + |dy|``."""
    gap = xp(obs).abs(obs[..., one : one + 2] - obs[..., other : other + 2])
    return xp(obs).sum(gap, axis=-1)


def to_key(obs: Array) -> Array:
    """Steps between agent and key, 0 while it is carried."""
    return steps_between(obs, 0, 6)


def to_door(obs: Array) -> Array:
    """Steps between agent and the locked door."""
    return steps_between(obs, 0, 8)


def to_aim(obs: Array) -> Array:
    """Steps between agent and the goal, or the ball."""
    return steps_between(obs, 0, 12)


@term
def reached(terminated: Array) -> Array:
    """1 in the step that ends the episode: on the goal, or with the ball in hand."""
    return xp(terminated).where(terminated, 1.0, 0.0)


@term
def reached_soon(terminated: Array, next_time: Array, *, late: float = 0.9) -> Array:
    """MiniGrid's own reward: ``1 - 0.9 steps / most steps`` at the end, else 0."""
    return xp(next_time).where(terminated, 1.0 - late * next_time, 0.0)


@term
def nearer_the_aim(next_aim_distance: Array) -> Array:
    """Minus the distance from the aim, through walls: the obvious dense reward."""
    return -next_aim_distance


def fields(width: int, height: int, aim: str) -> tuple[Field, ...]:
    """Named columns of an observation; ``aim`` is the goal or the ball."""
    far = float(width + height - 4)

    def place(name: str, thing: str, first: int) -> tuple[Field, ...]:
        return (
            Field(f"{name}_x", "cell", 0.0, width - 1.0, f"column of the {thing}, from the left", read=first),
            Field(f"{name}_y", "cell", 0.0, height - 1.0, f"row of the {thing}, from above", read=first + 1),
        )

    def flag(name: str, meaning: str, column: int) -> Field:
        return Field(name, "1", 0.0, 1.0, f"1 if {meaning}", read=column)

    return (
        *place("agent", "agent", 0),
        Field("facing_x", "1", -1.0, 1.0, "direction of the agent: 1 right, -1 left", read=2),
        Field("facing_y", "1", -1.0, 1.0, "direction of the agent: 1 down, -1 up", read=3),
        flag("carries_key", "the agent carries the key", 4),
        *((flag("carries_ball", "the agent carries the ball", 5),) if aim == "ball" else ()),
        *place("key", "key (of the agent while it is carried)", 6),
        *place("door", "door that is locked at first", 8),
        flag("door_open", "that door is open", 10),
        flag("door_locked", "that door is still locked", 11),
        *place(aim, aim, 12),
        flag("ahead_free", "the cell ahead is empty", 14),
        flag("ahead_key", "the key is ahead", 15),
        flag("ahead_shut", "a closed or locked door is ahead", 16),
        flag("ahead_open", "an open door is ahead", 17),
        flag("ahead_aim", f"the {aim} is ahead", 18),
        Field("time", "1", 0.0, 1.0, "share of the episode that is over", read=19),
        Field("key_distance", "cell", 0.0, far, "steps to the key if nothing were in the way", read=to_key),
        Field("door_distance", "cell", 0.0, far, "steps to the door if nothing were in the way", read=to_door),
        Field("aim_distance", "cell", 0.0, far, f"steps to the {aim} if nothing were in the way", read=to_aim),
    )


def door_key(size: int) -> Task:
    """DoorKey with ``size`` cells along each side."""
    env = DoorKey(size)
    return Task(
        name=f"MiniGrid-DoorKey-{size}x{size}-v0",
        ending="goal",
        text="Pick up the key, open the locked door with it and walk to the goal in the other room.",
        env=env,
        fields=fields(size, size, "goal"),
        horizon=env.horizon,
        success=Success(reached, "1 if the agent reached the goal before time ran out", reduce="any"),
        native=reached_soon,
        naive=nearer_the_aim,
    )


def key_corridor(room: int, rows: int) -> Task:
    """KeyCorridor with rooms of ``room`` cells, ``rows`` of them on top of each other."""
    env = KeyCorridor(room, rows)
    return Task(
        name=f"MiniGrid-KeyCorridorS{room}R{rows}-v0",
        ending="goal",
        text="Find the key in a room on the left, open the locked door on the right with it, drop the key and "
        "pick up the ball behind the door.",
        env=env,
        fields=fields(env.width, env.height, "ball"),
        horizon=env.horizon,
        success=Success(reached, "1 if the agent picked up the ball before time ran out", reduce="any"),
        native=reached_soon,
        naive=nearer_the_aim,
    )


door_key_5, door_key_6, door_key_8 = (door_key(size) for size in (5, 6, 8))
key_corridor_1, key_corridor_2, key_corridor_3 = (key_corridor(3, rows) for rows in (1, 2, 3))
