"""Global and episodic bonuses: which exploration bonus suits worlds that stay and worlds that change.

Differs from the paper: two small worlds and softmax tables instead of MiniHack and a recurrent network, and
the bonuses are counts. The worlds are sparser than those of a first trial in which no bonus was needed; their
sizes, the learning rate (0.5) and the weight of the bonus (0.1; 0.01 looked the same) were chosen on other
seeds.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, World, learn_episodes
from rewardsmith.tasks.worlds import Corridors, Rooms
from rewardsmith.transforms import CountBonus, Normalize
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="henaff2023study",
    title="A Study of Global and Episodic Bonuses for Exploration in Contextual MDPs",
    authors="Henaff, Mikael and Jiang, Minqi and Raileanu, Roberta",
    year=2023,
    where="ICML",
    kind="inproceedings",
    arxiv="2306.03236",
)
WORLDS: dict[str, tuple[World, str]] = {
    "corridors": (Corridors(count=6, length=10, horizon=12), "next_cell"),
    "rooms": (Rooms(rooms=10, cues=6, names=25, horizon=13), "next_name"),
    "named rooms": (Rooms(rooms=10, cues=6, names=25, horizon=13), "next_room"),
}
ARMS = ("none", "global", "episodic", "sum", "product")


def build(arm: str = "product", key: str = "next_cell", weight: float = 0.1) -> rs.Reward:
    """Success and one bonus, divided by its running deviation."""
    ever, now = CountBonus(key, "global"), CountBonus(key, "episodic", first_only=True)
    bonus = {"global": ever, "episodic": now, "sum": ever + now, "product": ever * now}
    return rs.success + weight * (bonus[arm] | Normalize(center=False)) if arm in bonus else rs.success


def solved(name: str, arm: str, seeds: range, updates: int, weight: float = 0.1) -> np.ndarray:
    """Success (without bonus) of the episodes at the end of training, per seed."""
    world, key = WORLDS[name]
    start = np.zeros((world.observations, world.actions))
    if name == "corridors":
        start[0, 0] = 4.0  # it likes a corridor that leads nowhere
    config = EpisodicGradient(updates=updates, episodes=16, learning_rate=0.5)
    track = {"solved": rs.success}
    return learn_episodes(world, build(arm, key, weight), seeds, config, track, start).late("solved")


def claim(full: bool = False) -> Verdict:
    """Who finds the goal in a world that stays (corridors) and in one that is new in every episode (rooms)."""
    seeds, updates = range(12 if full else 8), 300 if full else 30
    with Meter() as meter:
        runs = {
            name: {arm: solved(name, arm, seeds, updates) for arm in ARMS} for name in ("corridors", "rooms")
        }
        fixed = {arm: solved("named rooms", arm, seeds, updates) for arm in ("global", "episodic")}
        heavy = solved("corridors", "global", seeds, updates, weight=3.0)
    stays, changes = runs["corridors"], runs["rooms"]
    worst = {arm: np.minimum(stays[arm], changes[arm]) for arm in ARMS}
    checks: list[Check] = [
        bound(f"{name}: without bonus nothing is found", [run["none"].mean()], high=0.1)
        for name, run in runs.items()
    ]
    checks += [
        compare_paired(f"{name}: the product is as good as {arm}", run["product"], run[arm], -0.05)
        for name, run in runs.items()
        for arm in ("global", "episodic")
    ]
    checks += [
        compare_paired(f"worst world: the product beats {arm}", worst["product"], worst[arm], 0.2)
        for arm in ("global", "episodic")
    ]
    checks += [
        compare_paired("rooms: episodic beats global", changes["episodic"], changes["global"]),
        compare_paired("corridors: global beats episodic", stays["global"], stays["episodic"]),
        compare_paired("corridors: a heavy global bonus keeps dominating", stays["global"], heavy, 0.2),
        control(
            "rooms that keep their names: no difference", fixed["episodic"], fixed["global"], 0.05, exact=True
        ),
    ]
    figures = {name: {arm: round(float(run[arm].mean()), 3) for arm in ARMS} for name, run in runs.items()}
    figures["named rooms"] = {arm: round(float(run.mean()), 3) for arm, run in fixed.items()}
    figures["heavy"] = {"global": round(float(heavy.mean()), 3)}
    return verdict(
        checks, seeds, "MiniGrid and MiniHack with a network, E3B and NovelD there", figures, meter.cost
    )
