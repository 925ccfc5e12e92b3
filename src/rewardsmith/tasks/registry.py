"""Find tasks by name, or load a user's own from a Python file."""

from __future__ import annotations

import difflib
import importlib
import re
import warnings
from pathlib import Path

from ..core.errors import BadInput
from ..core.pyfile import run_file
from .task import Task

# Name -> module and attribute; modules are imported when asked for, so that listing costs nothing.
_SHIPPED = {
    "cartpole": "cartpole:cartpole",
    "cartpole_swingup": "cartpole:cartpole_swingup",
    "pendulum": "pendulum:pendulum",
    "pendulum_hold": "pendulum:pendulum_hold",
    "mountain_car": "mountain_car:mountain_car",
    "mountain_car_sparse": "mountain_car:mountain_car_sparse",
    "mountain_car_continuous": "mountain_car:mountain_car_continuous",
    "acrobot": "acrobot:acrobot",
    "acrobot_high": "acrobot:acrobot_high",
    "Reacher-v5": "mujoco:reacher",
    "Hopper-v5": "mujoco:hopper",
    "HalfCheetah-v5": "mujoco:half_cheetah",
    "Pusher-v5": "pusher:pusher",
    "Ant-v5": "ant:ant",
    "MiniGrid-DoorKey-5x5-v0": "minigrid:door_key_5",
    "MiniGrid-DoorKey-6x6-v0": "minigrid:door_key_6",
    "MiniGrid-DoorKey-8x8-v0": "minigrid:door_key_8",
    "MiniGrid-KeyCorridorS3R1-v0": "minigrid:key_corridor_1",
    "MiniGrid-KeyCorridorS3R2-v0": "minigrid:key_corridor_2",
    "MiniGrid-KeyCorridorS3R3-v0": "minigrid:key_corridor_3",
    "highway-fast-v0": "highway:highway_fast",
    "highway-v0": "highway:highway_slow",
    "metaworld/reach-v3": "metaworld:reach",
    "metaworld/push-v3": "metaworld:push",
    "metaworld/pick-place-v3": "metaworld:pick_place",
    "metaworld/door-open-v3": "metaworld:door_open",
    "metaworld/drawer-open-v3": "metaworld:drawer_open",
    "metaworld/drawer-close-v3": "metaworld:drawer_close",
    "metaworld/button-press-topdown-v3": "metaworld:button_press_topdown",
    "metaworld/peg-insert-side-v3": "metaworld:peg_insert_side",
    "metaworld/window-open-v3": "metaworld:window_open",
    "metaworld/window-close-v3": "metaworld:window_close",
}
TUTORIAL = "docs/tutorials/own_task.md"
_GYMNASIUM_ID = re.compile(r"^(\S+[:/])?[\w.-]+-v\d+$")
_WANTED = "a Python file with a module-level `task = Task(...)`"


def names() -> tuple[str, ...]:
    """Names of the shipped tasks."""
    return tuple(_SHIPPED)


def load(name: str) -> Task:
    """A shipped task by name.

    Raises:
        BadInput: for an unknown name, with near misses, or how to write a task file for a Gymnasium id.

    Example:
        >>> load("pendulum_hold").horizon
        200
    """
    if name not in _SHIPPED:
        lower = {known.lower(): known for known in _SHIPPED}
        close = [lower[found] for found in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
        why = f"did you mean {' or '.join(close)}?" if close else ""
        if _GYMNASIUM_ID.match(name):
            wanted = "fields and a success, which no simulator knows"
            why = f"{why} " if close else ""
            call = f"Task.from_gymnasium({name!r}, fields=..., success=...)"
            why += f"for any Gymnasium id write a file of about 20 lines with {call}: {wanted}; see {TUTORIAL}"
        raise BadInput("task", repr(name), ", ".join(names()) + ", or the path of a task file", why)
    module, attribute = _SHIPPED[name].split(":")
    return getattr(importlib.import_module(f"{__package__}.control.{module}"), attribute)


def load_file(path: str | Path) -> Task:
    """A user's own task: the value of ``task`` in a Python file, which is executed.

    Raises:
        BadInput: the file is missing, is not Python, fails, or has no ``task`` of type Task.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput(
            "task file", str(path), _WANTED, "it is a folder" if file.is_dir() else "there is no such file"
        )
    if file.suffix != ".py":
        raise BadInput("task file", str(path), _WANTED, "its name does not end in .py")
    with warnings.catch_warnings():
        # a file that registers its environment may be loaded twice: the later one counts
        warnings.filterwarnings("ignore", ".*Overriding environment", UserWarning)
        task = getattr(run_file(file, "task", _WANTED), "task", None)
    if task is None:
        raise BadInput("task file", str(path), _WANTED, "it defines no `task`")
    if not isinstance(task, Task):
        raise BadInput("task file", str(path), _WANTED, f"its `task` is a {type(task).__name__}")
    return task


def resolve(spec: str) -> Task:
    """A task from what a user typed: a shipped name, or the path of a task file."""
    if spec in _SHIPPED:
        return load(spec)
    looks_like_path = spec.endswith(".py") or "\\" in spec or ("/" in spec and not _GYMNASIUM_ID.match(spec))
    return load_file(spec) if looks_like_path else load(spec)
