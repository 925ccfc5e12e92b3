"""CaRL: one income, route completion, which infractions scale down or end.

Differs from the paper: a road of 20 cells with one light and a softmax table learned by REINFORCE, in
batches of 4 to 64 episodes, instead of CARLA or nuPlan and PPO. Progress is over the best completion so
far, so driving back is never rewarded. Penalties are those of this road: speeding scales, speed near the
light is held for five steps, running the light ends with -1. The learning rate of each reward is the one
with most completion on other seeds; a slow one spares the additive reward some of its own optimum, which is
to wait at the light.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, learn_episodes
from rewardsmith.transforms import Clip, Latched
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, tune, verdict

PAPER = Paper(
    key="jaeger2025carl",
    title="CaRL: Learning Scalable Planning Policies with Simple Rewards",
    authors="Jaeger, Bernhard and others",
    year=2025,
    where="arXiv",
    arxiv="2504.17838",
)
CELLS, LIGHT, LIMIT = 20, 10, 5.0
Table = np.ndarray
PROGRESS = terms.new_progress
SPEEDING = 1.0 - terms.excess(value="speed", low=0.0, high=LIMIT) / 2.23 | Clip(0.0, 1.0)
CLOSE = terms.value(value="too_fast_here") | Latched(ticks=5, factor=0.5)
RAN = -1.0 * terms.value(value="ran_light")
MATCH, CENTER = terms.value(value="speed_matches"), terms.value(value="on_lane")


def build() -> rs.Reward:
    """Progress in percent, times what infractions leave of it, and the hint for running a light."""
    return PROGRESS * SPEEDING * CLOSE + RAN


def rivals() -> dict[str, rs.Reward]:
    """Sums of shaped terms, with little and with much progress, and progress alone."""
    shaped = 0.5 * MATCH + 0.25 * CENTER + RAN
    sums = {"additive": 0.01 * PROGRESS + shaped, "more progress": 0.2 * PROGRESS + shaped}
    return {**sums, "progress": PROGRESS + RAN}


@dataclass(frozen=True)
class Road:
    """Wait, go or go fast; the light changes by itself.  A state is cell and light (1 is green)."""

    observations: int = 2 * CELLS
    actions: int = 3
    horizon: int = 50
    draws: int = 1

    def start(self, uniform: Table) -> Table:
        return np.stack([np.zeros(len(uniform), int), (uniform[:, 0] < 0.5).astype(int)], axis=1)

    def observe(self, state: Table) -> Table:
        return 2 * np.minimum(state[:, 0], CELLS - 1) + state[:, 1]

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        cell = state[:, 0] + action
        ran = (state[:, 0] < LIGHT) & (cell >= LIGHT) & (state[:, 1] == 0)
        light = np.where(uniform[:, 0] < 0.25, 1 - state[:, 1], state[:, 1])
        return np.stack([np.minimum(cell, CELLS), light], axis=1), ran | (cell >= CELLS)

    def fields(self, state: Table, action: Table, after: Table) -> Mapping[str, Table]:
        cell, red, speed = state[:, 0], state[:, 1] == 0, np.array([0.0, 4.0, 6.0])[action]
        near = (cell >= LIGHT - 3) & (cell < LIGHT)
        ran = red & (cell < LIGHT) & (after[:, 0] >= LIGHT)
        # a car that ran the light has not completed more of its route
        done = np.where(ran, cell, after[:, 0]) * (100.0 / CELLS)
        wanted = np.where(red & near, 0.0, 4.0)
        flags = {"ran_light": ran, "too_fast_here": near & (action == 2), "speed_matches": speed == wanted}
        more = {name: flag.astype(float) for name, flag in flags.items()}
        return {"route": done, "speed": speed, "on_lane": np.ones(len(cell)), **more}


def train(reward: rs.Reward, seeds: Sequence[int], episodes: int, updates: int, rate: float = 1.0) -> Table:
    """Route completion in percent at the end of training, for every seed."""
    config = EpisodicGradient(updates, episodes, rate)
    return learn_episodes(Road(), reward, seeds, config, {"completion": PROGRESS}).late("completion")


def claim(full: bool = False) -> Verdict:
    """Route completion with CaRL and with sums of shaped terms, over batch sizes, paired over seeds."""
    seeds, checks, figures = range(10 if full else 8), list[Check](), dict[str, object]()
    batches, updates = ((4, 16, 64), 200) if full else ((8, 16), 40)
    arms = {"CaRL": build(), **rivals()}
    with Meter() as meter:
        rates = dict.fromkeys(arms, 3.0)
        if full:
            tried = {n: lambda rate, s, r=r: train(r, s, 16, updates, rate) for n, r in arms.items()}
            rates = {n: tune(run, (0.3, 1.0, 3.0), range(900, 904), seeds).setting for n, run in tried.items()}
        got = {n: np.stack([train(r, seeds, b, updates, rates[n]) for b in batches]) for n, r in arms.items()}
        slope = np.polyfit(np.log2(batches), got["CaRL"], 1)[0]
        checks.append(compare_paired("CaRL does not lose with larger batches", slope, 0 * slope, -0.1))
        for name in ("additive", "more progress"):
            title = f"CaRL completes 10 points more than {name}"
            checks.append(compare_paired(title, got["CaRL"][-1], got[name][-1], 10.0))
        title = "progress alone completes the road as well"
        checks.append(control(title, got["CaRL"][-1], got["progress"][-1], sees=5.0))
        # driving back and forth: what the product would pay without the best so far
        back = {"route": np.array([[50.0, 40.0, 50.0]]), "first": np.array([[True, False, False]])}
        checks.append(bound("a detour back is never paid", terms.new_progress(back)[0, 1:], 0.0, 0.0))
    figures |= {"batches": list(batches), "rates": rates}
    figures["completion"] = {name: values.mean(1).round(1).tolist() for name, values in got.items()}
    return verdict(checks, seeds, "CARLA, nuPlan and PPO", figures, meter.cost)
