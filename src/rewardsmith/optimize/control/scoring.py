"""Scoring recorded steps on the host, with any reward and in NumPy."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import jax
import numpy as np

from ...core.algebra import Reward, Scope, require_scope
from ...core.errors import BadInput, MissingField, ProgramError
from .compiled import named_batch
from .rollout import Steps

_LOG = logging.getLogger(__name__)
PROVIDED = ("first", "truncated", "success")


class Score(NamedTuple):
    """Reward of every step ``(T, N)``, means of its parts, mean success signal, state of the reward after."""

    reward: np.ndarray[Any, Any]
    terms: dict[str, float]
    signal: float
    state: Any


def check_reward(reward: object, task: Any) -> None:
    """Refuse what cannot be trained with on this task, before anything runs."""
    if not isinstance(reward, Reward):
        raise BadInput(
            "reward", type(reward).__name__, "a Reward (functions become rewards with @rewardsmith.term)"
        )
    require_scope(reward, Scope.EPISODE, f"a rollout of {task.name}")
    known = {field.name for field in task.table()} | set(PROVIDED)
    known |= set() if task.is_array else {"native_reward"}
    for name in sorted(reward.fields - known):
        raise MissingField(name, str(reward), ", ".join(sorted(known)), f"task {task.name}")


def score(task: Any, reward: Reward, steps: Steps, leaves: tuple[Any, ...] | None) -> Score:
    """Evaluate one member's reward on its own steps.

    Args:
        leaves: the reward's state as a flat tuple, None before the first batch.

    Infinities are not raised here but counted by the update, so one bad candidate cannot stop a population.
    Sandboxed Python that fails on these steps counts as infinite, and the log says what it did and where.
    """
    batch = named_batch(task, Steps(*(None if array is None else np.asarray(array) for array in steps)))
    signal = np.asarray(task.success.signal(batch))
    seen = {**batch, "success": signal} if "success" in reward.fields else batch
    with np.errstate(all="ignore"):
        state = reward.init(seen)
        structure = jax.tree.structure(state)
        if leaves is not None:
            state = jax.tree.unflatten(structure, leaves)
        try:
            shares, state = reward.share(seen, state)  # unchecked: infinities are counted by the update
        except ProgramError as error:
            if not error.code.startswith("Y_"):  # a mistake of the caller
                raise
            _LOG.warning("a reward failed in training: %s", error)
            kept = tuple(jax.tree.leaves(state))
            return Score(np.full(signal.shape[::-1], np.inf, np.float32), {}, float(signal.mean()), kept)
        terms = {name: _mean(part) for name, part in shares.parts.items()}
        total = np.broadcast_to(np.asarray(shares.total, np.float32), signal.shape)
    return Score(total.swapaxes(0, 1), terms, float(signal.mean()), tuple(jax.tree.leaves(state)))


def _mean(part: Any) -> float:
    known = ~np.isnan(part)
    return float(np.mean(part, where=known)) if known.any() else float("nan")
