"""Store: raw transitions of S buffers, and what every candidate pays for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.algebra import Reward, Scope, holds, require_scope
from ...core.errors import BadInput
from ..control.scoring import check_reward

Numbers = np.ndarray[Any, Any]
RAW = ("obs", "action", "next_obs", "terminated", "clock")


@dataclass(frozen=True, eq=False)
class Store:
    """A ring of transitions per seed, and labels of K candidates.

    Args:
        raw: the arrays named in ``RAW``, ``(S, C, ...)``: what happened, without any reward.
        paid: ``(K, S, C)``, each candidate's own reward, NaN where it has no verdict or was infinite.
        filled, at: rows in use, and the row that is written next.
        infinite: ``(K, S)``, whether a candidate was ever infinite.
    """

    raw: dict[str, Numbers]
    paid: Numbers
    filled: int
    at: int
    infinite: Numbers

    @staticmethod
    def empty(task: Any, candidates: int, seeds: int, capacity: int) -> Store:
        """No transitions yet."""
        wide = np.zeros((seeds, capacity, task.observation_size), np.float32)
        flat = np.zeros((seeds, capacity), np.int32)
        raw = {"obs": wide, "action": flat, "next_obs": wide, "terminated": flat > 0, "clock": flat}
        paid = np.full((candidates, seeds, capacity), np.nan, np.float32)
        return Store(raw, paid, 0, 0, np.zeros((candidates, seeds), bool))

    @property
    def capacity(self) -> int:
        """C."""
        return self.paid.shape[-1]

    def with_rows(self, rows: dict[str, Numbers], labels: Numbers) -> Store:
        """More transitions ``(S, B, ...)`` with labels ``(K, S, B)``; the oldest are overwritten."""
        count = labels.shape[-1]
        where = (self.at + np.arange(count)) % self.capacity
        raw = {name: array.copy() for name, array in self.raw.items()}
        for name, array in raw.items():
            array[:, where] = rows[name]
        paid = self.paid.copy()
        paid[:, :, where], infinite = _finite(labels)
        filled = min(self.capacity, self.filled + count)
        return Store(raw, paid, filled, (self.at + count) % self.capacity, self.infinite | infinite)

    def relabelled(self, labels: Numbers) -> Store:
        """The same transitions with other labels ``(K, S, filled)``."""
        paid = np.full((len(labels), *self.paid.shape[1:]), np.nan, np.float32)
        paid[:, :, : self.filled], infinite = _finite(labels)
        return Store(self.raw, paid, self.filled, self.at, infinite)

    def rows(self) -> dict[str, Numbers]:
        """All stored transitions ``(S, filled, ...)``."""
        return {name: array[:, : self.filled] for name, array in self.raw.items()}


def check_relabelling(reward: object, task: Any) -> None:
    """Refuse what cannot be paid for single stored transitions.

    Raises:
        BadInput: it is no reward, keeps a state, or the task does not run as array functions with choices.
        MissingField: it reads a field that the task does not have.
        ScopeError: it must see more than one step.
    """
    check_reward(reward, task)
    assert isinstance(reward, Reward)
    require_scope(reward, Scope.STEP, "a stored transition")
    blank = task.batch(
        np.zeros((1, 1, task.observation_size)),
        np.zeros((1, 1), int),
        np.zeros((1, 1, task.observation_size)),
        np.zeros((1, 1), bool),
    )
    blank |= {"first": np.ones((1, 1), bool), "truncated": np.zeros((1, 1), bool)}
    if holds(reward.init(task.with_success(blank))):
        why = "stored transitions are relabelled in any order"
        raise BadInput("reward", f"{reward}, which keeps a state", "a reward without state", why)


def label(task: Any, rewards: Any, rows: dict[str, Numbers]) -> Numbers:
    """What every reward pays for transitions ``(S, B, ...)``: ``(K, S, B)``, unchecked."""
    batch = task.batch(rows["obs"], rows["action"], rows["next_obs"], rows["terminated"])
    batch["first"] = rows["clock"] == 0
    batch["truncated"] = (rows["clock"] + 1 >= task.horizon) & ~rows["terminated"]
    if any("success" in reward.fields for reward in rewards):
        batch = task.with_success(batch)
    shape = rows["clock"].shape
    with np.errstate(all="ignore"):
        paid = [reward.share(batch, reward.init(batch))[0].total for reward in rewards]
    return np.stack([np.broadcast_to(np.asarray(each, np.float32), shape) for each in paid])


def _finite(labels: Numbers) -> tuple[Numbers, Numbers]:
    infinite = np.isinf(labels)
    return np.where(infinite, np.nan, labels), np.any(infinite, axis=-1, keepdims=True)[..., 0]
