"""Meta-World MT10, version 3: a robot arm in ten tasks on a table, with goals that can be seen.

Simulated by envpool's port in C++, which is compared with Meta-World's own simulator in
``tests/tasks/test_metaworld.py``.  Columns of the observations: Meta-World's documentation of its state space.

Source: Yu et al. 2019, Meta-World: A Benchmark and Evaluation for Multi-Task and Meta Reinforcement Learning,
arXiv:1910.10897.
Differs from Meta-World: MT10 draws goals and places of objects from 50 that were drawn beforehand, here every
episode draws them anew from the same ranges.
"""

from __future__ import annotations

from ...core.algebra import Reward
from ...core.arrays import Array, xp
from ...core.fields import Field
from ...core.term import term
from ..envs.gym import GymEnv
from ..spaces import Box
from ..success import Success
from ..task import Task, native_reward, native_success
from .mujoco import effort

HAND, OBJECT, PREVIOUS, GOAL = 0, 4, 18, 36  # first columns of positions
LOW, HIGH = (-0.525, 0.348, -0.0525), (0.525, 1.025, 0.7)  # where the hand can be
STEPS = 500


def apart(obs: Array, one: int, other: int) -> Array:
    """Distance between two positions of an observation."""
    gap = obs[..., one : one + 3] - obs[..., other : other + 3]
    return xp(obs).sqrt(xp(obs).sum(gap**2, axis=-1))


def hand_to_object(obs: Array) -> Array:
    """Distance between hand and object."""
    return apart(obs, HAND, OBJECT)


def object_to_goal(obs: Array) -> Array:
    """Distance between object and goal."""
    return apart(obs, OBJECT, GOAL)


def hand_to_goal(obs: Array) -> Array:
    """Distance between hand and goal."""
    return apart(obs, HAND, GOAL)


@term
def hand_near_goal(next_hand_goal_distance: Array) -> Array:
    """Minus the distance of the hand from the goal: the obvious dense reward of reaching."""
    return -next_hand_goal_distance


@term
def object_near_goal(next_object_goal_distance: Array) -> Array:
    """Minus the distance of the object from the goal: the obvious dense reward."""
    return -next_object_goal_distance


def position(name: str, thing: str, first: int, bounded: bool = False) -> tuple[Field, ...]:
    """Three coordinates of a thing, read from column ``first`` on."""
    low, high = (LOW, HIGH) if bounded else ((-2.0,) * 3, (2.0,) * 3)
    axes = ("x: to the right", "y: away from the robot", "z: up")
    return tuple(
        Field(f"{name}_{axis[0]}", "m", low[i], high[i], f"{axis} of the {thing}", read=first + i)
        for i, axis in enumerate(axes)
    )


def fields(thing: str, turns: bool) -> tuple[Field, ...]:
    """What all tasks have; ``thing`` is the object of this one.

    Columns of a second object are 0 in MT10, and so is the rotation of some objects; others do not turn.
    """
    return (
        *position("hand", "hand", HAND, bounded=True),
        Field("gripper", "1", 0.0, 1.0, "how far the fingers are apart: 1 open, 0 closed", read=3),
        *position("object", thing, OBJECT),
        *(
            Field(
                f"object_q{part}",
                "1",
                -1.0,
                1.0,
                f"part {part} of the unit quaternion of the {thing}",
                read=7 + i,
            )
            for i, part in enumerate("xyzw" if turns else "")
        ),
        *position("previous_hand", "hand one step ago", PREVIOUS, bounded=True),
        Field(
            "previous_gripper", "1", 0.0, 1.0, "how far the fingers were apart one step ago", read=PREVIOUS + 3
        ),
        *position("previous_object", f"{thing} one step ago", PREVIOUS + 4),
        *position("goal", "goal", GOAL),
        Field("object_distance", "m", 0.0, 4.0, f"distance between hand and {thing}", read=hand_to_object),
        Field("object_goal_distance", "m", 0.0, 4.0, f"distance between {thing} and goal", read=object_to_goal),
        Field("hand_goal_distance", "m", 0.0, 4.0, "distance between hand and goal", read=hand_to_goal),
        Field("grip", "1", -1.0, 1.0, "force that closes the fingers; negative opens", kind="action", read=3),
        Field("effort", "1", 0.0, 4.0, "sum of squared actions", kind="action", read=effort),
    )


def make(
    name: str, thing: str, text: str, wanted: str, turns: bool = False, naive: Reward = object_near_goal
) -> Task:
    """A task of MT10: its name in Meta-World, the object, whether it turns, and what its verdict asks for."""
    words = name.removesuffix("-v3").split("-")
    return Task(
        name=f"metaworld/{name}",
        trainings=24,
        steps=500_000,
        text=text,
        env=GymEnv(
            f"MetaWorld/{''.join(word.capitalize() for word in words)}-v3",
            39,
            Box((-1.0,) * 4, (1.0,) * 4),
            STEPS,
            engine="envpool",
            options=(("partially_observable", False),),
            success_key="success",
            extra="metaworld",
        ),
        fields=fields(thing, turns),
        horizon=STEPS,
        success=Success(
            native_success, f"1 if {wanted} in any of {STEPS} steps, as Meta-World judges it", reduce="any"
        ),
        native=native_reward,
        naive=naive,
    )


reach = make(
    "reach-v3",
    "puck",
    "Move the hand of the robot to the goal, which floats above the table.",
    "the point between the fingers was within 5 cm of the goal",
    turns=True,
    naive=hand_near_goal,
)
push = make(
    "push-v3",
    "puck",
    "Push the puck over the table to the goal.",
    "the puck was within 5 cm of the goal",
    turns=True,
)
pick_place = make(
    "pick-place-v3",
    "puck",
    "Pick up the puck and hold it at the goal, which may float above the table.",
    "the puck was within 7 cm of the goal",
    turns=True,
)
door_open = make(
    "door-open-v3",
    "handle of the door",
    "Open the door by its handle.",
    "the handle of the door was within 8 cm of the goal, along x",
    turns=True,
)
drawer_open = make(
    "drawer-open-v3",
    "handle of the drawer",
    "Pull the drawer open by its handle.",
    "the handle of the drawer was within 3 cm of the goal",
)
drawer_close = make(
    "drawer-close-v3",
    "handle of the drawer",
    "Push the drawer shut.",
    "the handle of the drawer was within 6.5 cm of the goal",
)
button_press_topdown = make(
    "button-press-topdown-v3",
    "button",
    "Press the button from above.",
    "the button was pressed to within 2.4 cm of its end",
)
peg_insert_side = make(
    "peg-insert-side-v3",
    "grip of the peg",
    "Pick up the peg and put it into the hole in the side of the box.",
    "the head of the peg was within 7 cm of the goal in the hole",
    turns=True,
)
window_open = make(
    "window-open-v3",
    "handle of the window",
    "Push the window open by its handle, to the right.",
    "the handle of the window was within 5 cm of the goal, along x",
)
window_close = make(
    "window-close-v3",
    "handle of the window",
    "Push the window shut by its handle, to the left.",
    "the handle of the window was within 5 cm of the goal, along x",
)
