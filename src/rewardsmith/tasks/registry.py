"""Find tasks by name, or load a user's own from a Python file."""

from __future__ import annotations

import difflib
import importlib

from ..core.errors import BadInput
from .task import Task

_SHIPPED = {
    "cartpole": "cartpole",
    "cartpole_swingup": "cartpole",
    "pendulum": "pendulum",
    "pendulum_hold": "pendulum",
}


def names() -> tuple[str, ...]:
    """The shipped tasks."""
    return tuple(_SHIPPED)


def load(name: str) -> Task:
    """A shipped task by name."""
    if name not in _SHIPPED:
        close = difflib.get_close_matches(name, _SHIPPED, n=3, cutoff=0.5)
        raise BadInput("task", repr(name), ", ".join(names()), f"did you mean {' or '.join(close)}?" if close else "")
    module = importlib.import_module(f"{__package__}.control.{_SHIPPED[name]}")
    return getattr(module, name)
