"""Tabular learners that sample: Q-learning and REINFORCE, many rewards and seeds side by side.

Arrays of agents have the shape (K, N): K rewards, N seeds.  Each seed owns its random numbers and shares
them among the rewards, so comparisons are paired and do not depend on which other seeds run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP


@dataclass(frozen=True)
class QLearning:
    """Epsilon-greedy Q-learning.

    Args:
        episodes: how many are trained, each of at most ``horizon`` steps.
        learning_rate: step towards ``r + discount max_a Q(s', a)``.
        epsilon: share of uniformly random actions.
        evaluate_every: the greedy policy is evaluated exactly after every so many episodes.
        random_ties: choose among equally good actions at random; False takes the first one, which makes
            every reward that is rarely seen look harder to learn than it is.
        keep_policies: also return the greedy actions at every evaluation.
    """

    episodes: int = 300
    horizon: int = 500
    learning_rate: float = 0.5
    epsilon: float = 0.1
    evaluate_every: int = 1
    random_ties: bool = True
    keep_policies: bool = False


@dataclass(frozen=True)
class Reinforce:
    """Monte-Carlo policy gradient of a softmax table, as in the released code of ExploRS.

    Every ``update_every`` episodes one step of ``learning_rate`` along
    ``mean over steps of the last 'recent' episodes of G * grad log pi(a|s)``; no baseline.
    """

    episodes: int = 5000
    horizon: int = 40
    learning_rate: float = 0.1
    update_every: int = 2
    recent: int = 5
    evaluate_every: int = 100


@dataclass(frozen=True, eq=False)
class Curves:
    """Exact performance under the MDP's own reward while learning.

    ``episodes``: ``(E,)`` numbers of episodes seen; ``performance``: ``(K, N, E)``; ``steps``: ``(K, N)``
    environment steps used; ``values``: ``(K, N, S, A)`` action values in the end, of Q-learning only;
    ``policies``: ``(K, N, E, S)`` greedy actions, where they were to be kept.
    """

    episodes: Table
    performance: Floats
    steps: Table
    values: Floats = field(default_factory=lambda: np.zeros(0))
    policies: Table = field(default_factory=lambda: np.zeros(0, np.int64))

    def episodes_to(self, level: float) -> Floats:
        """Episodes until the performance first reaches ``level``; all episodes where it never does."""
        reached = self.performance >= level
        return np.where(reached.any(-1), self.episodes[reached.argmax(-1)], self.episodes[-1]).astype(float)


@dataclass(frozen=True, eq=False)
class Episodes:
    """Recorded episodes of M agents, time first: ``state, action, own, paid, live`` are ``(T, M)``.

    ``own`` is the MDP's reward, ``paid`` what the learner got, ``live`` the steps that happened,
    ``policy`` ``(T, M, A)`` the action probabilities of the time; ``table`` ``(M, S, A)`` those of all states,
    where they were recorded.
    """

    state: Table
    action: Table
    own: Floats
    paid: Floats
    live: Table
    policy: Floats
    table: Floats = field(default_factory=lambda: np.zeros(0))


class OnlineReward(Protocol):
    """A reward that is designed while the learner learns; ``variants`` of it run side by side."""

    @property
    def variants(self) -> int:
        """How many settings it stands for (K)."""
        ...

    def start(self, mdp: TabularMDP, seeds: int) -> Any:
        """Its state for ``variants x seeds`` agents."""
        ...

    def pay(self, state: Any, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, Any]:
        """What it adds to the MDP's own reward of one transition per agent ``(M,)``."""
        ...

    def learn(self, state: Any, mdp: TabularMDP, episode: Episodes) -> Any:
        """Told once after every episode."""
        ...


def q_learning(
    mdp: TabularMDP, rewards: Table, seeds: Sequence[int], config: QLearning, crossed: bool = True
) -> Curves:
    """Train ``K x N`` independent learners, one per reward table ``(K, S, A)`` and seed.

    With ``crossed=False`` the k-th reward is trained with the k-th seed only; the results are ``(K, 1)``.
    """
    rewards = np.asarray(rewards, dtype=np.float64)
    if rewards.ndim != 3 or rewards.shape[1:] != (mdp.states, mdp.actions):
        raise BadInput("rewards", f"shape {rewards.shape}", f"(K, {mdp.states}, {mdp.actions})")
    if not crossed and len(rewards) != len(seeds):
        raise BadInput("seeds", len(seeds), f"{len(rewards)}: one for each reward, since crossed=False")
    kinds, n = (len(rewards) if crossed else 1), len(seeds)
    which = np.repeat(np.arange(kinds), n) if crossed else np.arange(n)
    agent = np.arange(kinds * n)
    sample, rngs = Sampler(mdp, kinds), [np.random.default_rng(seed) for seed in seeds]
    q = np.zeros((kinds * n, mdp.states, mdp.actions))
    steps, at, curve = np.zeros(kinds * n, np.int64), list[int](), list[Floats]()
    kept = list[Table]()
    for episode in range(config.episodes + 1):
        if episode % config.evaluate_every == 0:
            at.append(episode)
            curve.append(_greedy_performance(mdp, q))
            kept += [q.argmax(-1)] if config.keep_policies else []
        if episode == config.episodes:
            break
        numbers = draws(rngs, config.horizon, 2 + mdp.actions)
        s, live = sample.first(rngs), np.ones(kinds * n, bool)
        for draw in numbers:
            draw = np.tile(draw, (kinds, 1))
            current = q[agent, s]
            noise = draw[:, 2:] * (config.random_ties * 1e-12 * (1 + np.abs(current).max(-1)))[:, None]
            explore = draw[:, 0] < config.epsilon
            a = np.where(explore, draw[:, 2:].argmax(-1), (current + noise).argmax(-1))
            after = sample.next(s, a, draw[:, 1])
            target = rewards[which, s, a] + mdp.discount * np.where(mdp.ends[after], 0, q[agent, after].max(-1))
            q[agent[live], s[live], a[live]] += config.learning_rate * (target - q[agent, s, a])[live]
            steps += live
            live, s = live & ~mdp.ends[after], after
            if not live.any():
                break
    shape = (kinds, n) if crossed else (n, 1)
    curves = np.stack(curve, -1).reshape(*shape, -1)
    policies = np.stack(kept, 1).reshape(*shape, len(kept), -1) if kept else np.zeros(0, np.int64)
    return Curves(np.array(at), curves, steps.reshape(shape), q.reshape(*shape, *q.shape[1:]), policies)


def reinforce(mdp: TabularMDP, seeds: Sequence[int], config: Reinforce, online: OnlineReward) -> Curves:
    """Train ``K x N`` softmax policies on the MDP's own reward plus what ``online`` pays."""
    kinds, n = online.variants, len(seeds)
    agents = kinds * n
    sample, rngs = Sampler(mdp, kinds), [np.random.default_rng(seed) for seed in seeds]
    theta = np.zeros((agents, mdp.states, mdp.actions))
    state, recent = online.start(mdp, n), list[Episodes]()
    steps, at, curve = np.zeros(agents, np.int64), list[int](), list[Floats]()
    for episode in range(config.episodes + 1):
        policy = _softmax(theta)
        if episode % config.evaluate_every == 0:
            at.append(episode)
            curve.append(_performance(mdp, policy, config.horizon))
        if episode == config.episodes:
            break
        record, state = _rollout(mdp, policy, sample, rngs, config.horizon, online, state)
        steps += record.live.sum(0)
        recent = [*recent, record][-config.recent :]
        state = online.learn(state, mdp, record)
        if (episode + 1) % config.update_every == 0:
            total = sum(past.live.sum(0) for past in recent)
            gradient = sum(policy_gradient(past, policy, mdp.discount) for past in recent)
            theta = theta + config.learning_rate * gradient / np.maximum(total, 1)[:, None, None]
    shape = (kinds, n)
    return Curves(np.array(at), np.stack(curve, -1).reshape(*shape, -1), steps.reshape(shape))


def returns(reward: Floats, discount: float) -> Floats:
    """Discounted returns-to-go of ``(T, ...)`` rewards, time first."""
    total, out = np.zeros(reward.shape[1:]), np.empty_like(reward)
    for t in range(len(reward) - 1, -1, -1):
        total = reward[t] + discount * total
        out[t] = total
    return out


def scatter(weights: Floats, agents: int, *index: tuple[Table, int]) -> Floats:
    """Sum ``(T, M)`` weights into ``(M, *sizes)`` at the given indices (each with its size)."""
    flat, sizes = np.broadcast_to(np.arange(agents), weights.shape), [agents]
    for numbers, size in index:
        flat, sizes = flat * size + numbers, [*sizes, size]
    total = np.bincount(flat.ravel(), weights.ravel(), minlength=int(np.prod(sizes)))
    return np.asarray(total, dtype=np.float64).reshape(sizes)


def policy_gradient(episode: Episodes, policy: Floats, discount: float) -> Floats:
    """Sum over steps of ``G grad log pi(a|s)`` for softmax tables, ``(M, S, A)``."""
    agents, states, actions = policy.shape
    gain = returns(episode.paid * episode.live, discount) * episode.live
    chosen = scatter(gain, agents, (episode.state, states), (episode.action, actions))
    return chosen - chosen.sum(-1, keepdims=True) * policy


class Sampler:
    """Successors by inverse distribution function, for all agents at once."""

    def __init__(self, mdp: TabularMDP, kinds: int) -> None:
        self.after, self.start, self.kinds = mdp.transition.cumsum(-1), mdp.initial.cumsum(), kinds
        self.last = mdp.states - 1

    def first(self, rngs: Sequence[np.random.Generator]) -> Table:
        """A first state for each agent ``(M,)``."""
        draws = np.array([rng.random() for rng in rngs])
        return np.tile(np.minimum(np.searchsorted(self.start, draws, side="right"), self.last), self.kinds)

    def next(self, s: Table, a: Table, draw: Floats) -> Table:
        """The next state of each agent, from one uniform number each."""
        return np.minimum((self.after[s, a] <= draw[:, None]).sum(-1), self.last)


def draws(rngs: Sequence[np.random.Generator], horizon: int, width: int) -> Floats:
    """Uniform numbers of an episode, ``(horizon, N, width)``; each seed owns its numbers."""
    return np.stack([rng.random((horizon, width)) for rng in rngs], axis=1)


@dataclass(frozen=True, eq=False)
class Walk:
    """Episodes of one policy, time first: ``state, action, after, live`` are ``(T, M)``; ``live`` as above."""

    state: Table
    action: Table
    after: Table
    live: Table


def walk(mdp: TabularMDP, policy: Table, count: int, horizon: int, rng: np.random.Generator) -> Walk:
    """Play ``count`` episodes of at most ``horizon`` steps of a policy ``(S, A)``."""
    sample, cumulative = Sampler(mdp, 1), np.asarray(policy).cumsum(-1)
    s = np.minimum(np.searchsorted(sample.start, rng.random(count), side="right"), sample.last)
    live, rows = ~mdp.ends[s], list[tuple[Table, ...]]()
    for _ in range(horizon):
        draw = rng.random((count, 2))
        a = np.minimum((cumulative[s] <= draw[:, :1]).sum(-1), mdp.actions - 1)
        after = sample.next(s, a, draw[:, 1])
        rows.append((s, a, after, live))
        live, s = live & ~mdp.ends[after], np.where(live, after, s)
    return Walk(*(np.array(column) for column in zip(*rows, strict=True)))


def _rollout(
    mdp: TabularMDP,
    policy: Floats,
    sample: Sampler,
    rngs: Sequence[np.random.Generator],
    horizon: int,
    online: OnlineReward,
    state: Any,
) -> tuple[Episodes, Any]:
    agents, own = np.arange(len(policy)), mdp.expected_reward
    cumulative = policy.cumsum(-1)
    s, live, rows = sample.first(rngs), np.ones(len(policy), bool), list[tuple[Any, ...]]()
    for draw in np.tile(draws(rngs, horizon, 2), (1, sample.kinds, 1)):
        a = np.minimum((cumulative[agents, s] <= draw[:, :1]).sum(-1), mdp.actions - 1)
        after = sample.next(s, a, draw[:, 1])
        extra, state = online.pay(state, s, a, after, live)
        rows.append((s, a, own[s, a], own[s, a] + extra, live, policy[agents, s]))
        live, s = live & ~mdp.ends[after], after
        if not live.any():
            break
    return Episodes(*(np.array(column) for column in zip(*rows, strict=True)), table=policy), state


def _softmax(theta: Floats) -> Floats:
    weights = np.exp(theta - theta.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _greedy_performance(mdp: TabularMDP, q: Floats) -> Floats:
    choice, everyone = q.argmax(-1), np.arange(mdp.states)
    matrix = np.eye(mdp.states) - mdp.discount * mdp.transition[everyone, choice]
    values = np.linalg.solve(matrix, mdp.expected_reward[everyone, choice][..., None])[..., 0]
    return np.asarray(values @ mdp.initial, dtype=np.float64)


def _performance(mdp: TabularMDP, policy: Floats, horizon: int) -> Floats:
    chained = np.einsum("msa,sat->mst", policy, mdp.transition)
    reward = (policy * mdp.expected_reward).sum(-1)
    values = np.zeros(reward.shape)
    for _ in range(horizon):
        values = reward + mdp.discount * np.einsum("mst,mt->ms", chained, values)
    return values @ mdp.initial
