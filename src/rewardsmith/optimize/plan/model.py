"""Model: what a planner imagines with, and what it acts in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

Numbers = np.ndarray[Any, Any]
Fields = dict[str, Numbers]


class Model(Protocol):
    """Dynamics that can be played from any state, of E episodes at once.

    States are values of the model's own kind, one row or item per episode; no method changes them.
    """

    @property
    def task(self) -> Any:
        """The task whose fields it gives."""
        ...

    def begin(self, seeds: Sequence[tuple[int, int]]) -> Any:
        """Start states of E episodes, one for each pair (seed, number of the episode)."""
        ...

    def imagine(self, states: Any, actions: Numbers) -> Fields:
        """Play ``actions (E, K, H, ...)`` from E states: the task's named fields, ``(E, K, H, ...)``."""
        ...

    def step(self, states: Any, actions: Numbers) -> tuple[Any, Fields]:
        """One step ``(E, ...)`` of all episodes: states afterwards, and named fields ``(E, ...)``."""
        ...
