"""Dense rewards: distances along a learned graph, Shapley shares of a score, and when a naive one misleads.

Differs from the paper: a proposal without results.  The hierarchy and the embedding of its graph are left out:
distances are hops along the transitions that tabular Q-learning has seen, known once the goal was reached.
Four grids of 23 to 49 cells, and ten tokens with a score at the end.  Chosen on seeds 1000 to 1005: weights,
steps and sizes.  Q-learning starts at 0, so a negative distance is no trap: what was tried looks bad soon.
Credits are compared after equally many updates, not scores: SCAR asks for 1,024 a sequence, the others for 1.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import FOUR_ROOMS, coordinates, gridworld
from rewardsmith.learn.state_graph import DensePay, DenseReward
from rewardsmith.optimize.remembering import remembering_q_learning
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.optimize.tokens import NeededTokens, TokenGradient, at_the_end, evenly, learn_tokens
from rewardsmith.transforms.shapley import shapley_redistribute
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="zhang2025towards",
    title="Towards better dense rewards in Reinforcement Learning Applications",
    authors="Zhang, Shuyuan",
    year=2025,
    where="arXiv",
    arxiv="2512.04302",
)
GRIDS = {
    "U maze": "S..#..G\n...#...\n...#...\n...#...\n...#...\n.......",
    "four rooms": FOUR_ROOMS,
    "snake": "S......\n######.\n.......\n.######\n......G",
    "open": "S......\n.......\n.......\n.......\n.......\n.......\n......G",
}


def build(weight: float = 0.1) -> DensePay:
    """Minus the distance to the goal along the graph, in its largest distance."""
    return DensePay("graph", "raw", weight)


WAYS = {
    "sparse": DensePay(),
    "straight": DensePay("straight", "raw", 0.1),
    "graph": build(),
    "straight, closeness": DensePay("straight", "closeness", 0.1),
    "straight, potential": DensePay("straight", "potential", 0.3),
    "graph, potential": DensePay("graph", "potential", 0.3),
    "count": DensePay("count", "raw", 0.1),
}


def walk(name: str, seeds: range, episodes: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
    """Return over training, and late in it, as shares of the best return, of each way ``(seeds,)``; steps."""
    world, at = gridworld(GRIDS[name], discount=0.97, slip=0.1), coordinates(GRIDS[name])
    place, goal = np.stack([at["row"], at["column"]], 1), int(np.flatnonzero(world.ends)[0])
    straight = np.linalg.norm(place - place[goal], axis=1)
    reward = DenseReward(goal, straight, tuple(WAYS.values()))
    curves = remembering_q_learning(world, seeds, QLearning(episodes, horizon=100), reward)
    own = curves.own / float(world.initial @ tables.value_iteration(world))
    late = own[..., -max(1, episodes // 5) :].mean(-1)
    areas = dict(zip(WAYS, own.mean(-1), strict=True))
    return areas, dict(zip(WAYS, late, strict=True)), int(curves.length.sum())


def shares_of(score: NeededTokens, tokens: np.ndarray) -> np.ndarray:
    """Shapley shares of each sequence ``(B, L)``; all sets of ten tokens are scored."""
    return np.array([shapley_redistribute(partial(score, row), len(row)).shares for row in tokens])


def write(score: NeededTokens, seeds: range, updates: int, length: int = 10) -> dict[str, np.ndarray]:
    """Mean score over training for each way of crediting tokens, ``(seeds,)``."""
    ways = {"SCAR": lambda tokens, _: shares_of(score, tokens), "even": evenly, "terminal": at_the_end}
    config = TokenGradient(length, updates=updates, learning_rate=3.0)
    curves = {
        name: [learn_tokens(score, way, config, s)[0].mean() for s in seeds] for name, way in ways.items()
    }
    return {name: np.array(curve) for name, curve in curves.items()}


def claim(full: bool = False) -> Verdict:
    """Seven dense rewards on four grids, and three credits of one score."""
    seeds, updates = range(20 if full else 8), 60 if full else 15
    with Meter() as meter:
        runs = {name: walk(name, seeds, 120 if full else 12) for name in GRIDS}
        meter.count("env_steps", sum(run[2] for run in runs.values()))
        told = write(NeededTokens(), seeds, updates)
        one = write(NeededTokens((0,)), seeds, updates, length=1)
    area, late = {name: run[0] for name, run in runs.items()}, {name: run[1] for name, run in runs.items()}
    maze = area["U maze"]
    faster = [compare_paired(n, area[n]["graph"], area[n]["sparse"]).outcome == "holds" for n in GRIDS]
    beaten = [compare_paired(n, late[n]["sparse"], late[n]["straight"]).outcome == "holds" for n in GRIDS]
    safe = [
        compare_paired(
            f"{n}: potential at most 2 % below sparse", each["graph, potential"], each["sparse"], -0.02
        )
        for n, each in late.items()
    ]
    checks = [
        compare_paired("U maze: graph faster than straight", maze["graph"], maze["straight"]),
        bound("graph faster than sparse on 2 of 4 grids", [sum(faster)], low=2),
        bound("straight beaten by sparse on a grid", [sum(beaten)], low=1),
        compare_paired("closeness is farmed", late["open"]["sparse"], late["open"]["straight, closeness"]),
        compare_paired("SCAR faster than terminal", told["SCAR"], told["terminal"]),
        compare_paired("SCAR not slower than even", told["SCAR"], told["even"], -0.01),
        *safe,
        control("one token: nothing to share", one["SCAR"], one["terminal"], 1e-9, exact=True),
    ]
    figures = {
        "area": {n: {way: round(float(v.mean()), 3) for way, v in each.items()} for n, each in area.items()},
        "late": {n: {way: round(float(v.mean()), 3) for way, v in each.items()} for n, each in late.items()},
        "tokens": {way: round(float(v.mean()), 3) for way, v in told.items()},
    }
    left_out = "hierarchies, the embedding, continual tasks, DoorKey; CALM, HERON and ranking in the same table"
    return verdict(checks, seeds, left_out, figures, meter.cost)
