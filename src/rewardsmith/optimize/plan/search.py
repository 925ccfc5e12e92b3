"""Search: better action sequences for E episodes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...tasks.spaces import Actions, Discrete
from .config import Planner
from .model import Fields, Model, Numbers
from .noise import raw, shaped

Rngs = Sequence[np.random.Generator]


class NoVerdict(BadInput):
    """A reward is NaN on every sequence that is imagined from some state."""


@dataclass(frozen=True, eq=False)
class Search:
    """What is carried from decision to decision, in units in which actions are in [-1, 1].

    Args:
        mean: ``(E, H, W)``.
        kept: ``(E, k, H, W)`` sequences to try again.
        best, value: ``(E, H, W)`` and ``(E,)``: the best sequence found last, and its return in the model.
    """

    mean: Numbers
    kept: Numbers
    best: Numbers
    value: Numbers

    @staticmethod
    def start(planner: Planner, actions: Actions, episodes: int) -> Search:
        """Before the first decision: do nothing."""
        none = np.zeros((episodes, planner.horizon, _width(actions)))
        return Search(none, none[:, None][:, :0], none, np.full(episodes, -np.inf))

    @property
    def shifted(self) -> Search:
        """One step later: the first step is gone, the last one is repeated."""
        return Search(_shift(self.mean, 1), _shift(self.kept, 2), _shift(self.best, 1), self.value)


@dataclass(frozen=True)
class SideBySide:
    """Several rewards, each of which pays ``rows`` episodes of a batch, in order."""

    rewards: tuple[Any, ...]
    rows: int

    @property
    def fields(self) -> frozenset[str]:
        """What any of them reads."""
        return frozenset[str]().union(*(each.fields for each in self.rewards))

    def __call__(self, batch: Fields) -> Numbers:
        """Rewards ``(rows * len(rewards), ...)``."""
        paid: list[Numbers] = []
        for i, each in enumerate(self.rewards):
            own = {name: array[i * self.rows : (i + 1) * self.rows] for name, array in batch.items()}
            paid.append(np.broadcast_to(np.asarray(each(own), np.float64), own["terminated"].shape))
        return np.concatenate(paid)


def improve(
    planner: Planner, model: Model, reward: Any, states: Any, clock: int, search: Search, rngs: Rngs
) -> Search:
    """One decision: all iterations of the cross-entropy method.

    Args:
        clock: steps of the episode before this one.
        rngs: one for each episode, so that an episode does not depend on its neighbours.
    """
    actions = model.task.actions
    mean, kept = search.mean, np.concatenate([search.kept, search.best[:, None]], axis=1)
    spread = np.full_like(mean, planner.deviation)
    best, value = search.best, np.full(len(mean), -np.inf)
    for _ in range(planner.iterations):
        fresh = max(planner.samples - kept.shape[1] - 1, 0)
        drawn = np.concatenate([mean[:, None], _draw(planner, mean, spread, fresh, rngs)], axis=1)
        tried = np.concatenate([kept, _within(actions, drawn)], axis=1)
        scores = returns(planner, model, reward, states, to_actions(actions, tried), clock)
        order = np.argsort(-scores, axis=1, kind="stable")[:, : planner.elites]  # NaN comes last
        elite = np.take_along_axis(tried, order[:, :, None, None], axis=1)
        top = np.take_along_axis(scores, order[:, :1], axis=1)[:, 0]
        best = np.where((top > value)[:, None, None], elite[:, 0], best)
        value = np.fmax(top, value)
        new = 1.0 - planner.momentum
        mean = planner.momentum * mean + new * elite.mean(axis=1)
        spread = planner.momentum * spread + new * elite.std(axis=1)
        kept = elite[:, : planner.kept]
    return Search(mean, kept, best, value)


def returns(planner: Planner, model: Model, reward: Any, states: Any, actions: Numbers, clock: int) -> Numbers:
    """Discounted sum of rewards ``(E, K)`` of imagined sequences, until they end; NaN without a verdict.

    Raises:
        NoVerdict: no sequence of an episode has one.
    """
    batch = model.imagine(states, actions)
    ended = batch["terminated"]
    time = clock + np.arange(ended.shape[-1])
    batch["first"] = np.broadcast_to(time == 0, ended.shape)
    batch["truncated"] = np.broadcast_to(time + 1 >= model.task.horizon, ended.shape) & ~ended
    if "success" in reward.fields:
        batch = model.task.with_success(batch)
    paid = np.broadcast_to(np.asarray(reward(batch), np.float64), ended.shape)
    gone = np.cumsum(ended, axis=-1) - ended > 0  # steps after the one that ended the episode
    weights = planner.discount ** np.arange(ended.shape[-1])
    scores = np.where(gone, 0.0, paid) @ weights
    if np.isnan(scores).all(axis=1).any():
        raise NoVerdict("reward in a plan", "no verdict (NaN) on any sequence", "a verdict on at least one")
    return scores


def to_actions(actions: Actions, raw: Numbers) -> Numbers:
    """What the environment receives for ``(..., W)``: points of the box, or the choice of the greatest."""
    if isinstance(actions, Discrete):
        return np.argmax(raw, axis=-1)
    low, high = np.asarray(actions.low), np.asarray(actions.high)
    return 0.5 * (low + high) + 0.5 * (high - low) * raw


def _draw(planner: Planner, mean: Numbers, spread: Numbers, count: int, rngs: Rngs) -> Numbers:
    _, horizon, width = mean.shape
    drawn = np.stack([raw(rng, (count, width, horizon)) for rng in rngs])
    return mean[:, None] + spread[:, None] * shaped(drawn, horizon, planner.colour).swapaxes(2, 3)


def _within(actions: Actions, raw: Numbers) -> Numbers:
    """Sequences as they are kept: points inside the box, choices as 1 at the chosen and 0 elsewhere."""
    if isinstance(actions, Discrete):
        return np.eye(actions.n)[np.argmax(raw, axis=-1)]
    return np.clip(raw, -1.0, 1.0)


def _width(actions: Actions) -> int:
    return actions.n if isinstance(actions, Discrete) else actions.width


def _shift(sequences: Numbers, axis: int) -> Numbers:
    length = sequences.shape[axis]
    return np.take(sequences, np.minimum(np.arange(length) + 1, length - 1), axis=axis)
