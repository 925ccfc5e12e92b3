"""Sampled distances: is shaping below the stated noise floor, and do the intervals cover the exact value?

    PYTHONPATH=src python benchmarks/sampled_distances.py [--repeats 100] [--steps 32000] [--seed 0]

First table: CartPole and Reacher, rewards of the task and the same rewards with shapings that people write,
each as large as the reward (in standard deviations) or ten times smaller; the distance, its noise floor, and
the share below it.  Second table: tabular worlds, sampled many times; how often the 95 % interval holds the
exact distance.  ``uniform``: transitions are drawn one by one.  ``episodes``: walks of 40 steps of the uniform
policy from anywhere, resampled as wholes; the exact distance is weighted by its expected visits.  Each step has
two successors.  The last line is one JSON object.

The worlds were chosen after a first run with a few repeats: MountainCar with actions of one step on such a grid
has advantages far below the blur of the grid, and no interval of this kind holds there.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core import mdp as tables
from rewardsmith.core.grid import four_rooms
from rewardsmith.measure.distance import (
    Transitions,
    canonical_form,
    distance,
    record_coverage,
    sampled_distance,
    starc_of,
    transition_moments,
)

KINDS = ("starc", "starc-minimal")


@rs.term
def near(distance):
    return -distance


@rs.term
def closeness(distance):
    return 1.0 / (1.0 + 10.0 * distance)


@rs.term
def bell(distance):
    return np.exp(-50.0 * distance**2)


@rs.term
def slow(joint_speed):
    return -joint_speed


@rs.term
def aligned(miss_x, miss_y):
    return -np.abs(miss_x) - np.abs(miss_y)


@rs.term
def upright(angle):
    return np.cos(10.0 * angle)


@rs.term
def centred(x):
    return -np.abs(x)


@rs.term
def narrow(angle):
    return np.exp(-((angle / 0.1) ** 2))


@rs.term
def still(x_velocity, angular_velocity):
    return -(x_velocity**2) - angular_velocity**2


@rs.term
def swing(angle, angular_velocity):
    return -np.abs(angle + 0.3 * angular_velocity)


POTENTIALS = {
    "cartpole": (upright, centred, narrow, still, swing),
    "Reacher-v5": (near, closeness, bell, slow, aligned),
}


def shaping(name: str, steps: int, seed: int) -> list[dict[str, Any]]:
    task = tasks.load(name)
    coverage = record_coverage(task, seed, steps)
    bases = {"sparse": 1.0 * rs.success, "native": 1.0 * task.native, "naive": 1.0 * task.naive}
    batch, rows = coverage.flat(), []
    for kind in KINDS:
        for label, base in bases.items():
            start = time.process_time()
            alone = sampled_distance([base, 2.0 * base], coverage, kind, seed=seed, resamples=0)
            shaped = []
            for potential in POTENTIALS[name]:
                added = rs.core.nodes.Constant(0.0) | rs.Potential(potential, discount=task.discount)
                size = np.std(np.asarray(base(batch))) or 1.0
                scale = float(size / np.std(np.asarray(added(batch))))
                shaped += [
                    base | rs.Potential(weight * scale * potential, discount=task.discount)
                    for weight in (1, 0.1)
                ]
            found = sampled_distance([base, *shaped], coverage, kind, seed=seed, resamples=0)
            apart, floor = found.mean[0, 1:], found.floor[0, 0]
            rows.append(
                {
                    "task": name, "kind": kind, "reward": label, "floor": round(float(floor), 4),
                    "largest": round(float(apart.max()), 4), "median": round(float(np.median(apart)), 4),
                    "within": round(float((apart <= floor).mean()), 3),
                    "twice": round(float(alone.mean[0, 1]), 6),
                    "cpu_s": round(time.process_time() - start, 2), "steps": coverage.steps,
                }
            )  # fmt: skip
    return rows


# ---------------------------------------------------------------------- coverage of intervals
def mountain_car(bins: tuple[int, int] = (8, 7)) -> tuple[tables.TabularMDP, list[np.ndarray]]:
    """MountainCar on a grid, actions held for 8 steps; successors are shared out to the four nearest cells."""
    task = tasks.load("mountain_car")
    env = task.env
    axes = [np.linspace(low, high, n) for low, high, n in zip((-1.2, -0.07), (0.6, 0.07), bins, strict=True)]
    centres = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    states, goal = len(centres), len(centres)
    transition = np.zeros((states + 1, 3, states + 1))
    for action in range(3):
        after, ended = centres, np.zeros(states, bool)
        for _ in range(8):
            stepped = np.asarray(env.step(after, np.full(states, action)), float)
            after = np.where(ended[:, None], after, stepped)
            ended |= np.asarray(env.terminated(after), bool)
        share = np.ones((states, 1))
        place = np.zeros((states, 1), int)
        for axis, values in enumerate(axes):
            position = np.clip(
                np.interp(after[:, axis], values, np.arange(bins[axis])), 0, bins[axis] - 1 - 1e-9
            )
            low, part = np.floor(position).astype(int), position - np.floor(position)
            share = np.concatenate([share * (1 - part)[:, None], share * part[:, None]], 1)
            place = np.concatenate(
                [place * bins[axis] + low[:, None], place * bins[axis] + low[:, None] + 1], 1
            )
        np.add.at(transition, (np.arange(states)[:, None], action, place), share * ~ended[:, None])
        transition[:states, action, goal] += ended
    transition[goal, :, goal] = 1.0
    ends = np.arange(states + 1) == goal
    mdp = tables.TabularMDP(transition, np.zeros((states + 1, 3)), 0.95, ~ends / states, ends)
    height = np.append(np.sin(3 * centres[:, 0]), 1.0)
    speed = np.append(np.abs(centres[:, 1]), 0.07) / 0.07
    arrive = np.broadcast_to(ends.astype(float), transition.shape)
    rewards = [
        arrive,
        arrive + 0.3 * height,
        np.broadcast_to(height, transition.shape),
        arrive + speed[None, None, :],
    ]
    rewards.append(2 * tables.potential_shaping(mdp.with_reward(arrive), 3 * height))
    return mdp, [np.where(ends[:, None, None], 0.0, table) for table in rewards]


def rooms() -> tuple[tables.TabularMDP, list[np.ndarray]]:
    made, rng = four_rooms(0.9, 0.2), np.random.default_rng(0)
    mdp = replace(made, initial=~made.ends / (~made.ends).sum())
    base, noise = mdp.reward, rng.normal(size=mdp.reward.shape)
    rewards = [base, base + 0.1 * noise, noise, base + 0.05 * np.arange(mdp.states)[None, None, :] / mdp.states]
    rewards.append(2 * tables.potential_shaping(mdp, rng.normal(size=mdp.states)))
    return mdp, [np.where(mdp.ends[:, None, None], 0.0, table) for table in rewards]


WORLDS = {"mountain car 8 x 7": mountain_car, "four rooms": rooms}


def successors(
    mdp: tables.TabularMDP, s: np.ndarray, a: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    cumulated = mdp.transition.cumsum(-1)[s, a][:, None]
    return np.minimum((rng.random((len(s), draws, 1)) > cumulated).sum(-1), mdp.states - 1)


def uniform(mdp: tables.TabularMDP, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    s, a = rng.choice(np.flatnonzero(~mdp.ends), count), rng.integers(mdp.actions, size=count)
    return s, a, successors(mdp, s, a, 2, rng), np.arange(count)


def walks(
    mdp: tables.TabularMDP, count: int, rng: np.random.Generator, length: int = 40
) -> tuple[np.ndarray, ...]:
    """Episodes of the uniform policy; a second successor of every step is drawn and not followed."""
    state, owner = rng.choice(mdp.states, count // length, p=mdp.initial), np.arange(count // length)
    rows = []
    for _ in range(length):
        action = rng.integers(mdp.actions, size=len(state))
        after = successors(mdp, state, action, 2, rng)
        rows.append((state, action, after, owner))
        going = ~mdp.ends[after[:, 0]]
        state, owner = after[going, 0], owner[going]
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))


def visits(mdp: tables.TabularMDP, length: int = 40) -> np.ndarray:
    """Expected visits ``(S,)`` of live states by the walks."""
    chained, here, total = mdp.transition.mean(1), mdp.initial.copy(), np.zeros(mdp.states)
    for _ in range(length):
        here = np.where(mdp.ends, 0.0, here)
        total += here
        here = here @ chained
    return total


def exact(mdp: tables.TabularMDP, rewards: list[np.ndarray], kind: str, how: str) -> np.ndarray:
    if how == "uniform":
        return np.array([[float(distance(mdp, x, y, kind)) for y in rewards] for x in rewards])
    weight = np.sqrt(visits(mdp))[:, None]
    if kind == "starc":
        forms = np.stack([canonical_form(mdp, table, kind) * weight for table in rewards]).reshape(
            len(rewards), -1
        )
    else:  # the smallest equivalent reward under these weights
        live = ~mdp.ends
        shaped = mdp.discount * mdp.transition[live][..., live] - np.eye(live.sum())[:, None]
        basis = np.linalg.qr((shaped * weight[live][..., None]).reshape(-1, live.sum()))[0]
        plain = [((mdp.transition * table).sum(-1) * weight)[live].ravel() for table in rewards]
        forms = np.stack([each - basis @ (basis.T @ each) for each in plain])
    units = forms / np.linalg.norm(forms, axis=1, keepdims=True)
    return np.sqrt(np.clip(1 - units @ units.T, 0, None) / 2)


def covered(name: str, how: str, count: int, repeats: int, seed: int) -> list[dict[str, Any]]:
    mdp, rewards = WORLDS[name]()
    hot = np.eye(mdp.states)[:, ~mdp.ends]
    pairs, rows = np.triu_indices(len(rewards), 1), []
    for kind in KINDS:
        truth = exact(mdp, rewards, kind, how)[pairs]
        held, means, wide, start = np.zeros(len(truth)), [], [], time.process_time()
        for repeat in range(repeats):
            rng = np.random.default_rng([seed, repeat])
            s, a, after, owner = (uniform if how == "uniform" else walks)(mdp, count, rng)
            seen = np.flatnonzero(hot[s].any(0))  # a state that nobody saw has no value
            scale = np.sqrt(len(s) / np.maximum(hot[s].sum(0), 1))[seen]
            paid = np.stack([table[s[:, None], a[:, None], after] for table in rewards], -1)
            sample = Transitions(
                paid, hot[s][:, seen] * scale, hot[after][:, :, seen] * scale, owner, mdp.discount
            )
            found = starc_of(transition_moments(sample, rng), len(rewards), kind, seed=seed + repeat)
            held += (found.low[pairs] <= truth + 2e-3) & (truth <= found.high[pairs] + 2e-3)
            means.append(found.mean[pairs])
            wide.append((found.high - found.low)[pairs])
        rows.append(
            {
                "world": name, "how": how, "kind": kind, "transitions": count, "repeats": repeats,
                "covered": round(float(held.mean() / repeats), 4),
                "least": round(float(held.min() / repeats), 3),
                "bias": round(float(np.abs(np.mean(means, 0) - truth).max()), 4),
                "width": round(float(np.mean(wide)), 4),
                "cpu_s": round((time.process_time() - start) / repeats, 3),
            }
        )  # fmt: skip
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    head = list(rows[0])
    lines = [head, *([str(row[name]) for name in head] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True
        )
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--steps", type=int, default=32_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    floors = [row for name in POTENTIALS for row in shaping(name, given.steps, given.seed)]
    show(floors)
    intervals = [
        row
        for name in WORLDS
        for how, count in (("uniform", 12_000), ("episodes", 24_000))
        for row in covered(name, how, count, given.repeats, given.seed)
    ]
    show(intervals)
    print(json.dumps({"shaping": floors, "intervals": intervals}))


if __name__ == "__main__":
    main()
