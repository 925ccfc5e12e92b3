"""Exact distances of rewards: speed, memory, agreement with regret, and the certificate.

    OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/distances.py [--only sparse pairs regret certificate]

Prints one table per part; the last line is one JSON object.  Seconds are CPU seconds of one core (wall seconds
in brackets); peak memory is that of a process of its own, with Python, NumPy and SciPy in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from rewardsmith.core.mdp import TabularMDP, random_mdp
from rewardsmith.measure.distance import (
    SparseDynamics,
    certificate,
    distance,
    exact_regret,
    mixtures,
    random_reward,
    sparse_distance,
    worst_regret,
)
from rewardsmith.measure.model import spearman

KINDS = ("starc", "starc-minimal", "epic", "epic-dynamics", "epic-norm", "dard", "dard-norm", "srrd", "raw")


class Clock:
    def __enter__(self) -> Clock:
        self.start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = time.process_time() - self.start[0], time.perf_counter() - self.start[1]


def grid(side: int, slip: float = 0.2) -> Any:
    """Four moves on a square; with probability ``slip`` a random one."""
    import scipy.sparse

    states = side * side
    row, column = np.divmod(np.arange(states), side)
    lands = [
        np.clip(row + y, 0, side - 1) * side + np.clip(column + x, 0, side - 1)
        for y, x in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    moves = scipy.sparse.csr_matrix((4 * states, states))
    for action in range(4):
        for other in range(4):
            share = np.full(states, slip / 4 + (1 - slip) * (action == other))
            place = (np.arange(states) * 4 + action, lands[other])
            moves = moves + scipy.sparse.csr_matrix((share, place), moves.shape)
    return moves


def scattered(states: int, branching: int = 4) -> Any:
    """Every action leads to ``branching`` random states: an LU decomposition would fill up."""
    import scipy.sparse

    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(4 * states), branching)
    share = rng.dirichlet(np.ones(branching), 4 * states).ravel()
    where = (rows, rng.integers(0, states, len(rows)))
    return scipy.sparse.csr_matrix((share, where), (4 * states, states))


def one_sparse(name: str, discount: float) -> dict[str, Any]:
    import resource

    moves = grid(100) if name == "grid" else scattered(10_000)
    one, two = np.random.default_rng(1).normal(size=(2, 10_000, 4))
    found: dict[str, Any] = {"dynamics": name, "discount": discount}
    for kind in ("starc", "starc-minimal"):
        with Clock() as clock:
            dynamics = SparseDynamics(moves, discount)
            shaped = one + discount * (dynamics.transition @ one[:, 0]).reshape(one.shape) - one[:, :1]
            far = float(sparse_distance(dynamics, one, two, kind))
        none = float(sparse_distance(dynamics, one, shaped, kind))
        found |= {kind: {"s": clock.cpu, "wall_s": clock.wall, "distance": far, "to its shaping": none}}
    return {**found, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def sparse() -> dict[str, Any]:
    print("\n10,000 states x 4 actions, sparse: one distance\n")
    print("dynamics    discount  starc                starc-minimal        peak")
    rows = []
    for name, discount in (("grid", 0.99), ("grid", 0.999), ("scattered", 0.99), ("scattered", 0.999)):
        command = [sys.executable, __file__, "--child", name, str(discount)]
        row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        rows.append(row)
        times = [f"{row[k]['s']:.2f} s ({row[k]['wall_s']:.2f} s)" for k in ("starc", "starc-minimal")]
        print(f"{name:11s} {discount:<9g} {times[0]:20s} {times[1]:20s} {row['MiB']:.0f} MiB")
    return {"rows": rows}


def environment(seed: int, pairs: int = 8) -> tuple[TabularMDP, np.ndarray, np.ndarray]:
    """32 states, 4 actions; proxies between the true reward and an unrelated one."""
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, 32, 4, 0.95, concentration=0.15)
    true = np.stack([random_reward(mdp, rng) for _ in range(pairs)])
    other = np.stack([random_reward(mdp, rng) for _ in range(pairs)])
    proxies = [mixtures(a, b, [w])[0] for a, b, w in zip(true, other, rng.random(pairs), strict=True)]
    return mdp, true, np.stack(proxies)


def pairs() -> dict[str, Any]:
    print("\n1,000 pairs of rewards, 32 states x 4 actions, one core\n")
    found = {}
    for title, count, size in (("1,000 MDPs, one pair each", 1000, 1), ("125 MDPs, 8 pairs at once", 125, 8)):
        worlds = [environment(seed, size) for seed in range(count)]
        spent = {}
        for name in ("starc", "epic", "dard", "regret"):
            with Clock() as clock:
                for mdp, true, proxies in worlds:
                    exact_regret(mdp, true, proxies) if name == "regret" else distance(mdp, true, proxies, name)
            spent[name] = (clock.cpu, clock.wall)
        total = tuple(sum(each[k] for each in spent.values()) for k in range(2))
        found[title] = {**{name: cpu for name, (cpu, _) in spent.items()}, "all": total[0], "wall": total[1]}
        parts = ", ".join(f"{name} {cpu:.2f}" for name, (cpu, _) in spent.items())
        print(f"{title}: {total[0]:.2f} s ({total[1]:.2f} s): {parts}")
    return found


def regret(environments: int = 125, resamples: int = 500) -> dict[str, Any]:
    print(f"\nSpearman's rho with regret, {environments} environments x 8 pairs, 95 % intervals by bootstrap\n")
    worlds = [environment(seed) for seed in range(10_000, 10_000 + environments)]
    lost = {
        "optimal policy": [exact_regret(*each).share for each in worlds],
        "worst pair": [
            [worst_regret(mdp, a, b).share for a, b in zip(true, proxies, strict=True)]
            for mdp, true, proxies in worlds
        ],
    }
    far = {kind: np.array([distance(*each, kind).value for each in worlds]) for kind in KINDS}
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, environments, (resamples, environments))
    found: dict[str, Any] = {}
    for name, values in lost.items():
        truth = np.array(values)
        rho = {kind: spearman(each.ravel(), truth.ravel()) for kind, each in far.items()}
        again = {
            kind: np.array([spearman(each[d].ravel(), truth[d].ravel()) for d in drawn])
            for kind, each in far.items()
        }
        print(f"{name:16s} {'rho':>7s}   starc leads by")
        found[name] = {}
        for kind in KINDS:
            low, high = np.quantile(again["starc"] - again[kind], [0.025, 0.975])
            found[name][kind] = {"rho": rho[kind], "lead": rho["starc"] - rho[kind], "low": low, "high": high}
            print(f"  {kind:14s} {rho[kind]:7.3f}   {rho['starc'] - rho[kind]:+.3f} [{low:+.3f}, {high:+.3f}]")
    return found


def certified(count: int = 10_000) -> dict[str, Any]:
    """The worst pair of policies, which no pair exceeds, against the bound; 1e-9 of the return is rounding."""
    violations, ratios = 0, []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        states, actions = int(rng.integers(2, 9)), int(rng.integers(2, 5))
        free = random_mdp(
            rng, states, actions, float(rng.uniform(0, 0.98)), concentration=rng.choice([0.15, 1])
        )
        ends = rng.random(states) < 0.1
        mdp = TabularMDP(free.transition, free.reward, free.discount, free.initial, ends)
        true, other = random_reward(mdp, rng), random_reward(mdp, rng)
        proxy = mixtures(true, other, [rng.random() ** 2])[0]
        for kind in ("starc", "starc-minimal"):
            most, worst = certificate(mdp, true, proxy, kind), worst_regret(mdp, true, proxy)
            bounds = np.array([most.l2, most.largest, most.scaled])
            rounding = 1e-9 * (abs(worst.best) + abs(worst.worst))
            violations += int((worst.value > bounds + rounding).any())
            if kind == "starc-minimal" and most.value > rounding:
                ratios.append([worst.value / most.value, float(most.share < 1), most.share])
    table = np.array(ratios)
    print(f"\nCertificate on {count} random MDPs, both kinds: {violations} violations")
    print(f"worst regret / bound: median {np.median(table[:, 0]):.2f}, largest {table[:, 0].max():.4f}")
    print(f"bound below the range of returns (it says something): {table[:, 1].mean():.0%}")
    tight = table[table[:, 1] > 0]
    print(
        f"  there: median bound {np.median(tight[:, 2]):.2f}, median ratio {np.median(tight[:, 0]):.2f} of it"
    )
    return {"violations": violations, "largest ratio": table[:, 0].max(), "says something": table[:, 1].mean()}


PARTS = {"sparse": sparse, "pairs": pairs, "regret": regret, "certificate": certified}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), default=list(PARTS))
    parser.add_argument("--child", nargs=2)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(one_sparse(options.child[0], float(options.child[1]))))
        return
    found = {name: PARTS[name]() for name in options.only}
    print(json.dumps(found, default=float))


if __name__ == "__main__":
    main()
