"""Regret by training: what is lost under one reward by optimising another, as policies really come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.algebra import Reward
from ...core.errors import BadInput
from ...core.stats import t_quantile
from ...tasks import Task
from ...tasks.record import Actor, record_episodes
from .coverage import Coverage
from .returns import episode_returns

Numbers = np.ndarray[Any, Any]
# Few copies and a high learning rate need the fewest steps to tell rewards apart (docs/training.md).
QUICK: dict[str, Any] = {"envs": 8, "learning_rate": 2e-3, "minibatches": 16}
SEEDS = 4
_STARTS = 7_000_003  # episodes that judge never start where a training did


@dataclass(frozen=True, eq=False)
class TrainedRegret:
    """What optimising reward j instead of reward i costs, measured in i: ``(R, R)``.

    ``(J_i(trained on i) - J_i(trained on j)) / (J_i(trained on i) - J_i(random actions))``, J_i the discounted
    return under i: 0 nothing, 1 all that training gains, negative where training on j serves i better than i
    itself.  NaN where training on i did not beat random actions.

    Args:
        mean, low, high: over seeds, paired (t interval; NaN for one seed).
        returns: ``(R, R, seeds)``, J_i of the policy trained on j.
        random: ``(R,)``, J_i of random actions.
        success: ``(R, seeds)``, of the policies trained on j.
        policies: trained on reward 0 with every seed, then on reward 1 ...
        steps: environment steps of each training.
    """

    mean: Numbers
    low: Numbers
    high: Numbers
    returns: Numbers
    random: Numbers
    success: Numbers
    policies: tuple[Actor, ...]
    steps: int


def trained_regret(
    rewards: Sequence[Reward],
    task: Task,
    *,
    seeds: Sequence[int] = tuple(range(SEEDS)),
    steps: int | None = None,
    episodes: int = 32,
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
) -> TrainedRegret:
    """Train a population on every reward and judge each policy by every reward.

    Args:
        seeds: of the trainings; the same for all rewards.
        steps: environment steps of each training; the task's budget if None.
        episodes: that judge each policy, from the same starts for all.
        progress: called with the number of training iterations done.

    Raises:
        BadInput: fewer than two rewards.
        NonFiniteError: a reward was infinite.
    """
    from ...optimize.control import PPO, train

    if len(rewards) < 2:
        raise BadInput("rewards", len(rewards), "at least two", "regret is of one reward under another")
    budget = task.steps if steps is None else steps
    done = train(task, rewards, tuple(seeds), PPO(steps=budget, **QUICK), episodes=episodes, progress=progress)
    judged = np.stack([_judge(rewards, task, policy, episodes) for policy in done.policies], axis=-1)
    returns = judged.reshape(len(rewards), len(rewards), len(seeds))
    random = _judge(rewards, task, None, episodes)
    success = done.evaluation.success.mean(-1).reshape(len(rewards), len(seeds))
    mean, low, high = regret_of(returns, random, confidence)
    return TrainedRegret(mean, low, high, returns, random, success, done.policies, budget)


def training_rounds(steps: int) -> int:
    """Iterations of a training of so many environment steps."""
    from ...optimize.control import PPO

    return -(-steps // PPO(steps=steps, **QUICK).batch)


def regret_of(returns: Numbers, random: Numbers, confidence: float = 0.95) -> tuple[Numbers, Numbers, Numbers]:
    """Normalised regret and its interval, from returns ``(R, R, seeds)``: under i, of policies trained on j.

    Example:
        >>> returns = np.array([[[10.0, 10.0], [5.0, 7.0]], [[1.0, 1.0], [3.0, 3.0]]])
        >>> regret_of(returns, np.array([2.0, 1.0]))[0].tolist()
        [[0.0, 0.5], [1.0, 0.0]]
    """
    count, own = returns.shape[-1], np.arange(len(returns))
    best = returns[own, own]  # (R, seeds)
    gain = best.mean(-1) - random
    gain = np.where(gain > 1e-9 * np.maximum(np.abs(best.mean(-1)), np.abs(random)), gain, np.nan)
    lost = (best[:, None, :] - returns) / gain[:, None, None]
    mean = lost.mean(-1)
    half = np.full(mean.shape, np.nan)
    if count > 1:
        half = t_quantile(0.5 + confidence / 2, count - 1) * lost.std(-1, ddof=1) / np.sqrt(count)
    return mean, mean - half, mean + half


def _judge(rewards: Sequence[Reward], task: Task, policy: Actor | None, episodes: int) -> Numbers:
    """Mean discounted returns ``(R,)`` of a policy, or of random actions."""
    played = Coverage(task, record_episodes(task, _STARTS, episodes, policy), "")
    return episode_returns(rewards, played).mean(0)
