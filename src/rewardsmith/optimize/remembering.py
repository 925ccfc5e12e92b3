"""Q-learning for rewards that remember: what is paid depends on the past, and the learner sees what of it.

Paid by history but learned without it, even a potential is no potential any more: the same state and action are
then worth now this, now that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core.mdp import Floats, Table, TabularMDP
from .tabular import Episodes, QLearning, Sampler, draws


class RememberingReward(Protocol):
    """An ``OnlineReward`` with a memory of finitely many values; ``variants`` of it run side by side."""

    @property
    def variants(self) -> int:
        """How many settings it stands for (K)."""
        ...

    @property
    def memories(self) -> int:
        """How many values the memory has; 1 for none."""
        ...

    def start(self, mdp: TabularMDP, seeds: int) -> Any:
        """Its state for ``variants x seeds`` learners."""
        ...

    def memory(self, state: Any) -> Table:
        """What each learner ``(M,)`` is to see of it, 0 to ``memories`` - 1."""
        ...

    def pay(self, state: Any, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, Any]:
        """What it adds to the MDP's own reward of one transition per learner ``(M,)``."""
        ...

    def learn(self, state: Any, mdp: TabularMDP, episode: Episodes) -> Any:
        """Told once after every episode."""
        ...


@dataclass(frozen=True, eq=False)
class TrainingCurves:
    """What happened while K x N learners trained, exploration included.

    ``own``: ``(K, N, E)`` discounted sum of the MDP's own reward in each episode; ``length``: ``(K, N, E)`` its
    steps; ``state``: the last state of the reward; ``values``: ``(K, N, memories, S, A)`` in the end.
    """

    own: Floats
    length: Table
    state: Any
    values: Floats

    def steps_to(self, level: float, window: int = 10) -> Floats:
        """Environment steps ``(K, N)`` until ``window`` episodes on end earn ``level`` on average; else all."""
        taken = self.length.cumsum(-1)
        total = np.concatenate([np.zeros((*self.own.shape[:2], 1)), self.own.cumsum(-1)], axis=-1)
        reached = (total[..., window:] - total[..., :-window]) / window >= level
        at = np.where(reached.any(-1), reached.argmax(-1) + window - 1, self.own.shape[-1] - 1)
        return np.take_along_axis(taken, at[..., None], axis=-1)[..., 0].astype(np.float64)


def remembering_q_learning(
    mdp: TabularMDP, seeds: Sequence[int], config: QLearning, reward: RememberingReward
) -> TrainingCurves:
    """Train ``K x N`` learners on the MDP's own reward plus what ``reward`` pays.

    Action values are tables over state and memory.  ``evaluate_every`` of the configuration is not used: what
    an episode earned while learning is recorded instead.

    Source: Watkins and Dayan, "Q-learning", Machine Learning 8 (1992).
    """
    kinds, n = reward.variants, len(seeds)
    agents = np.arange(kinds * n)
    sample, rngs, own = (
        Sampler(mdp, kinds),
        [np.random.default_rng(seed) for seed in seeds],
        mdp.expected_reward,
    )
    q = np.zeros((kinds * n, reward.memories, mdp.states, mdp.actions))
    state, earned, lengths = reward.start(mdp, n), list[Floats](), list[Table]()
    for _ in range(config.episodes):
        numbers, rows = draws(rngs, config.horizon, 2 + mdp.actions), list[tuple[Any, ...]]()
        s, live, memory = sample.first(rngs), np.ones(kinds * n, bool), reward.memory(state)
        for draw in np.tile(numbers, (1, kinds, 1)):
            current = q[agents, memory, s]
            noise = draw[:, 2:] * (config.random_ties * 1e-12 * (1 + np.abs(current).max(-1)))[:, None]
            explore = draw[:, 0] < config.epsilon
            a = np.where(explore, draw[:, 2:].argmax(-1), (current + noise).argmax(-1))
            after = sample.next(s, a, draw[:, 1])
            extra, state = reward.pay(state, s, a, after, live)
            then = reward.memory(state)
            paid = own[s, a] + extra
            target = paid + mdp.discount * np.where(mdp.ends[after], 0.0, q[agents, then, after].max(-1))
            change = np.where(live, config.learning_rate * (target - q[agents, memory, s, a]), 0.0)
            q[agents, memory, s, a] += change
            rows.append((s, a, own[s, a], paid, live))
            live, s, memory = live & ~mdp.ends[after], after, then
            if not live.any():
                break
        episode = Episodes(*(np.array(column) for column in zip(*rows, strict=True)), policy=np.zeros(0))
        state = reward.learn(state, mdp, episode)
        fade = mdp.discount ** np.arange(len(rows))[:, None]
        earned.append((episode.own * episode.live * fade).sum(0))
        lengths.append(episode.live.sum(0))
    shape = (kinds, n, config.episodes)
    curves, length = (np.stack(column, -1).reshape(shape) for column in (earned, lengths))
    return TrainingCurves(curves, length, state, q.reshape(kinds, n, *q.shape[1:]))
