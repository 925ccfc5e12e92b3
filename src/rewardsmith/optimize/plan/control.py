"""control: whole episodes in which every action is planned anew, judged by the task's success."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.errors import BadInput, NonFiniteError
from ..control.config import whole
from ..control.evaluate import Evaluation, judge
from ..control.scoring import check_reward
from .arrays import ArrayModel
from .compiled import CompiledModel
from .config import Planner
from .model import Fields, Model
from .mujoco import MujocoModel
from .search import NoVerdict, Search, SideBySide, improve, to_actions

Schedule = Sequence[tuple[Any, int]]


def control(
    task: Any,
    reward: Reward | Schedule,
    planner: Planner | None = None,
    seeds: Sequence[int] = (0,),
    episodes: int = 8,
    *,
    keep: int = 2,
) -> Evaluation:
    """Play episodes by receding horizon: plan, carry out the first action, plan again.  Nothing is trained.

    Args:
        reward: any reward over the task's fields (it sees one plan at a time, as an episode), or a schedule:
            pairs of a reward and the number of steps it is in force; the last one stays.
        planner: the configuration; None takes the defaults.
        seeds: rows of the result; each seeds its own starts and draws.
        episodes: per seed.
        keep: episodes per seed to return as trajectories.

    Returns:
        ``Evaluation`` with arrays ``(len(seeds), episodes)``.

    Raises:
        BadInput: no seeds, an empty schedule, a simulator other than MuJoCo, or no verdict on any plan.
        MissingField: a reward reads a field that the task does not have.
    """
    schedule = _schedule(reward)
    for each, _ in schedule:
        check_reward(each, task)
    pairs = _pairs(seeds, episodes)
    shown = schedule[0][0] if len(schedule) == 1 else None
    with nullcontext(ArrayModel(task)) if task.is_array else MujocoModel(task) as model:
        batch = _play(model, schedule, planner or Planner(), pairs)
    return judged(task, batch, len(seeds), episodes, keep, shown)


def control_each(
    task: Any,
    rewards: Sequence[Reward],
    planner: Planner | None = None,
    seeds: Sequence[int] = (0,),
    episodes: int = 8,
    *,
    keep: int = 2,
) -> list[Evaluation | None]:
    """Carry out many rewards side by side: one result for each, as ``control`` gives it, in less time.

    All episodes of all rewards are imagined together, array dynamics in one compiled program.  Its float32
    rounds differently, so that plans may differ from those of ``control`` after some steps.

    Returns:
        One for each reward; None where it has no verdict on any plan from some state, or is infinite.

    Raises:
        BadInput, MissingField: as ``control``, but for a missing verdict.
    """
    if not rewards:
        return []
    for each in rewards:
        check_reward(each, task)
    pairs = _pairs(seeds, episodes)
    together = SideBySide(tuple(rewards), len(pairs))
    try:
        with nullcontext(CompiledModel(task)) if task.is_array else MujocoModel(task) as model:
            batch = _play(model, ((together, 1),), planner or Planner(), pairs * len(rewards))
    except (NoVerdict, NonFiniteError):
        if len(rewards) == 1:
            return [None]
        apart = [control_each(task, [each], planner, seeds, episodes, keep=keep) for each in rewards]
        return [one for found in apart for one in found]
    parts = [slice(i * len(pairs), (i + 1) * len(pairs)) for i in range(len(rewards))]
    own = [{name: array[part] for name, array in batch.items()} for part in parts]
    return [
        judged(task, rows, len(seeds), episodes, keep, reward)
        for reward, rows in zip(rewards, own, strict=True)
    ]


def _pairs(seeds: Sequence[int], episodes: int) -> list[tuple[int, int]]:
    whole("episodes", episodes)
    if not len(seeds):
        raise BadInput("seeds", "none", "at least one")
    return [(int(seed), e) for seed in seeds for e in range(episodes)]


def judged(
    task: Any, batch: Fields, rows: int, episodes: int, keep: int, reward: Reward | None = None
) -> Evaluation:
    """Judge recorded episodes ``(rows * episodes, T = horizon)``; arrays ``(rows, episodes)``."""
    parts = [slice(i * episodes, (i + 1) * episodes) for i in range(rows)]
    found = [judge(task, {name: array[part] for name, array in batch.items()}, keep, reward) for part in parts]
    return Evaluation(
        np.concatenate([one.success for one in found]),
        np.concatenate([one.returns for one in found]),
        np.concatenate([one.lengths for one in found]),
        tuple(one.trajectories[0] for one in found),
    )


def _play(model: Model, schedule: Schedule, planner: Planner, pairs: Sequence[tuple[int, int]]) -> Fields:
    """All episodes at once: named fields ``(E, T = horizon, ...)``."""
    task = model.task
    rngs = [np.random.default_rng([seed, 1, e]) for seed, e in pairs]
    states = model.begin(pairs)
    search = Search.start(planner, task.actions, len(pairs))
    steps: list[Fields] = []
    for time in range(task.horizon):
        search = improve(planner, model, _now(schedule, time), states, time, search, rngs)
        states, fields = model.step(states, to_actions(task.actions, search.best[:, 0]))
        steps.append(fields)
        search = search.shifted
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}


def _schedule(reward: Any) -> Schedule:
    if isinstance(reward, Reward):
        return ((reward, 1),)
    pairs = tuple(reward)
    if not pairs or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise BadInput("schedule of rewards", repr(reward), "pairs (reward, steps), at least one")
    for _, steps in pairs:
        whole("steps of a reward in a schedule", steps)
    return pairs


def _now(schedule: Schedule, time: int) -> Any:
    for reward, steps in schedule:
        if time < steps:
            return reward
        time -= steps
    return schedule[-1][0]
