"""Host: members whose environments are simulators, stepped outside of JAX between two compiled calls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import jax
import numpy as np

from .compiled import PLACES, Plan, act_block, noise_block
from .config import Knobs
from .curves import FIGURES
from .engine import Advance, Progress, as_columns, blocks, score_block, study
from .policy import Policy
from .rollout import Steps
from .update import RECORDED, Member

Numbers = np.ndarray[Any, Any]
HOST_STEP = ("obs", "reward", "terminated", "truncated", "next_obs")


def fresh_seed(*parts: int) -> int:
    """A seed for a simulator, a fixed function of some whole numbers."""
    text = ":".join(str(int(part)) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 2


def advance_simulated(
    plan: Plan,
    knobs: Knobs,
    members: Member,
    rewards: Sequence[Any],
    states: Sequence[tuple[Any, ...] | None],
    rounds: int,
    progress: Progress,
) -> Advance:
    """As ``advance_hosted``, with simulators.

    A simulator's state cannot be saved, so every call starts new episodes, seeded by the member's seed
    and iteration: a training that is stopped between two calls and resumed goes on exactly.
    """
    count = len(rewards)
    states = list(states)
    figures = np.zeros((rounds, count, len(FIGURES)), np.float32)
    terms: list[list[dict[str, float]]] = [[] for _ in range(count)]
    after = jax.tree.map(np.array, members)
    after.running[:] = 0.0
    groups = blocks(range(count), plan.mesh.size)
    with closing(plan.task.env.open(count * plan.shape.envs, _seeds(plan, members))) as world:
        seen = _by_member(world.reset(), count).astype(np.float32)
        clock = np.zeros(seen.shape[:2], np.int32)
        for round in range(rounds):
            steps, seen, clock = _record(plan, after, world, seen, clock)
            for block in groups:
                own = block.take(steps)
                paid, signals = score_block(plan, block, own, rewards, states, terms)
                figures[round, block.members, len(RECORDED)] = signals
                state, record = study(plan, knobs, block, block.take(after), own, paid)
                block.put(after, state)
                block.put(figures[round, :, : len(RECORDED)], record)
            progress(round + 1)
    return Advance(after, figures, [as_columns(rows) for rows in terms], states)


def simulated_episodes(
    task: Any, policies: Sequence[Policy], seeds: Sequence[int], episodes: int, greedy: bool
) -> list[dict[str, Numbers]]:
    """Whole episodes ``(E, T = horizon)`` of every policy; ``happened`` marks the steps before the end."""
    return [_episodes(task, *pair, episodes, greedy) for pair in zip(policies, seeds, strict=True)]


def _episodes(task: Any, policy: Policy, seed: int, episodes: int, greedy: bool) -> dict[str, Numbers]:
    rng = np.random.default_rng(seed)
    rows: list[tuple[Numbers, ...]] = []
    with closing(task.env.open(episodes, fresh_seed(seed))) as world:
        obs = world.reset()
        alive = np.ones(episodes, bool)
        for _ in range(task.horizon):
            action = policy.act(obs, None if greedy else rng)
            step = world.step(action)
            judged = np.full(episodes, np.nan) if step.success is None else step.success
            rows.append((obs, action, step.next_obs, step.terminated & alive, step.reward, judged, alive))
            alive = alive & ~(step.terminated | step.truncated)
            obs = step.obs
    *arrays, happened = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    return {**task.batch(*arrays), "happened": happened}


def _seeds(plan: Plan, members: Member) -> Numbers:
    """A seed for every copy, ``(M * N,)``: a function of its member's seed and iteration alone."""
    firsts = [fresh_seed(*pair) for pair in zip(members.seed, members.iteration, strict=True)]
    return np.add.outer(firsts, np.arange(plan.shape.envs)).ravel()


def _by_member(array: Numbers, count: int) -> Numbers:
    return np.asarray(array).reshape(count, -1, *array.shape[1:])


def _record(
    plan: Plan, members: Member, world: Any, seen: Numbers, clock: Numbers
) -> tuple[Steps, Numbers, Numbers]:
    """One rollout of all members: steps ``(M, T, N, ...)``, and what they see and their clocks afterwards."""
    choose = _chooser(plan, members)
    rows: list[tuple[Numbers, ...]] = []
    for time in range(plan.shape.rollout):
        action, raw, head = choose(seen, time)
        found = world.step(action.reshape(-1, *action.shape[2:]))
        obs, paid, ended, cut, after = (_by_member(getattr(found, name), len(seen)) for name in HOST_STEP)
        told = [paid] if found.success is None else [paid, _by_member(found.success, len(seen))]
        now = (seen, action, after.astype(np.float32), ended, cut, clock, raw, head)
        rows.append((*now, *(array.astype(np.float32) for array in told)))
        seen = obs.astype(np.float32)
        clock = np.where(ended | cut, 0, clock + 1).astype(np.int32)
    return Steps(*(np.stack(column, axis=1) for column in zip(*rows, strict=True))), seen, clock


def _chooser(plan: Plan, members: Member) -> Callable[[Numbers, int], tuple[Numbers, ...]]:
    """Actions of all members at once; padded, so that most sizes share a program."""
    count = len(members.seed)
    rows = np.minimum(np.arange(-(-count // PLACES) * PLACES), count - 1)
    padded = jax.device_put(jax.tree.map(lambda leaf: leaf[rows], members), jax.devices()[0])
    noise = np.asarray(noise_block(plan.networks, plan.shape, padded))

    def choose(seen: Numbers, time: int) -> tuple[Numbers, ...]:
        outputs = act_block(plan.networks, padded, seen[rows], noise[time])
        return tuple(np.asarray(output)[:count] for output in outputs)

    return choose
