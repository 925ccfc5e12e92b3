"""Reward tables from comparisons of trajectories: the classic rival of searches that people steer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP
from ..learn.preferences import fit_preferences
from ..optimize.tabular import q_learning, walk
from .tabular import TabularTask


@dataclass(frozen=True)
class Comparisons:
    """How many pairs of trajectories are compared, and how.

    Args:
        total: pairs over all rounds.
        rounds: after each, the reward is fitted to all pairs and a policy is trained on it.
        epsilon: share of random actions when trajectories of the trained policy are recorded; the first
            round's are all random.
        noise: probability that a label is flipped.
        l2: ridge of the Bradley-Terry fit.
    """

    total: int
    rounds: int = 5
    epsilon: float = 0.3
    noise: float = 0.0
    l2: float = 1e-3

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.total < self.rounds:
            raise BadInput("comparisons", f"{self.total} in {self.rounds} rounds", "at least one per round")


def preferred_rewards(task: TabularTask, setting: Comparisons, seeds: Sequence[int]) -> tuple[Floats, int]:
    """One reward table ``(S, A)`` per seed, ``(N, S, A)``, and the steps in recorded and training episodes.

    ``r(s, a) = E[w(s')]``; w maximises the Bradley-Terry likelihood of labels that say which trajectory has
    the higher discounted return of the task's own reward; equal ones are ties.

    Source: Christiano et al., "Deep reinforcement learning from human preferences", NeurIPS 2017.
    Differs from the paper: a table instead of a network; whole trajectories instead of segments.
    """
    mdp, horizon = task.mdp, task.learning.horizon
    rngs = [np.random.default_rng([seed, 2]) for seed in seeds]
    policies: list[Floats] = [np.full((mdp.states, mdp.actions), 1 / mdp.actions)] * len(seeds)
    seen: list[tuple[list[Floats], list[Floats]]] = [([], []) for _ in seeds]
    tables, steps = np.zeros((len(seeds), mdp.states, mdp.actions)), 0
    sizes = [len(part) for part in np.array_split(np.arange(setting.total), setting.rounds)]
    for number, size in enumerate(sizes):
        for k, rng in enumerate(rngs):
            counts, truth = rollouts(mdp, policies[k], 2 * size, horizon, rng)
            steps += int(counts.sum())
            label = (1 + np.sign(np.round(truth[:size] - truth[size:], 12))) / 2
            flipped = rng.random(size) < setting.noise
            seen[k][0].append(counts[:size] - counts[size:])
            seen[k][1].append(np.where(flipped, 1 - label, label))
            weights = fit_preferences(np.concatenate(seen[k][0]), np.concatenate(seen[k][1]), setting.l2)
            tables[k] = np.where(mdp.ends[:, None], 0.0, mdp.transition @ weights)
        learning = replace(task.learning, evaluate_every=task.learning.episodes)
        own = [int(np.random.SeedSequence([seed, 3, number]).generate_state(1)[0]) for seed in seeds]
        curves = q_learning(mdp, tables, own, learning, crossed=False)
        steps += int(curves.steps.sum())
        best = np.eye(mdp.actions)[curves.values[:, 0].argmax(-1)]
        policies = list((1 - setting.epsilon) * best + setting.epsilon / mdp.actions)
    return tables, steps


def rollouts(
    mdp: TabularMDP, policy: Table, count: int, horizon: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Visits of states after the first ``(count, S)`` and discounted own returns ``(count,)`` of episodes."""
    played = walk(mdp, policy, count, horizon, rng)
    gains = np.where(played.live, mdp.paid(played.state, played.action, played.after), 0.0)
    who = np.broadcast_to(np.arange(count), played.after.shape)
    counts = np.zeros((count, mdp.states))
    np.add.at(counts, (who[played.live], played.after[played.live]), 1)
    truth: Floats = (mdp.discount ** np.arange(horizon)[:, None] * gains).sum(0)
    return counts, truth
