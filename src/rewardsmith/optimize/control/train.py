"""train: from rewards to judged policies in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import NonFiniteError
from .config import PPO
from .curves import Curves
from .evaluate import Evaluation, evaluate
from .policy import Policy
from .population import Population

EVALUATION = 1_000_003  # starts of evaluations never coincide with those of trainings


@dataclass(frozen=True, eq=False)
class Training:
    """What came out, a row per member: candidate by candidate, seed by seed."""

    population: Population
    policies: tuple[Policy, ...]
    curves: Curves
    evaluation: Evaluation


def train(
    task: Any,
    rewards: Sequence[Any],
    seeds: Sequence[int],
    config: PPO,
    *,
    episodes: int = 32,
    progress: Callable[[int], None] | None = None,
) -> Training:
    """Train every reward on every seed for ``config.steps`` environment steps, then evaluate greedily.

    Args:
        progress: called with the number of iterations done, now and then.

    Raises:
        NonFiniteError: a reward was infinite during the training, or its code failed (the log says where).

    Example:
        >>> from rewardsmith import tasks
        >>> task = tasks.load("cartpole")  # doctest: +SKIP
        >>> train(task, [task.native], range(8), PPO(steps=100_000)).evaluation.success.mean()  # doctest: +SKIP
    """
    population = Population.start(task, rewards, seeds, config).advance(config.steps, progress)
    failed = sorted({population.owners[m] for m in population.failures()})
    if failed:
        raise NonFiniteError(
            f"{rewards[failed[0]]} was infinite during training, or failed; allowed: finite numbers, or NaN"
        )
    policies = population.policies()
    own = [rewards[i] for i in population.owners]
    starts = [EVALUATION + seed for seed in population.seeds]
    found = evaluate(task, policies, starts, episodes, rewards=own)
    return Training(population, tuple(policies), population.curves, found)
