"""G-RA: step rewards that count only in episodes whose outcome clears a threshold.

Differs from the paper: a software task of a few states, 20 turns and a softmax table learned by REINFORCE,
instead of a language model in a container. The learning rate (1.0, the same for all) and the length of the hard
task (4 edits) were chosen on other seeds; there, too, the outcome alone was better than G-RA at every rate from
0.5 to 4. That paying one call per episode repairs G-RA is an addition of ours.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.core.mdp import TabularMDP
from rewardsmith.optimize.episodic import EpisodicGradient, MDPWorld, learn_episodes
from rewardsmith.transforms import FirstTime, GatedAccumulation
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="sun2025stabilizing",
    title="Stabilizing Long-term Multi-turn Reinforcement Learning with Gated Rewards",
    authors="Sun, Zetian and others",
    year=2025,
    where="arXiv",
    arxiv="2508.10548",
)
TOOL, EDIT, SUBMIT = range(3)
TURNS = 20


@rs.term
def tool_call(action: np.ndarray, *, pay: float = 0.1) -> np.ndarray:
    """The step reward: a well-formed tool call, which brings nothing nearer."""
    return pay * (action == TOOL)


@rs.term
def outcome(solved: np.ndarray, next_solved: np.ndarray) -> np.ndarray:
    """The long-term reward: a patch that is complete was submitted."""
    return next_solved - solved


def build(pay: float = 0.1) -> rs.Reward:
    """The outcome, and step rewards in episodes that reach it."""
    return outcome + (tool_call(pay=pay) | GatedAccumulation(outcome, 0.5))


def world(edits: int) -> MDPWorld:
    """A patch of so many edits, each of which works in 3 of 10 tries; submitting ends the episode."""
    size = edits + 3  # 0..edits: edits done; then: submitted in vain, submitted complete
    transition = np.zeros((size, 3, size))
    for done in range(edits + 1):
        transition[done, TOOL, done] = 1.0
        transition[done, EDIT, done] = 0.7
        transition[done, EDIT, min(done + 1, edits)] += 0.3
        transition[done, SUBMIT, -1 if done == edits else -2] = 1.0
    ends = np.arange(size) >= edits + 1
    mdp = TabularMDP(transition, np.zeros((size, 3)), 0.99, np.eye(size)[0], ends)
    return MDPWorld(mdp, TURNS, (("solved", tuple(np.eye(size)[-1])),))


def rewards(pay: float = 0.1) -> dict[str, rs.Reward]:
    """What is compared: without step rewards, with them (D-RA), gated (G-RA), and gated with one call paid."""
    once = tool_call(pay=pay) | FirstTime() | GatedAccumulation(outcome, 0.5)
    return {
        "outcome": outcome,
        "D-RA": outcome + tool_call(pay=pay),
        "G-RA": build(pay),
        "once": outcome + once,
    }


def train(edits: int, reward: rs.Reward, seeds: range, full: bool) -> dict[str, np.ndarray]:
    """Completion of one reward's learner, ``(seeds, updates)``, and the length of its episodes at the end."""
    place = world(edits)
    start = np.zeros((place.observations, 3))
    start[:, TOOL] = 1.5  # it likes to call tools
    config = EpisodicGradient(updates=250 if full else 40, episodes=64 if full else 32, learning_rate=1.0)
    found = learn_episodes(place, reward, seeds, config, {"completed": outcome}, start)
    return {"curve": found.curves["completed"], "end": found.late("completed"), "turns": found.late("length")}


def deepest_fall(curve: np.ndarray, window: int = 20) -> np.ndarray:
    """How far the mean of ``window`` updates falls below its highest value so far, per seed."""
    smooth = np.stack([np.convolve(row, np.ones(window) / window, "valid") for row in curve])
    return (np.maximum.accumulate(smooth, axis=1) - smooth).max(axis=1)


def claim(full: bool = False) -> Verdict:
    """Completion with and without the gate, where success is easy to meet and where it is not."""
    seeds = range(12 if full else 8)
    with Meter() as meter:
        easy = {name: train(1, reward, seeds, full) for name, reward in rewards().items()}
        hard = {name: train(4, reward, seeds, full) for name, reward in rewards().items()}
        unpaid = {name: train(1, reward, seeds, False) for name, reward in rewards(0.0).items()}
    start = easy["D-RA"]["curve"][:, 0]
    met = float(np.mean([run["curve"][:, 0].mean() for run in hard.values()]))
    checks = [
        compare_paired("easy: the gate prevents the collapse", easy["G-RA"]["end"], easy["D-RA"]["end"], 0.3),
        compare_paired("easy: without gate less is completed than at the start", start, easy["D-RA"]["end"]),
        bound(
            "easy: with the gate completion never falls by more", deepest_fall(easy["G-RA"]["curve"]), high=0.05
        ),
        bound("hard: share completed by chance at the start", [met], high=0.01),
        compare_paired(
            "hard: G-RA is no worse than the outcome", hard["G-RA"]["end"], hard["outcome"]["end"], -0.02
        ),
        compare_paired("hard: G-RA prevents the collapse", hard["G-RA"]["end"], hard["D-RA"]["end"], 0.3),
        compare_paired(
            "hard: paying one call is better than paying all", hard["once"]["end"], hard["G-RA"]["end"]
        ),
        control("no pay, no difference", unpaid["G-RA"]["end"], unpaid["D-RA"]["end"], 1e-12, exact=True),
    ]
    figures = {
        f"{what}_{measure}": {name: round(float(run[measure].mean()), 3) for name, run in runs.items()}
        for what, runs in (("easy", easy), ("hard", hard))
        for measure in ("end", "turns")
    }
    return verdict(checks, seeds, "a language model on software tasks", figures, meter.cost)
