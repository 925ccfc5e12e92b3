"""Engine: carries a set of members through iterations, block by block, on all devices.

Two routes, made of the same pure functions.  Programs that encode run wholly compiled; any other
reward is evaluated on the host between a compiled rollout and a compiled update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import numpy as np

from ...core.errors import ProgramError
from .compiled import PLACES, ROUNDS, Plan, learn_block, rollout_block, train_block
from .config import Knobs
from .curves import FIGURES
from .device import as_program, device_table
from .rollout import Steps
from .scoring import score
from .update import RECORDED, Member

LENGTHS = (32, 128, 256)  # few, because each is a program to compile

Numbers = np.ndarray[Any, Any]
Progress = Callable[[int], None]


class Advance(NamedTuple):
    """What some iterations gave: members, figures ``(I, M, len(FIGURES))``, parts per member, reward states."""

    members: Member
    figures: Numbers
    terms: list[dict[str, Numbers]]
    states: list[tuple[Any, ...] | None]


@dataclass(frozen=True)
class Block:
    """Some members spread over the devices.

    Args:
        members: ``(m,)`` indices of members.
        slots: ``(capacity,)`` the member at each place, any where none is.
        places: ``(m,)`` where each member is.
        live: ``(devices,)`` how many places of each device are in use.
    """

    members: Numbers
    slots: Numbers
    places: Numbers
    live: Numbers

    def take(self, tree: Any) -> Any:
        """The block's rows of arrays with a row per member."""
        return jax.tree.map(lambda leaf: leaf[self.slots], tree)

    def put(self, tree: Any, block: Any) -> None:
        """Write the block's results into arrays that belong to the caller."""

        def write(leaf: Numbers, new: Any) -> None:
            leaf[self.members] = np.asarray(new)[self.places]

        jax.tree.map(write, tree, block)


def blocks(members: Sequence[int], devices: int) -> list[Block]:
    """Split members into blocks of at most ``PLACES`` per device, evenly over the devices."""
    found: list[Block] = []
    for start in range(0, len(members), PLACES * devices):
        chosen = np.asarray(members[start : start + PLACES * devices])
        parts = np.array_split(np.arange(len(chosen)), devices)
        places = np.concatenate([PLACES * d + np.arange(len(part)) for d, part in enumerate(parts)])
        slots = np.full(PLACES * devices, chosen[0])
        slots[places] = chosen
        found.append(Block(chosen, slots, places, np.asarray([len(part) for part in parts], np.int32)))
    return found


def code_length(reward: Any, task: Any) -> int | None:
    """Instructions of register code that a reward runs with when compiled; None where it must run on the host.

    It depends on the reward alone, so a member's arithmetic never depends on its neighbours.
    """
    from ...program import encode

    program = as_program(reward, task) if task.is_array else None
    if program is None:
        return None
    for length in LENGTHS:
        try:
            encode([program], device_table(task), length)
        except ProgramError:
            continue
        return length
    return None


def advance_compiled(
    plan: Plan,
    knobs: Knobs,
    members: Member,
    rewards: Sequence[Any],
    length: int,
    rounds: int,
    progress: Progress,
) -> Advance:
    """All iterations on the devices; ``rewards[m]`` is the reward of member m, a program on the device."""
    from ...program import encode

    programs: list[Any] = [as_program(reward, plan.task) for reward in rewards]
    unique = list(dict.fromkeys(programs))
    rows = {program: row for row, program in enumerate(unique)}
    codes = encode(unique, device_table(plan.task), length)
    own = jax.tree.map(lambda leaf: np.asarray(leaf)[[rows[program] for program in programs]], codes)
    groups = blocks(range(len(programs)), plan.mesh.size)
    coded = [plan.place(group.take(own)) for group in groups]
    states = [plan.place(group.take(members)) for group in groups]
    records: list[Numbers] = []
    for start in range(0, rounds, ROUNDS):
        now = min(ROUNDS, rounds - start)
        done = [
            train_block(plan, knobs, state, code, group.live, np.int32(now))
            for group, state, code in zip(groups, states, coded, strict=True)
        ]
        states = [state for state, _ in done]
        record = np.zeros((len(programs), now, done[0][1].shape[-1]), np.float32)
        for group, (_, new) in zip(groups, done, strict=True):
            group.put(record, np.asarray(new)[:, :now])
        records.append(record.swapaxes(0, 1))
        progress(start + now)
    after = jax.tree.map(np.array, members)
    for group, state in zip(groups, states, strict=True):
        group.put(after, state)
    joined = np.concatenate(records)
    parts = joined[:, :, len(FIGURES) :]
    terms = [{name: parts[:, m, k] for k, name in enumerate(one.names)} for m, one in enumerate(programs)]
    return Advance(after, joined[:, :, : len(FIGURES)], terms, [None] * len(programs))


def advance_hosted(
    plan: Plan,
    knobs: Knobs,
    members: Member,
    rewards: Sequence[Any],
    states: Sequence[tuple[Any, ...] | None],
    rounds: int,
    progress: Progress,
) -> Advance:
    """Compiled rollout, reward in NumPy, compiled update; blocks overlap, which keeps the devices busy."""
    count = len(rewards)
    states = list(states)
    figures = np.zeros((rounds, count, len(FIGURES)), np.float32)
    terms: list[list[dict[str, float]]] = [[] for _ in range(count)]
    groups = blocks(range(count), plan.mesh.size)
    carried = [plan.place(block.take(members)) for block in groups]
    for round in range(rounds):
        played = [rollout_block(plan, state, block.live) for block, state in zip(groups, carried, strict=True)]
        studied: list[Any] = []
        for block, (state, steps) in zip(groups, played, strict=True):
            paid, signals = score_block(plan, block, steps, rewards, states, terms)
            figures[round, block.members, len(RECORDED)] = signals
            studied.append(study(plan, knobs, block, state, steps, paid))
        carried = [state for state, _ in studied]
        for block, (_, record) in zip(groups, studied, strict=True):
            block.put(figures[round, :, : len(RECORDED)], record)
        progress(round + 1)
    after = jax.tree.map(np.array, members)
    for block, state in zip(groups, carried, strict=True):
        block.put(after, state)
    return Advance(after, figures, [as_columns(rows) for rows in terms], states)


def study(
    plan: Plan, knobs: Knobs, block: Block, members: Member, steps: Steps, paid: Numbers
) -> tuple[Member, Any]:
    """One compiled update of a block: members and records ``(capacity, len(RECORDED))``."""
    members, steps, paid = plan.place((members, steps, paid))
    # Learning knows no task: tasks with the same networks share one program.
    return learn_block(replace(plan, task=None), knobs, members, steps, paid, block.live)


def score_block(
    plan: Plan, block: Block, steps: Steps, rewards: Any, states: list[Any], terms: list[list[dict[str, float]]]
) -> tuple[Numbers, Numbers]:
    """Rewards ``(capacity, T, N)``, mean success signals; brings ``states`` and ``terms`` up to date."""
    arrays = jax.tree.map(np.asarray, steps)
    paid = np.zeros(arrays.clock.shape, np.float32)
    signals = np.zeros(len(block.members), np.float32)
    for i, (m, place) in enumerate(zip(block.members, block.places, strict=True)):
        own = jax.tree.map(lambda leaf, place=place: leaf[place], arrays)
        found = score(plan.task, rewards[m], own, states[m])
        paid[place], signals[i], states[m] = found.reward, found.signal, found.state
        terms[m].append(found.terms)
    return paid, signals


def as_columns(rows: Sequence[dict[str, float]]) -> dict[str, Numbers]:
    """Rows of named numbers as named columns, NaN where a row lacks a name."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.asarray([row.get(name, np.nan) for row in rows], np.float32) for name in names}
