"""Scene: a reward on a task, with the experience that several checks look at, recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...core.algebra import Reward, Scope
from ...core.arrays import Batch
from ...tasks import Task
from ...tasks.record import record_episodes, record_steps

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Scene:
    """What is checked, on what.

    Args:
        reward: the reward under test.
        task: what it is for.
        fast: leave out whatever trains.
        seed: of everything that is drawn.

    Nothing here judges: checks do.  Batches hold every field of the task, and ``success`` (per step), which a
    check may read because it judges a reward and proposes none.
    """

    reward: Reward
    task: Task
    fast: bool = True
    seed: int = 0

    @cached_property
    def steps(self) -> dict[str, Numbers]:
        """Steps ``(N,)`` of random actions, held for 1 to 16 steps, and the same steps with perturbed
        observations (the second half).  For step rewards only.
        """
        return self.task.with_success(record_steps(self.task, self.seed))

    @cached_property
    def episodes(self) -> tuple[dict[str, Numbers], ...]:
        """Whole episodes of random actions, each with the leading shape ``(1, L)``."""
        return tuple(self.task.with_success(one) for one in record_episodes(self.task, self.seed, 16))

    @property
    def by_step(self) -> bool:
        """Whether single steps can be judged; otherwise only whole episodes."""
        return self.reward.scope is Scope.STEP

    @cached_property
    def batches(self) -> tuple[dict[str, Numbers], ...]:
        """What any reward can be evaluated on: the steps where it judges steps, and the episodes."""
        return (self.steps, *self.episodes) if self.by_step else self.episodes

    def shares(self, batch: Batch) -> dict[str, Numbers]:
        """What every part pays, as float arrays of the batch's leading shape."""
        return {name: np.asarray(value, float) for name, value in self.reward.terms(batch).items()}

    def values(self, batch: Batch) -> Numbers:
        """What the reward pays, as a float array of the batch's leading shape."""
        return np.asarray(self.reward(batch), float)


def state_at(batch: Mapping[str, Any], names: tuple[str, ...], index: Any) -> dict[str, Any]:
    """One step of a batch by field names, as JSON values: evidence that a reader understands."""
    found: dict[str, Any] = {}
    for name in names:
        value = np.asarray(batch[name])[index]
        found[name] = value.tolist() if value.ndim else round(float(value), 6)
    return found
