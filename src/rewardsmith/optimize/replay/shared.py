"""SharedReplay: candidates that learn from one another's experience, as an immutable value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from ...core.errors import BadInput
from ...tasks.spaces import Discrete
from ..control.compiled import compiled
from ..control.config import whole
from ..control.devices import prepare
from ..control.networks import Networks
from ..control.policy import Policy
from .config import ReplayConfig
from .learner import Agents, Rates, Rows, study
from .play import Played, Stage, play
from .scale import match_scale, varies
from .store import Store, check_relabelling, label
from .thompson import Window

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class SharedReplay:
    """K candidate rewards, one agent each, and for every seed ONE buffer that all of them learn from.

    Transitions are stored raw, as what happened, and labelled by every candidate.  In each episode one
    candidate acts, chosen by Thompson sampling on whether its last episodes succeeded (so the task's success is
    read).  Every method returns a new value.

    Args:
        rewards: the candidates; they see one step at a time and keep no state.
        seeds: one buffer each; members are candidate by candidate, (reward 0, seed 0), (reward 0, seed 1), ...
        factor, offset: ``(K, S)``, the scale on which each reward is learned.
        signals: ``(S, N, horizon)``, success signals of the episodes under way.
        windows: for each seed, the outcomes that Thompson sampling counts.
        episodes: ``(R, S, K, 2)``, episodes of each candidate that ended in each round, and that succeeded.

    Source: LaRes (Population-based search with a shared replay buffer, NeurIPS 2025).

    Differs from the paper: double DQN with choices instead of SAC; the window of outcomes is joint; a reward
    that is constant on the stored experience is refused; an elite keeps the scale that it was trained on.
    """

    task: Any
    config: ReplayConfig
    rewards: tuple[Any, ...]
    seeds: tuple[int, ...]
    agents: Agents
    stage: Stage
    store: Store
    factor: Numbers
    offset: Numbers
    signals: Numbers
    windows: tuple[Window, ...]
    episodes: Numbers

    @staticmethod
    def start(task: Any, rewards: Sequence[Any], seeds: Sequence[int], config: ReplayConfig) -> SharedReplay:
        """Untrained agents and empty buffers.

        Raises:
            BadInput: no rewards or seeds, doubled seeds, a reward with a state, a task that is a simulator, or
                one whose actions are not choices.
            ScopeError: a reward must see more than one step.
        """
        _check(task, rewards, seeds)
        prepare()
        nets = networks(task, config)
        count, choices = len(seeds), len(rewards)
        initial = np.stack([nets.initial(np.random.default_rng([seed, 0x5EED])) for seed in seeds])
        params = np.tile(initial, (choices, 1))
        members = len(params)
        none = np.zeros_like(params)
        agents = Agents(
            params,
            params,
            none,
            none,
            np.zeros(members, np.int32),
            np.arange(members),
            np.zeros(members, np.float32),
        )
        keys = _keys(np.asarray(seeds, np.uint32), 0, np.zeros(count, np.uint32))
        state = np.stack([np.asarray(task.env.reset(key, (config.envs,))) for key in keys])
        windows = tuple(Window.empty(choices, config.window) for _ in seeds)
        first = [
            window.draw(_rng(seed, 0), (config.envs,)) for window, seed in zip(windows, seeds, strict=True)
        ]
        stage = Stage(state, np.zeros(state.shape[:2], np.int32), np.stack(first).astype(np.int32))
        return SharedReplay(
            task=task,
            config=config,
            rewards=tuple(rewards),
            seeds=tuple(int(seed) for seed in seeds),
            agents=agents,
            stage=stage,
            store=Store.empty(task, choices, count, config.capacity),
            factor=np.ones((choices, count), np.float32),
            offset=np.zeros((choices, count), np.float32),
            signals=np.zeros((count, config.envs, task.horizon), np.float32),
            windows=windows,
            episodes=np.zeros((0, count, choices, 2), np.int32),
        )

    def __len__(self) -> int:
        return len(self.rewards) * len(self.seeds)

    @property
    def steps(self) -> int:
        """Environment steps per seed: all candidates together."""
        return len(self.episodes) * self.config.round

    @property
    def owners(self) -> tuple[int, ...]:
        """For each member the index of its reward."""
        return tuple(k for k in range(len(self.rewards)) for _ in self.seeds)

    def advance(self, steps: int) -> SharedReplay:
        """Play ``steps`` more environment steps per seed (rounded up to whole rounds) and learn from them."""
        whole("steps to advance", steps)
        now = self
        for _ in range(-(-steps // self.config.round)):
            now = _learned(_played(now))
        return now

    def with_rewards(self, rewards: Sequence[Any], elites: Sequence[int] = ()) -> SharedReplay:
        """Other candidates; all stored experience is relabelled.

        Args:
            rewards: as many as before.
            elites: candidates that stay, best first.  All others start again from the best one's networks, are
                pulled to them, and their rewards are brought to the best one's scale (Eq. 3).  Best is the
                first whose reward still varies on the stored experience, of which the oldest is lost; without
                such a one every agent goes on with its new labels.

        Raises:
            BadInput: another number of rewards, an elite that is changed, or a new reward that does not vary on
                the stored experience.
        """
        _check(self.task, rewards, self.seeds)
        if len(rewards) != len(self.rewards):
            raise BadInput("rewards", len(rewards), f"{len(self.rewards)}, as before")
        changed = [e for e in elites if not 0 <= e < len(rewards) or rewards[e] != self.rewards[e]]
        if changed or len(set(elites)) < len(elites):
            raise BadInput("elites", list(elites), "different candidates whose rewards stay as they are")
        new = replace(self, rewards=tuple(rewards))
        if self.store.filled:
            new = replace(new, store=self.store.relabelled(label(self.task, rewards, self.store.rows())))
        best = next((e for e in elites if all(map(varies, new.store.paid[e, :, : new.store.filled]))), None)
        return new if best is None else _restarted(new, list(elites), best)

    def policies(self) -> list[Policy]:
        """What each member has learned: the greedy action of its values."""
        nets, width = networks(self.task, self.config), self.task.observation_size
        none, one = np.zeros(width, np.float32), np.ones(width, np.float32)
        return [Policy(nets, np.asarray(params).copy(), none, one) for params in self.agents.params]

    def failures(self) -> list[int]:
        """Members whose reward was infinite on any stored transition."""
        return np.flatnonzero(self.store.infinite.ravel()).tolist()

    # ------------------------------------------------------------------ on disk
    def arrays(self) -> dict[str, Numbers]:
        """Everything but the rewards, as named arrays; ``from_arrays`` restores it bit for bit."""
        found = {f"agents.{name}": np.asarray(leaf) for name, leaf in self.agents._asdict().items()}
        found |= {f"stage.{name}": np.asarray(leaf) for name, leaf in self.stage._asdict().items()}
        found |= {f"raw.{name}": array for name, array in self.store.raw.items()}
        found |= {"paid": self.store.paid, "infinite": self.store.infinite}
        found |= {
            "ring": np.asarray([self.store.filled, self.store.at]),
            "seeds": np.asarray(self.seeds, np.uint32),
        }
        found |= {name: getattr(self, name) for name in ("factor", "offset", "signals", "episodes")}
        found |= {"window.outcomes": np.stack([window.outcomes for window in self.windows])}
        found |= {"window.next": np.stack([window.next for window in self.windows])}
        return found | {"rewards": np.asarray([str(reward) for reward in self.rewards])}

    @staticmethod
    def from_arrays(
        arrays: Mapping[str, Numbers], task: Any, rewards: Sequence[Any], config: ReplayConfig
    ) -> SharedReplay:
        """The value that ``arrays`` described; task, rewards and config must be those it was made with."""
        if [str(reward) for reward in rewards] != arrays["rewards"].tolist():
            raise BadInput("rewards of a saved replay", len(rewards), "the rewards it was saved with")
        blank = SharedReplay.start(task, rewards, [int(seed) for seed in arrays["seeds"]], config)
        fresh = blank.arrays()
        grows = ("episodes", "rewards")
        if any(fresh[name].shape != np.shape(arrays[name]) for name in fresh if name not in grows):
            raise BadInput("config of a saved replay", config, "the config it was saved with")
        filled, at = (int(value) for value in arrays["ring"])
        raw = {name: np.asarray(arrays[f"raw.{name}"]) for name in blank.store.raw}
        pairs = zip(arrays["window.outcomes"], arrays["window.next"], strict=True)
        parts = {name: np.asarray(arrays[name]) for name in ("factor", "offset", "signals", "episodes")}
        return replace(
            blank,
            agents=Agents(*(np.asarray(arrays[f"agents.{name}"]) for name in Agents._fields)),
            stage=Stage(*(np.asarray(arrays[f"stage.{name}"]) for name in Stage._fields)),
            store=Store(raw, np.asarray(arrays["paid"]), filled, at, np.asarray(arrays["infinite"])),
            windows=tuple(Window(*pair) for pair in pairs),
            **parts,
        )


def networks(task: Any, config: ReplayConfig) -> Networks:
    """The actor's outputs are the values of the choices; the critic is not used."""
    return Networks(task.observation_size, task.actions, config.hidden)


# ------------------------------------------------------------------ one round
def _played(now: SharedReplay) -> SharedReplay:
    """All copies a few steps further; the store and the windows brought up to date."""
    task, config, iteration = now.task, now.config, len(now.episodes)
    rngs = [_rng(seed, iteration + 1) for seed in now.seeds]
    shape = (config.rollout, config.envs)
    next_up = [window.draw(rng, shape) for window, rng in zip(now.windows, rngs, strict=True)]
    keys = _keys(np.asarray(now.seeds, np.uint32), iteration, np.ones(len(now.seeds), np.uint32))
    successors = np.stack(next_up, axis=1).astype(np.int32)
    explore = np.float32(config.explores(now.steps))
    nets = networks(task, config)
    stage, found = play(task, nets, config.rollout, now.agents.params, now.stage, keys, successors, explore)
    played = Played(*(np.asarray(array) for array in found))
    rows = {
        name: _by_seed(getattr(played, name)) for name in ("obs", "action", "next_obs", "terminated", "clock")
    }
    store = now.store.with_rows(rows, label(task, now.rewards, rows))
    signals, windows, counts = _outcomes(now, played)
    return replace(
        now,
        stage=Stage(*(np.asarray(array) for array in stage)),
        store=store,
        signals=signals,
        windows=windows,
        episodes=np.concatenate([now.episodes, counts[None]]),
    )


def _learned(now: SharedReplay) -> SharedReplay:
    """A round of gradient steps of every agent."""
    config, store = now.config, now.store
    if store.filled < config.batch:
        return now
    paid = now.factor[..., None] * store.paid + now.offset[..., None]
    raw = store.raw
    labels = paid.reshape(-1, store.capacity).astype(np.float32)
    stored = Rows(raw["obs"], raw["action"], raw["next_obs"], raw["terminated"], labels)
    discount = now.task.discount if config.discount is None else config.discount
    rates = Rates(config.learning_rate, config.max_grad_norm, config.polyak, discount)
    seeds = np.tile(np.asarray(now.seeds, np.uint32), len(now.rewards))
    purposes = 2 + np.repeat(np.arange(len(now.rewards), dtype=np.uint32), len(now.seeds))
    keys = _keys(seeds, len(now.episodes), purposes)
    nets = networks(now.task, config)
    agents = study(nets, config.batch, config.updates, rates, now.agents, stored, np.int32(store.filled), keys)
    return replace(now, agents=Agents(*(np.asarray(leaf) for leaf in agents)))


def _outcomes(now: SharedReplay, played: Played) -> tuple[Numbers, tuple[Window, ...], Numbers]:
    """Judge the episodes that ended: signals of those under way, windows, and counts ``(S, K, 2)``."""
    task = now.task
    signal = np.asarray(
        task.success.signal(task.batch(played.obs, played.action, played.next_obs, played.terminated))
    )
    signal = np.broadcast_to(signal, played.clock.shape)
    done = played.terminated | (played.clock + 1 >= task.horizon)
    signals, windows = now.signals.copy(), list(now.windows)
    counts = np.zeros((len(now.seeds), len(now.rewards), 2), np.int32)
    rows, columns = np.indices(played.clock.shape[1:])
    for time in range(len(signal)):
        signals[rows, columns, played.clock[time]] = signal[time]
        for s, n in np.argwhere(done[time]):
            alive = np.arange(task.horizon) <= played.clock[time, s, n]
            judged = float(task.success.episode(signals[s, n], alive))
            signals[s, n] = 0.0
            if np.isnan(judged):
                continue
            owner, success = int(played.owner[time, s, n]), judged >= now.config.succeeds
            windows[s] = windows[s].with_outcome(owner, success)
            counts[s, owner] += (1, int(success))
    return signals, tuple(windows), counts


# ------------------------------------------------------------------ new rewards
def _restarted(now: SharedReplay, elites: list[int], best: int) -> SharedReplay:
    """Everybody but the elites starts from the best elite's networks, on its scale."""
    count = len(now.seeds)
    others = [k for k in range(len(now.rewards)) if k not in elites]
    factor, offset = now.factor.copy(), now.offset.copy()
    filled = now.store.filled
    for k in others:
        for s in range(count):
            model = factor[best, s] * now.store.paid[best, s, :filled] + offset[best, s]
            found = match_scale(now.store.paid[k, s, :filled], model)
            factor[k, s], offset[k, s] = found.factor, found.offset
    leaves = {name: np.array(leaf) for name, leaf in now.agents._asdict().items()}
    for k in range(len(now.rewards)):
        own, source = slice(k * count, (k + 1) * count), slice(best * count, (best + 1) * count)
        if k in elites:
            leaves["anchor"][own], leaves["pull"][own] = np.arange(k * count, (k + 1) * count), 0.0
            continue
        for name in ("params", "target"):
            leaves[name][own] = leaves[name][source]
        for name in ("first", "second", "updates"):
            leaves[name][own] = 0
        leaves["anchor"][own], leaves["pull"][own] = (
            np.arange(best * count, (best + 1) * count),
            now.config.pull,
        )
    windows = tuple(window.forgotten(others) for window in now.windows)
    return replace(now, agents=Agents(**leaves), factor=factor, offset=offset, windows=windows)


def _check(task: Any, rewards: Sequence[Any], seeds: Sequence[int]) -> None:
    if not task.is_array or not isinstance(task.actions, Discrete):
        received = "a simulator" if not task.is_array else str(task.actions)
        raise BadInput(f"shared replay on {task.name}", received, "array dynamics with choices (Discrete)")
    if not rewards or not len(seeds):
        raise BadInput("shared replay", f"{len(rewards)} rewards, {len(seeds)} seeds", "at least one of each")
    if len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise BadInput("seeds", list(seeds), "different whole numbers, at least 0")
    for reward in rewards:
        check_relabelling(reward, task)


@compiled
def _keys(seeds: Any, iteration: Any, purposes: Any) -> Any:
    """One random key per row: a function of seed, round and purpose alone."""

    def key(seed: Any, purpose: Any) -> Any:
        return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), iteration), purpose)

    return jax.vmap(key)(seeds, purposes)


def _rng(seed: int, iteration: int) -> np.random.Generator:
    return np.random.default_rng([seed, iteration, 7])


def _by_seed(array: Numbers) -> Numbers:
    """``(T, S, N, ...)`` as ``(S, T * N, ...)``."""
    turned = array.swapaxes(0, 1)
    return turned.reshape(len(turned), -1, *array.shape[3:])
