"""C-MORL: from the loneliest policies of a front, push one objective and hold the others above a floor.

Differs from the paper: exact policies of random tabular MDPs (linear programs) instead of PPO, so no return is
noisy; a floor is J_j - 0.3 range_j and not 0.99 J_j, wrong for negative returns.  The figures also show
the midpoints of neighbouring initial policies, which cost no solve.  The dual gap was first held to 1e-8, which
is below the tolerance of the solver.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.measure import crowding_distance, expected_utility, hypervolume, non_dominated, sparsity
from rewardsmith.optimize.occupancy import Solution, pareto_extend, solve_constrained
from rewardsmith.transforms import Lagrange
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, share, verdict

PAPER = Paper(
    key="liu2025cmorl",
    title="C-MORL: Multi-Objective Reinforcement Learning through Efficient Discovery of Pareto Front",
    authors="Liu, Ruohong and others",
    year=2025,
    where="ICLR",
    arxiv="2410.02236",
)
FIRST, ROUNDS, SHARE = 6, 3, 0.3
PREFERENCES = np.stack([np.linspace(0, 1, 101), 1 - np.linspace(0, 1, 101)], axis=1)


@rs.term
def first(gains: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The first objective, from its table row of every action."""
    return np.take_along_axis(gains[..., 0, :], action[..., None], -1)[..., 0]


@rs.term
def second(gains: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The second objective."""
    return np.take_along_axis(gains[..., 1, :], action[..., None], -1)[..., 0]


def build(floor: float = 0.0, price: float = 0.0) -> rs.Reward:
    """Extension as a reward: the first objective, and the second at a multiplier that rises below the floor."""
    return first | Lagrange(second, (("second", ">=", floor),), start=price)


def world(seed: int, conflict: bool = True) -> tuple[tables.TabularMDP, np.ndarray]:
    """Six states, three actions, two objectives; returns lie in [0, 10]."""
    rng = np.random.default_rng(seed)
    mdp = tables.TabularMDP(rng.dirichlet(np.full(6, 0.3), (6, 3)), np.zeros((6, 3)), 0.9, np.full(6, 1 / 6))
    gains = rng.random((2, 6, 3))
    return mdp, gains if conflict else gains[[0, 0]]


def grid(mdp: tables.TabularMDP, gains: np.ndarray, count: int) -> list[np.ndarray]:
    """Returns of the best policies for evenly spaced preferences."""
    found = [solve_constrained(mdp, w * gains[0] + (1 - w) * gains[1]) for w in np.linspace(0, 1, count)]
    return [(each.occupancy * gains).sum((1, 2)) for each in found]


def extend(
    mdp: tables.TabularMDP, gains: np.ndarray, points: list[np.ndarray], slack: float
) -> tuple[list[np.ndarray], list[Solution]]:
    """Stage 2: ROUNDS points, each pushed in both objectives.  A floor that cannot be kept adds nothing."""
    points, used, found, spare = list(points), list[Any](), list[Solution](), slack * np.ptp(points, axis=0)
    for _ in range(ROUNDS):
        front = np.array(points)[non_dominated(points)]
        lonely = [tuple(p) for p in front[np.argsort(-crowding_distance(front), kind="stable")]]
        used.append(next((p for p in lonely if p not in used), lonely[0]))
        pushed = [pareto_extend(mdp, gains, used[-1], i, spare) for i in (0, 1)]
        points += [(each.occupancy * gains).sum((1, 2)) for each in pushed if each.feasible]
        found += pushed
    return points, found


def measure(seed: int) -> dict[str, list[float]]:
    """One MDP: what 12 solves find either way, the dearest floor as a reward, and the controls."""
    mdp, gains = world(seed)
    start = grid(mdp, gains, FIRST)
    extended, solutions = extend(mdp, gains, start, SHARE)
    sets = {"C-MORL": extended, "grid": grid(mdp, gains, 2 * FIRST), "start": start}
    sets |= {"free": extend(mdp, gains, start, 1e6)[0], "midpoints": [(a + b) / 2 for a, b in pairwise(start)]}
    sets["midpoints"] += start
    worst = np.min(start, axis=0) - 0.1
    found = {n: [hypervolume(p, worst), sparsity(p), expected_utility(p, PREFERENCES)] for n, p in sets.items()}
    one = max((each for each in solutions[::2] if each.feasible), key=lambda each: each.multipliers[0])
    price = float(one.multipliers[0])
    paid = mdp.with_reward(tables.tabulate(build(price=price), mdp, {"gains": gains.swapaxes(0, 1)}))
    gain = tables.performance(paid, tables.policy_iteration(paid)[0]) - one.value
    found["dual"] = [price, abs(gain - price * float(one.returns[0]))]
    mdp, gains = world(seed, conflict=False)
    alike = extend(mdp, gains, grid(mdp, gains, FIRST), SHARE)[0], grid(mdp, gains, 2 * FIRST)
    found["alike"] = [hypervolume(points, np.min(points, 0) - 0.1) for points in alike]
    return found


def claim(full: bool = False) -> Verdict:
    """The same number of solves: 6 preferences and 6 extensions against 12 preferences, paired by MDP."""
    seeds = range(1000, 1200) if full else range(10)
    with Meter() as meter:
        rows = [measure(seed) for seed in seeds]
    got = {name: np.array([row[name] for row in rows]).T for name in rows[0]}
    (ours, gaps, utility), (rival, rival_gaps, rival_utility) = got["C-MORL"], got["grid"]
    checks = [
        compare_paired("more hypervolume", ours, rival),
        share("more hypervolume, share of MDPs", ours > rival + 1e-9, low=0.7),
        compare_paired("less sparsity", -gaps, -rival_gaps),
        compare_paired("utility within 1 %", utility, 0.99 * rival_utility),
        bound("the multiplier makes the floor a reward", got["dual"][1], high=1e-6),
        control("no floors, nothing found", got["free"][0], got["start"][0], 1e-6, exact=True),
        control("objectives agree, no front", got["alike"][0], got["alike"][1], 1e-6, exact=True),
    ]
    figures = {f"{name}: mean": np.nanmean(values, 1).round(4).tolist() for name, values in got.items()}
    return verdict(checks, seeds, "PPO on MO-Gymnasium; the interior-point solver", figures, meter.cost)
