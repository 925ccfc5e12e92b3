"""HERON: people rank factors instead of weighing them; a reward learned from that does not mind scales.

Differs from the paper: random 6 x 6 grids with slips instead of MountainCar, robots and traffic, and three
factors: enter no hazard, come nearer to the goal, avoid rough ground.  The reward model is a table and the
policy optimal for it; linear sums get exact factors and exact planning, and 20 weightings tried on other seeds.
"Any monotone rescaling" is exact only at margin 0: a margin is counted in standard deviations, which holds for
affine maps; how many labels a curved map changes is a figure.  That a margin of 2 deviations is less safe was a
check at first; it came out safer, because progress is not decided either and nobody moves, and is a figure now.
The margin of safety, a hazard in 100 steps, is nearly as many as the tuned weights enter at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.design.ranked import RankedFactors, learn_ranked
from rewardsmith.feedback import Hierarchy, labels_changed
from rewardsmith.tasks.patrol import factor_rates, patrol, weighted_policy
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, tune, verdict

PAPER = Paper(
    key="bukharin2023deep",
    title="Deep Reinforcement Learning from Hierarchical Preference Design",
    authors="Bukharin, Alexander and others",
    year=2023,
    where="arXiv",
    arxiv="2309.02632",
    code="abukharin3/HERON@7d6d03a",
)
NAMES = ("safe", "progress", "smooth")
EQUAL: dict[str, float] = {"safe": 1.0, "progress": 1.0, "smooth": 1.0}


def build(margin: float = 1.0) -> RankedFactors:
    """Safety before progress before smooth ground, each decided by a difference of ``margin`` deviations."""
    return RankedFactors(Hierarchy(NAMES, margin))


def relabelled(seed: int) -> dict[str, float]:
    """The largest share of 5,000 labels that a map of one factor changes."""
    rng = np.random.default_rng(seed)
    data: dict[str, np.ndarray] = {name: rng.normal(size=1000) for name in NAMES}
    pairs, found = rng.integers(0, 1000, (2, 5000)), dict[str, float]()
    for what, margin, curve in (("affine", 1.0, affine), ("exp", 0.0, np.exp), ("exp", 1.0, np.exp)):
        order, maps = build(margin).hierarchy, [data | {name: curve(data[name])} for name in NAMES]
        found[f"{what}, margin {margin:g}"] = max(labels_changed(order, data, each, pairs) for each in maps)
    return found


def affine(values: np.ndarray) -> np.ndarray:
    """Other units."""
    return 100 * values + 17


def outcomes(seed: int, tuned: dict[str, float], size: dict[str, int]) -> dict[str, dict[str, float]]:
    """Factors per step of each policy, also where the last factor, or every one, comes in other units."""
    mdp, plain = patrol(seed)
    units, large = plain | {"smooth": affine(plain["smooth"])}, {name: 100 * t for name, t in plain.items()}
    policies = {
        "HERON": learn_ranked(mdp, plain, replace(build(), **size), seed).policy,
        "HERON, units": learn_ranked(mdp, units, replace(build(), **size), seed).policy,
        "HERON, margin 2": learn_ranked(mdp, plain, replace(build(2.0), **size), seed).policy,
        "equal weights": weighted_policy(mdp, plain, EQUAL),
        "equal weights, units": weighted_policy(mdp, units, EQUAL),
        "equal weights, all x 100": weighted_policy(mdp, large, EQUAL),
        "tuned weights": weighted_policy(mdp, plain, tuned),
        "tuned weights, units": weighted_policy(mdp, units, tuned),
    }
    return {name: factor_rates(mdp, plain, policy) for name, policy in policies.items()}


def claim(full: bool = False) -> Verdict:
    """Labels under maps; outcomes before and after the last factor gets other units; a larger margin."""
    seeds, size = range(40 if full else 8), {} if full else {"rounds": 2, "steps": 1000, "pairs": 2000}

    def score(weights: dict[str, float], tuning: Sequence[int]) -> list[float]:
        got = [factor_rates(mdp, f, weighted_policy(mdp, f, weights)) for mdp, f in map(patrol, tuning)]
        return [10 * each["safe"] + each["progress"] + 0.1 * each["smooth"] for each in got]

    grid = [
        {"safe": 1.0, "progress": b, "smooth": b * c}
        for b in (1, 0.3, 0.1, 0.03, 0.01)
        for c in (1, 0.3, 0.1, 0)
    ]
    with Meter() as meter:
        tuned = tune(score, grid, range(1000, 1020 if full else 1002), seeds).setting
        maps = [relabelled(seed) for seed in seeds]
        got = [outcomes(seed, tuned, size) for seed in seeds]
    safe, near = ({n: np.array([run[n][what] for run in got]) for n in got[0]} for what in NAMES[:2])
    lost = 0.05 * float(near["tuned weights"].mean())
    ours, equal, best = (near[name] for name in ("HERON", "equal weights", "tuned weights"))
    tuned_safe = safe["tuned weights"]
    checks = [
        bound("other units change no label", [m["affine, margin 1"] for m in maps], high=0.0),
        bound("no increasing map changes a label at margin 0", [m["exp, margin 0"] for m in maps], high=0.0),
        bound("HERON: other units change nothing", abs(near["HERON, units"] - ours), high=1e-12),
        control(
            "a sum: a factor on all changes nothing", near["equal weights, all x 100"], equal, 1e-9, exact=True
        ),
        compare_paired("equal weights: other units cost progress", equal, near["equal weights, units"]),
        compare_paired("tuned weights: other units cost progress", best, near["tuned weights, units"]),
        compare_paired(
            "at most 0.01 hazards per step more than tuned weights", safe["HERON"], tuned_safe, -0.01
        ),
        compare_paired("progress within 5 % of tuned weights", ours, best, -lost),
        compare_paired("safer than equal weights", safe["HERON"], safe["equal weights"]),
    ]
    figures = {
        "chosen": {"weights": tuned},
        "rates": {n: {what: float(np.mean([run[n][what] for run in got])) for what in NAMES} for n in got[0]},
        "labels_changed": {name: float(np.mean([m[name] for m in maps])) for name in maps[0]},
    }
    missing = "deep sea treasure, gathering, MountainCar, robots, code generation; neural networks"
    return verdict(checks, seeds, missing, figures, meter.cost)
