"""Tasks: what is to be achieved, in which environment, and what a reward may read there."""

from __future__ import annotations

from .envs.gym import GymEnv as GymEnv
from .envs.host import HostStep as HostStep
from .envs.protocol import ArrayEnv as ArrayEnv
from .registry import load as load
from .registry import load_file as load_file
from .registry import names as names
from .registry import resolve as resolve
from .spaces import Box as Box
from .spaces import Discrete as Discrete
from .success import Success as Success
from .task import Task as Task
from .task import native_success as native_success

__all__ = [
    "ArrayEnv",
    "Box",
    "Discrete",
    "GymEnv",
    "HostStep",
    "Success",
    "Task",
    "load",
    "load_file",
    "names",
    "native_success",
    "resolve",
]
