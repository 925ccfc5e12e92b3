"""CALM: a judge says when a subgoal was just reached, and each yes pays: how good a judge is good enough.

Differs from the paper: no language model judges MiniHack; the room has 29 cells, its judges are stand-ins with
a precision and recall that are set, and a classifier of captions (each in four wordings) that 30 labels taught.
The paper trains no policy; here tabular Q-learning does, and sees which subgoals count as reached.  Chosen on
seeds 1000 to 1005: one payment per subgoal and episode, and a weight of 0.3 for potentials (with 1, more than
the goal is worth, the potential is slower than no reward at all).
"""

from __future__ import annotations

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.learn import sample_episodes
from rewardsmith.learn.captions import fit_captions
from rewardsmith.learn.subgoals import NoisyJudge, Pay, SubgoalReward, credit_score
from rewardsmith.measure.model.rank import spearman
from rewardsmith.optimize.remembering import remembering_q_learning
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.tasks.key_room import KeyRoom, key_room, rewordings
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, share, verdict

PAPER = Paper(
    key="pignatelli2024assessing",
    title="Assessing the Zero-Shot Capabilities of LLMs for Action Evaluation in RL",
    authors="Pignatelli, Eduardo and others",
    year=2024,
    where="arXiv",
    arxiv="2409.12798",
)
QUALITIES = (1.0, 0.9, 0.7, 0.5)
JUDGES = ("judge 1", "judge 0.9", "judge 0.7", "judge 0.5", "captions", "silent")
ONCE: list[tuple[str, Pay, float]] = [(name, "once", 1.0) for name in JUDGES]
OTHERS: list[tuple[str, Pay, float]] = [(name, "potential", 0.3) for name in ("judge 1", "judge 0.5", "silent")]
ARMS: list[tuple[str, Pay, float]] = [*ONCE, *OTHERS, ("judge 1", "raw", 1.0)]


def build(quality: float = 1.0) -> NoisyJudge:
    """Who says that a subgoal was just reached."""
    return NoisyJudge(precision=quality, recall=quality)


def paid(room: KeyRoom, verdicts: np.ndarray) -> SubgoalReward:
    """Verdicts ``(arms, seeds, 2, S, A)`` and how each arm pays them."""
    ways: tuple[Pay, ...] = tuple(way for _, way, _ in ARMS)
    weights = tuple(weight for _, _, weight in ARMS)
    return SubgoalReward(verdicts, ways, room.mdp.ends, room.mdp.discount, weights)


def demonstrations(room: KeyRoom, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """States and actions ``(n,)`` of episodes of an expert who acts at random every fifth step."""
    expert = 0.8 * np.eye(room.mdp.actions)[tables.policy_iteration(room.mdp)[0]] + 0.2 / room.mdp.actions
    states, actions, happened = sample_episodes(room.mdp, expert, count, 60, rng)
    return states[happened], actions[happened]


def judges(room: KeyRoom, seed: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Verdicts ``(2, S, A)`` of each judge, and its F1 on 100 demonstrations."""
    rng, events = np.random.default_rng(seed), room.subgoals
    s, a = demonstrations(room, rng, 100)
    real = events[:, s, a]
    said = {f"judge {q:g}": build(q).verdicts(events, rng, float(real.mean())) for q in QUALITIES}
    said["silent"] = np.zeros_like(events)
    told = rng.choice(len(s), 30, replace=False)
    texts = [str(rng.choice(rewordings(str(room.captions[s[i], a[i]])))) for i in told]
    fresh = [str(rng.choice(rewordings(str(caption)))) for caption in room.captions.ravel()]
    models = [fit_captions(texts, labels[told].astype(float), l2=1e-3) for labels in real]
    said["captions"] = np.array([m.probability(fresh).reshape(events.shape[1:]) > 0.5 for m in models])
    return said, {name: credit_score(table[:, s, a], real).f1 for name, table in said.items()}


def claim(full: bool = False) -> Verdict:
    """F1 of each judge, environment steps to a solved room, and who farms."""
    seeds, room = range(20 if full else 8), key_room()
    with Meter() as meter:
        found = [judges(room, seed) for seed in seeds]
        verdicts = np.stack([np.stack([said[name] for said, _ in found]) for name, _, _ in ARMS])
        config = QLearning(episodes=300 if full else 60, horizon=100)
        curves = remembering_q_learning(room.mdp, seeds, config, paid(room, verdicts))
        meter.count("env_steps", int(curves.length.sum()))
    best = float(room.mdp.initial @ tables.value_iteration(room.mdp))
    names = [f"{name}, {way}" for name, way, _ in ARMS]
    steps = dict(zip(names, curves.steps_to(0.6 * best), strict=True))
    late = np.stack(curves.state.history)[-20:].mean(0).reshape(len(ARMS), -1)
    yeses = dict(zip(names, late, strict=True))
    f1 = {name: np.array([scores[name] for _, scores in found]) for name in found[0][1]}
    sparse, exact = steps["silent, once"], steps["judge 1, once"]
    order = JUDGES[:-1]
    rank = spearman([f1[name].mean() for name in order], [steps[f"{name}, once"].mean() for name in order])
    checks = [
        compare_paired("30 captions teach F1 of 0.8", f1["captions"], np.full(len(seeds), 0.8)),
        compare_paired("the exact judge needs 0.6 x the steps", -exact, -0.6 * sparse),
        bound("steps fall with F1: Spearman at most -0.7", [rank], high=-0.7),
        compare_paired("a judge of 0.5 is slower than the exact one", -exact, -steps["judge 0.5, once"]),
        share("raw +1 is farmed (more than 6 yeses per episode)", yeses["judge 1, raw"] > 6, low=0.5),
        share("the potential is not farmed", yeses["judge 1, potential"] > 6, high=0.2),
        compare_paired("the potential is faster than no reward", -steps["judge 1, potential"], -sparse),
        control("a silent judge pays nothing", sparse, steps["silent, potential"], 1e-9, exact=True),
    ]
    figures = {
        "f1": {name: float(np.nanmean(values)) for name, values in f1.items() if name != "silent"},
        "steps_to_solve": {name: [float(np.mean(v)), float(np.median(v))] for name, v in steps.items()},
        "yeses_per_late_episode": {name: round(float(v.mean()), 2) for name, v in yeses.items()},
        "spearman": rank,
    }
    missing = "language models as judges, subgoals of their own; MiniGrid and MiniHack"
    return verdict(checks, seeds, missing, figures, meter.cost)
