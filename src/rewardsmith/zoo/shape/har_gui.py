"""HAR-GUI: an agent's notes are rewarded for holding its history, on top of a graded action reward.

Differs from the paper: a cue is seen once, a note of one symbol is the whole context of three later screens
that look alike, and one screen shows what to do; softmax tables learn by REINFORCE. A rule says whether the
note holds the history, in place of a judge, and abstains on the first screen, which has none. The precision
bonus is exp(-distance / 40 px), the partial credit of a wrong click half of it, both chosen here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, learn_episodes
from rewardsmith.transforms import known_sum
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="wang2025history",
    title="History-Aware Reasoning for GUI Agents",
    authors="Wang, Ziwei and others",
    year=2025,
    where="AAAI",
    arxiv="2511.09127",
)
CUES, MALFORMED = 6, 6
Table = np.ndarray
HIT = terms.value(value="hit")
PRECISION = terms.nearness(position=("click",), goal=("target",), scale=20.0)
ACTION = HIT * (1.0 + 0.5 * PRECISION) + 0.5 * PRECISION  # 1 + F where right, F / 2 where wrong
NEEDS, FREE = terms.value(value="solved_by_memory"), terms.value(value="solved_by_sight")


def build(gamma: float = 0.2, memory: str = "mentioned") -> rs.Reward:
    """Action reward and history term, where there is a history; all of it only for well-formed answers."""
    whole = known_sum(ACTION, gamma * terms.value(value=memory)) if gamma else ACTION
    return rs.gate(whole, when=terms.value(value="formatted"), above=0.5)


@dataclass(frozen=True)
class Screens:
    """Screen 0 shows a cue and takes a note; 1 to 3 ask for the cue and show the note; 4 shows its answer."""

    copies: bool = False  # the note is made for the agent
    observations: int = CUES + (CUES + 1) + CUES
    actions: int = CUES + 1
    horizon: int = 5
    draws: int = 2

    def start(self, uniform: Table) -> Table:
        cue, shown = (CUES * uniform).astype(int).T
        return np.stack([np.zeros_like(cue), cue, shown, np.full_like(cue, CUES)], axis=1)

    def observe(self, state: Table) -> Table:
        step, cue, shown, note = state.T
        return np.where(step == 0, cue, np.where(step < 4, CUES + note, 2 * CUES + 1 + shown))

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        step, cue, shown, note = state.T
        note = np.where(step == 0, cue if self.copies else action, note)
        return np.stack([step + 1, cue, shown, note], axis=1), step == 4

    def fields(self, state: Table, action: Table, after: Table) -> Mapping[str, Table]:
        step, cue, shown, note = state.T
        wanted = np.where(step < 4, cue, shown)
        right, asked = (action == wanted) & (step > 0), (step > 0) & (step < 4)
        other = (cue + 1 + (7 * shown) % (CUES - 1)) % CUES  # a history that is not this one's
        history = np.where(step == 0, np.nan, 1.0)
        return {
            "hit": right * 1.0,
            "click": np.where(step == 0, -1e4, 100.0 * action),
            "target": 100.0 * wanted,
            "formatted": ((step == 0) | (action != MALFORMED)) * 1.0,
            "mentioned": history * (note == cue),
            "shuffled": history * (note == other),
            "solved_by_memory": right * asked / 3.0,
            "solved_by_sight": right * (step == 4),
        }


def train(reward: rs.Reward, seeds: Sequence[int], updates: int, copies: bool = False) -> dict[str, Table]:
    """Success on screens that need memory and on the one that does not, and updates to 90 %."""
    config = EpisodicGradient(updates, episodes=32, learning_rate=1.0)
    got = learn_episodes(Screens(copies), reward, seeds, config, {"memory": NEEDS, "sight": FREE})
    curve = got.curves["memory"]
    there = np.where((curve >= 0.9).any(1), (curve >= 0.9).argmax(1), updates)
    return {"memory": got.late("memory"), "sight": got.late("sight"), "updates": there.astype(float)}


def claim(full: bool = False) -> Verdict:
    """Success where memory is needed, with and without the history term, paired over seeds."""
    seeds, updates = range(20 if full else 8), 400 if full else 60
    arms = {"action": build(0.0), "history": build(), "shuffled": build(memory="shuffled")}
    with Meter() as meter:
        got = {name: train(arm, seeds, updates) for name, arm in arms.items()}
        copied = train(build(0.0), seeds, updates, copies=True)
    with_it, without = got["history"], got["action"]
    shown = train(build(), seeds, updates, copies=True)
    checks = [
        compare_paired("the term helps where memory is needed", with_it["memory"], without["memory"], 0.1),
        compare_paired("and costs nothing where it is not", with_it["sight"], without["sight"], -0.02),
        compare_paired("it is learned sooner", -with_it["updates"], -without["updates"]),
        compare_paired("another's history does not help so", with_it["memory"], got["shuffled"]["memory"]),
        bound("a parroted wrong answer stays below a right one", [0.2 + 0.5], high=1.0),
        control("notes that are made need no term", shown["memory"], copied["memory"], sees=0.1),
    ]
    every = {**got, "copied": copied}
    figures = {k: {n: float(v[k].mean().round(3)) for n, v in every.items()} for k in copied}
    return verdict(checks, seeds, "the language model, its judge and its data", figures, meter.cost)
