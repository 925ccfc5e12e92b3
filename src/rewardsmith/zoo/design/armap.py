"""ARMAP: a reward model of trajectories, trained on self-made triples, chooses the best of n without any label.

Differs from the paper: a small grid with template instructions, a logistic ranker of six features, whose eye
takes 30 % of colours and shapes wrongly, in place of a vision-language model, and best-of-n as the one planner.
How often the eye errs was chosen on seeds 1000 to 1003.  A first control, a ranker of shuffled labels, did not
vanish in a trial: random weights still follow the match half of the time.  Rewards of other walks replace it.
That no choice beats the oracle was a check at first; it cannot be otherwise, and is a figure now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.learn.hindsight import Triples, best_of, make_triples, other_intents
from rewardsmith.learn.preferences import fit_preferences
from rewardsmith.tasks.goto import THINGS, Walk, describe, draw_layout, explore, features, perturb
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="chen2025scaling",
    title="Scaling Autonomous Agents via Automatic Reward Modeling And Planning",
    authors="Chen, Zhenfang and others",
    year=2025,
    where="ICLR 2025",
    arxiv="2502.12130",
)
MISREAD, COUNTS = 0.3, (1, 2, 4, 8, 16)
NEW = (0, 1, 3, 4)  # kinds that no triple names: red and green, key and ball
OLD = tuple(i for i in range(len(THINGS)) if i not in NEW)


def build(seed: int = 0, count: int = 1500) -> Triples[Walk]:
    """Triples of an explorer on layouts whose things are not those of the test."""
    rng = np.random.default_rng([seed, 1])
    walks = [explore(draw_layout(rng, kinds=OLD), rng) for _ in range(count)]
    return make_triples(walks, describe, perturb, rng)


def ranker(triples: Triples[Walk], bad: Sequence[Walk], rng: np.random.Generator) -> np.ndarray:
    """Weights of the reward model: good above bad, by Bradley and Terry."""
    rows = zip(triples.intents, triples.good, bad, strict=True)
    apart = [features(g, x, MISREAD, rng) - features(b, x, MISREAD, rng) for x, g, b in rows]
    return fit_preferences(apart, np.ones(len(apart)))


def success(seed: int, count: int, tests: int) -> dict[str, np.ndarray]:
    """Share of new instructions that the chosen of 1, 2, 4 ... walks fulfils, for each way of choosing."""
    rng, triples = np.random.default_rng([seed, 2]), build(seed, count)
    models = {
        "near misses": ranker(triples, triples.bad, rng),
        "other intents": ranker(triples, other_intents(triples, rng), rng),
    }
    done = {name: np.zeros(len(COUNTS)) for name in (*models, "majority", "oracle", "of other walks")}
    for _ in range(tests):
        layout = draw_layout(rng, kinds=NEW)
        goal = f"go to the {layout.names[0]}"
        walks = [explore(layout, rng) for _ in range(COUNTS[-1])]
        right, said = np.array([describe(way) == goal for way in walks]), [describe(way) for way in walks]
        seen = np.array([features(way, goal, MISREAD, rng) for way in walks])
        for i, n in enumerate(COUNTS):
            for name, weights in models.items():
                done[name][i] += right[best_of([seen[:n] @ weights])[0]]
            common = Counter(each for each in said[:n] if each).most_common(1)
            done["majority"][i] += right[said.index(common[0][0])] if common else right[0]
            done["oracle"][i] += right[:n].any()
            done["of other walks"][i] += right[best_of([rng.permutation(seen[:n] @ models["near misses"])])[0]]
    return {name: each / tests for name, each in done.items()} | {
        "dropped": np.array([triples.still / (triples.still + len(triples.intents))])
    }


def claim(full: bool = False) -> Verdict:
    """Best of 8 against one walk, the majority and other negatives; rewards of other walks must not help."""
    seeds, sizes = (range(12), (1500, 200)) if full else (range(8), (300, 25))
    with Meter() as meter:
        rows = [success(seed, *sizes) for seed in seeds]
        meter.count("walks", len(seeds) * (sizes[0] + COUNTS[-1] * sizes[1]))
    got = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    eight = COUNTS.index(8)
    at = {name: each[:, eight] for name, each in got.items() if name != "dropped"}
    checks = [
        compare_paired("best of 8 beats one walk", at["near misses"], got["near misses"][:, 0]),
        compare_paired("it beats the majority of 8", at["near misses"], at["majority"]),
        compare_paired("near misses teach more than other intents", at["near misses"], at["other intents"]),
        compare_paired("16 are not worse than 8", got["near misses"][:, -1], at["near misses"] - 0.01),
        control(
            "rewards of other walks choose as chance does", at["of other walks"], got["near misses"][:, 0], 0.1
        ),
    ]
    figures = {
        "success": {name: each.mean(0).round(3).tolist() for name, each in got.items()},
        "counts": list(COUNTS),
        "most common intent": max(build(0, sizes[0]).histogram.values()) / len(build(0, sizes[0]).intents),
    }
    missing = (
        "MiniGrid itself; putting things near; Game of 24; Reflexion and tree search with the reward model"
    )
    return verdict(checks, seeds, missing, figures, meter.cost)
