"""Evaluation: whole episodes with a trained policy on fresh starts, judged by the task's success."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput, MissingExtra
from ...tasks.envs.convert import legal
from ...tasks.envs.host import as_vector
from .compiled import PLACES, play_block
from .config import whole
from .devices import prepare
from .policy import Policy
from .statistics import Moments

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One episode: ``obs (L, O)``, ``action (L, ...)``, and what each part of the reward paid, ``(L,)``."""

    obs: Numbers
    action: Numbers
    success: float
    terms: dict[str, Numbers]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How policies did.

    Args:
        success: ``(M, episodes)`` in 0..1; NaN where the task gives no verdict.
        returns: ``(M, episodes)`` sums of the task's own reward, NaN where it has none.
        lengths: ``(M, episodes)`` steps until the episode ended.
        trajectories: for each policy, its first few episodes.
    """

    success: Numbers
    returns: Numbers
    lengths: Numbers
    trajectories: tuple[tuple[Trajectory, ...], ...]


def evaluate(
    task: Any,
    policies: Sequence[Policy],
    seeds: int | Sequence[int],
    episodes: int = 32,
    *,
    greedy: bool = True,
    keep: int = 2,
    rewards: Sequence[Any] | None = None,
) -> Evaluation:
    """Play whole episodes from fresh starts, one after the other for every policy.

    Args:
        seeds: of the starts, one for all policies (equal starts) or one for each.
        greedy: take the most probable action; otherwise draw.
        keep: episodes per policy to return as trajectories.
        rewards: one per policy, to show in the trajectories what each part of it paid.

    Raises:
        BadInput: no policies, policies of another task, or not one seed (or reward) per policy.
    """
    whole("episodes", episodes)
    shared = isinstance(seeds, (int, np.integer))
    chosen = [int(seeds)] * len(policies) if shared else [int(seed) for seed in seeds]
    _check(task, policies, chosen, rewards)
    prepare()
    played = _array_episodes if task.is_array else _simulated_episodes
    found: list[Evaluation] = []
    for start in range(0, len(policies), PLACES):
        part = slice(start, start + PLACES)
        for i, batch in enumerate(played(task, policies[part], chosen[part], episodes, greedy)):
            found.append(judge(task, batch, keep, rewards[start + i] if rewards else None))
    return Evaluation(
        np.concatenate([one.success for one in found]),
        np.concatenate([one.returns for one in found]),
        np.concatenate([one.lengths for one in found]),
        tuple(one.trajectories[0] for one in found),
    )


def judge(task: Any, batch: dict[str, Numbers], keep: int, reward: Any = None) -> Evaluation:
    """Success, return and length of recorded episodes ``(E, T = horizon)`` of one policy.

    Steps after the first terminated one did not happen; whatever the arrays hold there is ignored.
    """
    ended = np.cumsum(batch["terminated"], axis=-1) > 0
    alive = np.concatenate([np.ones_like(ended[:, :1]), ~ended[:, :-1]], axis=-1)
    alive &= batch.get("happened", alive)
    signal = np.asarray(task.success.signal(batch))
    success = np.asarray(task.success.episode(signal, alive), np.float64)
    lengths = alive.sum(axis=-1)
    returns = np.full(len(lengths), np.nan)
    if task.native is not None:
        paid = np.broadcast_to(np.asarray(task.native(batch), np.float64), alive.shape)
        returns = np.where(alive, paid, 0.0).sum(axis=-1)
    trajectories: list[Trajectory] = []
    for e in range(min(keep, len(lengths))):
        one = {name: array[e, : lengths[e]] for name, array in batch.items()}
        seen = {**one, "success": signal[e, : lengths[e]]}
        terms = {} if reward is None else {k: np.asarray(v) for k, v in reward.terms(seen).items()}
        trajectories.append(Trajectory(one["obs"], one["action"], float(success[e]), terms))
    return Evaluation(success[None], returns[None], lengths[None], (tuple(trajectories),))


def _array_episodes(
    task: Any, policies: Sequence[Policy], seeds: Sequence[int], episodes: int, greedy: bool
) -> list[dict[str, Numbers]]:
    rows = [min(i, len(policies) - 1) for i in range(PLACES)]
    params = np.stack([policies[i].params for i in rows])
    moments = Moments(*(np.stack(column) for column in zip(*(policies[i].moments for i in rows), strict=True)))
    chosen = np.asarray([seeds[i] for i in rows], np.uint32)
    live = np.int32(len(policies))
    arrays = play_block(task, policies[0].networks, params, moments, chosen, live, episodes, greedy)
    turned = [np.asarray(array).swapaxes(1, 2) for array in arrays]
    return [task.batch(*(array[i] for array in turned)) for i in range(len(policies))]


def _simulated_episodes(*arguments: Any) -> list[dict[str, Numbers]]:
    from .host import simulated_episodes

    return simulated_episodes(*arguments)


def evaluate_in_gymnasium(
    task: Any, policy: Policy, episodes: int = 100, seed: int = 0, keep: int = 2
) -> Evaluation:
    """Play greedily in the real Gymnasium environment, and judge its own observations.

    Args:
        seed: of the first episode; the others count up from it.

    Raises:
        BadInput: the task has no counterpart in Gymnasium.
    """
    whole("episodes", episodes)
    try:
        import gymnasium
    except ImportError:
        raise MissingExtra("gymnasium", "control", "evaluating in Gymnasium") from None
    name = task.env.gym_id if task.is_array else task.env.id
    if name is None:
        raise BadInput(f"task {task.name}", "an environment of our own", "a task that Gymnasium has too")
    options = {} if task.is_array else dict(task.env.options)
    if getattr(task.env, "package", None):
        importlib.import_module(task.env.package)
    count = min(episodes, 16)
    envs = [as_vector(gymnasium.make(name, max_episode_steps=task.horizon, **options)) for _ in range(count)]
    recorded: list[dict[str, Numbers]] = []
    for start in range(0, episodes, len(envs)):
        some = envs[: min(len(envs), episodes - start)]
        recorded.append(_play_gymnasium(task, policy, some, seed + start))
    for env in envs:
        env.close()
    batch = {key: np.concatenate([part[key] for part in recorded]) for key in recorded[0]}
    return judge(task, batch, keep)


def _play_gymnasium(task: Any, policy: Policy, envs: Sequence[Any], seed: int) -> dict[str, Numbers]:
    obs = np.stack([np.ravel(env.reset(seed=seed + i)[0]).astype(np.float64) for i, env in enumerate(envs)])
    shape = (len(envs), task.horizon)
    happened, terminated = np.zeros(shape, bool), np.zeros(shape, bool)
    paid, verdict = np.zeros(shape), np.zeros(shape)
    key = None if task.is_array else task.env.success_key
    seen, following = np.zeros((*shape, obs.shape[-1])), np.zeros((*shape, obs.shape[-1]))
    actions: list[Numbers] = []
    alive = np.ones(len(envs), bool)
    for t in range(task.horizon):
        action = policy.act(obs)
        actions.append(action)
        seen[:, t] = obs
        for i in np.flatnonzero(alive).tolist():
            move = legal(action[i : i + 1], envs[i].action_space)[0]
            after, paid[i, t], ended, cut, info = envs[i].step(move)
            verdict[i, t] = 0.0 if key is None else float(info.get(key, 0.0))
            happened[i, t], terminated[i, t] = True, ended
            obs[i] = np.ravel(after)
            alive[i] = not (ended or cut)
        following[:, t] = obs
        if not alive.any():
            break
    pad = [np.zeros_like(actions[0])] * (task.horizon - len(actions))
    native = {} if task.is_array else {"native_reward": paid}
    told = {} if key is None else {"native_success": verdict}
    batch = task.batch(seen, np.stack(actions + pad, axis=1), following, terminated, **native, **told)
    return {**batch, "happened": happened}


def _check(task: Any, policies: Sequence[Policy], seeds: Sequence[int], rewards: Sequence[Any] | None) -> None:
    if not policies:
        raise BadInput("policies", "none", "at least one")
    for policy in policies:
        if (policy.networks.observation_size, policy.networks.actions) != (task.observation_size, task.actions):
            raise BadInput("policy", policy.networks, f"one for the observations and actions of {task.name}")
    if len({policy.networks for policy in policies}) > 1:
        raise BadInput("policies", "networks of different sizes", "networks of one size")
    if len(seeds) != len(policies):
        raise BadInput("seeds", f"{len(seeds)} for {len(policies)} policies", "one, or one for each policy")
    if rewards is not None and len(rewards) != len(policies):
        raise BadInput("rewards", f"{len(rewards)} for {len(policies)} policies", "one for each policy")
