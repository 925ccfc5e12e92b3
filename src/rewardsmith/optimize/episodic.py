"""Policy gradient on whole episodes of small worlds: any reward, also one that must see the episode's end.

A world is vectorised and pure: its randomness comes in as uniform numbers.  Policies are softmax tables over
observation numbers.  All seeds roll out side by side; each owns its random numbers, so what a seed learns does
not depend on which others run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..core.algebra import Reward, Scope, holds, require_scope
from ..core.errors import BadInput, MissingField
from ..core.mdp import Floats, Table, TabularMDP

# What the engine adds to the fields of the world.
PROVIDED = ("first", "terminated", "truncated", "time", "next_time", "progress", "log_prob")


class World(Protocol):
    """Episodes of at most ``horizon`` steps, for n of them at once; states are whole numbers ``(n, k)``."""

    @property
    def observations(self) -> int:
        """How many observations a policy tells apart."""
        ...

    @property
    def actions(self) -> int:
        """How many actions there are."""
        ...

    @property
    def horizon(self) -> int:
        """The most steps of an episode."""
        ...

    @property
    def draws(self) -> int:
        """How many uniform numbers a start, and a step, use."""
        ...

    def start(self, uniform: Floats) -> Table:
        """First states, from ``uniform (n, draws)``."""
        ...

    def observe(self, state: Table) -> Table:
        """The observation ``(n,)`` of each state."""
        ...

    def step(self, state: Table, action: Table, uniform: Floats) -> tuple[Table, Table]:
        """Next states, and whether the episode terminated."""
        ...

    def fields(self, state: Table, action: Table, after: Table) -> Mapping[str, Table]:
        """What rewards may read of a transition, each ``(n, ...)``; with ``level``, see ``learn_episodes``."""
        ...


@dataclass(frozen=True)
class MDPWorld:
    """A tabular MDP as a world, with fields ``state``, ``next_state``, ``action``, ``own`` and named ones.

    Args:
        mdp: the dynamics.
        horizon: the most steps of an episode.
        named: pairs (name, numbers of shape ``(S,)``); each field has a twin.
    """

    mdp: TabularMDP
    horizon: int
    named: tuple[tuple[str, tuple[float, ...]], ...] = ()
    draws: int = 1

    @property
    def observations(self) -> int:
        return self.mdp.states

    @property
    def actions(self) -> int:
        return self.mdp.actions

    def start(self, uniform: Floats) -> Table:
        chosen = np.searchsorted(self.mdp.initial.cumsum(), uniform[:, 0], side="right")
        return np.minimum(chosen, self.mdp.states - 1)[:, None]

    def observe(self, state: Table) -> Table:
        return state[:, 0]

    def step(self, state: Table, action: Table, uniform: Floats) -> tuple[Table, Table]:
        edges = self.mdp.transition[state[:, 0], action].cumsum(-1)
        after = np.minimum((edges <= uniform[:, :1]).sum(-1), self.mdp.states - 1)
        return after[:, None], self.mdp.ends[after]

    def fields(self, state: Table, action: Table, after: Table) -> Mapping[str, Table]:
        s, later = state[:, 0], after[:, 0]
        found = {"state": s, "next_state": later, "action": action, "own": self.mdp.paid(s, action, later)}
        for name, values in self.named:
            found[name], found["next_" + name] = np.asarray(values)[s], np.asarray(values)[later]
        return found


@dataclass(frozen=True)
class EpisodicGradient:
    r"""How a table learns: \theta += rate * mean over episodes of \sum_t A_t \nabla log \pi(a_t | o_t).

    Args:
        updates: gradient steps.
        episodes: episodes per update and seed.
        learning_rate: step size.
        discount: of the returns-to-go G_t; one number for each level where the world has levels.
        normalize: A_t = (G_t - mean) / (deviation + 1e-8) over the batch; else A_t = G_t - mean.
        entropy: weight of the gradient of the policy's entropy at the visited observations.
    """

    updates: int = 250
    episodes: int = 64
    learning_rate: float = 1.0
    discount: float | tuple[float, ...] = 1.0
    normalize: bool = True
    entropy: float = 0.0

    def __post_init__(self) -> None:
        if self.updates < 1 or self.episodes < 1 or not self.learning_rate > 0:
            received = f"updates={self.updates}, episodes={self.episodes}, learning_rate={self.learning_rate}"
            raise BadInput("EpisodicGradient", received, "1 or more, and a rate above 0")

    @property
    def discounts(self) -> tuple[float, ...]:
        """One for each level."""
        return self.discount if isinstance(self.discount, tuple) else (self.discount,)


@dataclass(frozen=True, eq=False)
class Learned:
    """What S trainings came to.

    ``policy``: ``(S, O, A)``.  ``curves``: name -> mean over the episodes of an update of the tracked
    reward's sum over the episode, ``(S, updates)``; ``length`` is always there.  ``steps``: ``(S,)``
    environment steps.
    """

    policy: Floats
    curves: dict[str, Floats]
    steps: Table
    states: tuple[Any, ...] = field(default=())

    def late(self, name: str, share: float = 0.1) -> Floats:
        """Mean of the last ``share`` of a curve, ``(S,)``."""
        curve = self.curves[name]
        return curve[:, -max(1, round(share * curve.shape[1])) :].mean(1)


@dataclass(frozen=True, eq=False)
class Rollout:
    """Episodes of n agents, time first: ``(T, n)``; ``fields`` hold what happened, ``live`` what counts."""

    observation: Table
    action: Table
    live: Table
    fields: dict[str, Table]

    def flat(self, agents: slice) -> tuple[dict[str, Table], Table]:
        """Episodes of some agents one after another in one row ``(1, L)``, and their steps ``(m, T)``."""
        live = self.live[:, agents].T
        return {name: np.swapaxes(v[:, agents], 0, 1)[live][None] for name, v in self.fields.items()}, live


def learn_episodes(
    world: World,
    reward: Reward,
    seeds: Sequence[int],
    config: EpisodicGradient,
    track: Mapping[str, Reward] | None = None,
    initial: Floats | None = None,
) -> Learned:
    """Train one table per seed with REINFORCE.

    The reward sees the episodes of an update one after another in one row, ``first`` marking their starts;
    its state is carried from update to update, for each seed its own.  A return without verdict (NaN) teaches
    nothing. Where the world has a field ``level`` (0, 1, ...), a step's return sums the rewards of its own
    level only, with that level's discount per elapsed step: a hierarchy of decisions with a reward each.

    Args:
        track: rewards whose sum over the episode is recorded (evaluated afresh on each update).
        initial: logits ``(O, A)`` to start from; zeros by default.

    Raises:
        MissingField: a reward reads what neither the world nor the engine has.
    """
    require_scope(reward, Scope.EPISODE, "an episodic learner")
    shape = (world.observations, world.actions)
    if initial is not None and initial.shape != shape:
        raise BadInput("initial logits", f"shape {initial.shape}", f"{shape}")
    theta = np.broadcast_to(np.zeros(shape) if initial is None else initial, (len(seeds), *shape)).copy()
    rngs, names = [np.random.default_rng(seed) for seed in seeds], dict(track or {})
    curves: dict[str, list[Floats]] = {name: [] for name in [*names, "length"]}
    states: list[Any] | None = None
    steps = np.zeros(len(seeds), np.int64)
    for update in range(config.updates):
        policy = softmax(theta)
        record = rollout(world, policy, rngs, config.episodes, update / config.updates)
        _check_fields([reward, *names.values()], record)
        paid, states = _pay(reward, record, len(seeds), config.episodes, states)
        length = record.live.reshape(len(record.live), len(seeds), -1).sum(0)
        steps += length.sum(-1)
        curves["length"].append(length.mean(-1))
        for name, each in names.items():
            sums = _pay(each, record, len(seeds), config.episodes, None)[0].sum(0)
            curves[name].append(sums.reshape(len(seeds), -1).mean(-1))
        gain = advantages(paid, record, len(seeds), config)
        theta = theta + config.learning_rate * gradient(gain, record, policy, config)
    return Learned(softmax(theta), {n: np.stack(c, -1) for n, c in curves.items()}, steps, tuple(states or ()))


def rollout(
    world: World, policy: Floats, rngs: Sequence[np.random.Generator], episodes: int, progress: float = 0.0
) -> Rollout:
    """``episodes`` episodes for each of the S policies ``(S, O, A)``, agent ``s * episodes + i``."""
    width, count = world.draws, len(rngs) * episodes
    numbers = np.stack([rng.random((world.horizon + 1, episodes, width + 1)) for rng in rngs], 1)
    numbers = numbers.reshape(world.horizon + 1, count, width + 1)
    owner = np.repeat(np.arange(len(rngs)), episodes)
    cumulative = policy.cumsum(-1)
    state, live = world.start(numbers[-1, :, 1:]), np.ones(count, bool)
    rows: list[tuple[Table, Table, Table]] = []
    columns: list[Mapping[str, Table]] = []
    for t in range(world.horizon):
        seen = world.observe(state)
        action = np.minimum((cumulative[owner, seen] <= numbers[t, :, :1]).sum(-1), world.actions - 1)
        after, ended = world.step(state, action, numbers[t, :, 1:])
        given = world.fields(state, action, after)
        clock = {"time": np.full(count, float(t)), "next_time": np.full(count, float(t + 1))}
        ends = {"terminated": ended, "truncated": ~ended & (t + 1 == world.horizon)}
        log_prob = np.log(np.maximum(policy[owner, seen, action], 1e-300))
        more = {"first": np.full(count, t == 0), "progress": np.full(count, progress), "log_prob": log_prob}
        columns.append({**given, **clock, **ends, **more})
        rows.append((seen, action, live))
        live = live & ~ended
        state = np.where(live[:, None], after, state)  # a world need not know what comes after its end
        if not live.any():
            break
    stacked = {name: np.stack([each[name] for each in columns]) for name in columns[0]}
    observation, chosen, happened = (np.stack(column) for column in zip(*rows, strict=True))
    return Rollout(observation, chosen, happened, stacked)


def advantages(paid: Floats, record: Rollout, seeds: int, config: EpisodicGradient) -> Floats:
    """Returns-to-go ``(T, n)`` centred (and scaled) over the steps of each seed and level; 0 where NaN."""
    level = record.fields.get("level", np.zeros(paid.shape, np.int64))
    total = np.full(paid.shape, np.nan)
    for number, discount in enumerate(config.discounts):
        mine = (level == number) & record.live
        running, out = np.zeros(paid.shape[1]), np.zeros(paid.shape)
        for t in range(len(paid) - 1, -1, -1):
            running = np.where(mine[t], paid[t], 0.0) + discount * running
            out[t] = running
        for s in range(seeds):
            part = slice(s * paid.shape[1] // seeds, (s + 1) * paid.shape[1] // seeds)
            values = np.where(mine[:, part], out[:, part], np.nan)
            known = values[~np.isnan(values)]
            if known.size:
                scale = known.std() + 1e-8 if config.normalize else 1.0
                total[:, part] = np.where(mine[:, part], (values - known.mean()) / scale, total[:, part])
    return np.where(np.isnan(total), 0.0, total)


def gradient(gain: Floats, record: Rollout, policy: Floats, config: EpisodicGradient) -> Floats:
    """Mean over episodes of the policy gradient ``(S, O, A)``, with that of the entropy."""
    seeds, observations, actions = policy.shape
    owner = np.broadcast_to(np.repeat(np.arange(seeds), gain.shape[1] // seeds), gain.shape)
    place = (owner * observations + record.observation) * actions + record.action
    size = seeds * observations * actions
    chosen = np.bincount(place.ravel(), gain.ravel(), size).reshape(policy.shape)
    push = chosen - chosen.sum(-1, keepdims=True) * policy
    if config.entropy:
        where = (owner * observations + record.observation).ravel()
        visits = np.bincount(where, record.live.ravel(), size // actions).reshape(seeds, observations, 1)
        surprise = -np.log(np.maximum(policy, 1e-300))
        push = push + config.entropy * visits * policy * (surprise - (policy * surprise).sum(-1, keepdims=True))
    return push / config.episodes


def softmax(theta: Floats) -> Floats:
    """Probabilities of logits, over the last axis."""
    weights = np.exp(theta - theta.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _pay(reward: Reward, record: Rollout, seeds: int, episodes: int, states: Any) -> tuple[Floats, list[Any]]:
    """Rewards ``(T, n)``, 0 after the end, and the new states; all seeds at once where nothing is kept."""
    paid = np.zeros(record.live.shape)
    everyone = slice(0, seeds * episodes)
    parts = [slice(s * episodes, (s + 1) * episodes) for s in range(seeds)]
    if states is None:
        states = [reward.init(record.flat(parts[0])[0]) for _ in parts]
    alone = not holds(states[0])
    after: list[Any] = []
    for part, state in [(everyone, states[0])] if alone else zip(parts, states, strict=True):
        batch, live = record.flat(part)
        values, state = reward.apply(batch, state)
        mine = np.zeros(live.shape)
        mine[live] = np.asarray(values)[0]
        paid[:, part] = mine.T
        after.append(state)
    return paid, states if alone else after


def _check_fields(rewards: Sequence[Reward], record: Rollout) -> None:
    for reward in rewards:
        for name in sorted(reward.fields - set(record.fields)):
            raise MissingField(name, str(reward), ", ".join(sorted(record.fields)))
