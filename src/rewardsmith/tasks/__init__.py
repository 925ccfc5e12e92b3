"""Tasks: what is to be achieved, in which environment, and what a reward may read there."""

from __future__ import annotations

from .registry import load as load
from .registry import names as names
from .spaces import Box as Box
from .spaces import Discrete as Discrete
from .success import Success as Success
from .task import Task as Task

__all__ = ["Box", "Discrete", "Success", "Task", "load", "names"]
