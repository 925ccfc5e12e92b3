"""The callables that TRL gets: they pickle, have a name of their own, and take its keywords."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.algebra import Scope
from ..core.errors import BadInput
from .scoring import Scorer, Scores
from .texts import text_batch

_NO_COLUMNS = (
    *("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"),
    "environments",
)


@dataclass(frozen=True)
class Wiring:
    """How a reward reads TRL's batches; made by ``reward`` and ``components``."""

    scorer: Scorer
    rename: tuple[tuple[str, str], ...] = ()
    group_size: int | None = None

    def score(self, call: Mapping[str, Any], state: Any) -> Scores:
        """Score what TRL passes to a reward function."""
        completions, ids = call["completions"], call.get("completion_ids")
        columns = {name: value for name, value in call.items() if name not in _NO_COLUMNS}
        columns |= {field: call[column] for field, column in self.rename if column in call}
        lengths = None if ids is None else [len(each) for each in ids]
        batch = text_batch(
            completions, call.get("prompts"), columns, lengths=lengths, group_size=self.group_size
        )
        split = self._split(batch.get("group"))
        if split:
            why = "a group is split over processes: make the batch of a device a multiple of num_generations"
            error = BadInput("group", f"{split} completions", f"{self.group_size}", why)
            return self.scorer.fail(error, len(completions), state)
        return self.scorer.score(batch | _progress(call.get("trainer_state")), state)

    def _split(self, groups: Any) -> int:
        """The size of a group that is not whole, where that can be known and matters; else 0."""
        if self.group_size is None or groups is None or self.scorer.reward.scope < Scope.GROUP:
            return 0
        sizes = np.unique(np.asarray(groups), return_counts=True)[1]
        return next((int(size) for size in sizes if size != self.group_size), 0)


class RewardFunction:
    """What ``reward`` returns: a callable with a name, as TRL wants it.

    A reward that keeps a state (``Normalize``) goes on where the last batch ended, in each process for itself.
    """

    def __init__(self, wiring: Wiring, name: str) -> None:
        self.wiring, self.__name__ = wiring, name
        self.state: Any = None
        self._lock = threading.Lock()

    def __call__(self, **call: Any) -> list[float | None]:
        """The reward of each completion; None where there is no verdict."""
        with self._lock:
            scores = self.wiring.score(call, self.state)
            self.state = scores.state
        log = call.get("log_metric")
        if log is not None and scores.total:
            for part, values in scores.terms.items():
                _log_mean(log, f"{self.__name__}/{part}", values)
            silent = sum(value is None for value in scores.total)
            log(f"{self.__name__}/no_verdict", silent / len(scores.total))
        return scores.total

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


class AsyncRewardFunction(RewardFunction):
    """As ``RewardFunction``, without blocking the event loop: TRL awaits all such rewards together."""

    async def __call__(self, **call: Any) -> list[float | None]:  # pyright: ignore[reportIncompatibleMethodOverride]  # an awaitable is the point
        """The reward of each completion; None where there is no verdict."""
        return await asyncio.to_thread(RewardFunction.__call__, self, **call)


class PartFunction:
    """One part of a reward as a reward function of its own; the parts share one evaluation of each batch."""

    def __init__(self, shared: SharedScores, part: str) -> None:
        self.shared, self.part, self.__name__ = shared, part, part

    def __call__(self, **call: Any) -> list[float | None]:
        """The share of this part in the reward of each completion; None where there is no verdict."""
        return self.shared.take(self.part, call)


class SharedScores:
    """The last batch that was scored: each part takes its share once, then the reward is evaluated anew."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.state: Any = None
        self._last: tuple[Any, Scores] | None = None
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, part: str, call: Mapping[str, Any]) -> list[float | None]:
        """The share of one part."""
        key = (call.get("prompts"), call["completions"])
        with self._lock:
            if self._last is None or part in self._taken or self._last[0] != key:
                scores = self.wiring.score(call, self.state)
                self.state, self._last, self._taken = scores.state, (key, scores), set()
            self._taken.add(part)
            return self._last[1].terms[part]

    def __getstate__(self) -> dict[str, Any]:
        return {"wiring": self.wiring, "state": self.state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["wiring"])
        self.state = state["state"]


def _progress(state: Any) -> dict[str, float]:
    step, last = getattr(state, "global_step", None), getattr(state, "max_steps", None)
    if step is None:
        return {}
    return {"step": float(step)} | ({"progress": step / last} if last else {})


def _log_mean(log: Any, name: str, values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    if known:
        log(name, sum(known) / len(known))
