"""Population PPO against Stable-Baselines3: environment steps per CPU-second, learning included.

    python benchmarks/ppo.py [--rounds 3] [--only cartpole|cheetah]

Every measurement runs in a process of its own, ours and theirs in turn, so that other work on the
machine hits both.  CPU time (user + system, all threads) is the unit, because wall time on a shared
machine means little; compiling is reported apart and not counted.  Same networks (separate actor
and critic), batch, epochs and minibatches on both sides.  One JSON row per figure, then a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

ENVS, ROLLOUT = 16, 128


def clock() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def ours(
    task_name: str,
    members: int,
    hidden: int,
    iterations: int,
    programs: bool,
    epochs: int = 4,
    minibatches: int = 4,
    normalized: bool = True,
) -> dict[str, Any]:
    from rewardsmith import tasks
    from rewardsmith.optimize.control import PPO, Population
    from rewardsmith.program import parse

    task = tasks.load(task_name)
    reward = parse("1.0 - 0.1 * next_x ** 2", task) if programs else task.native
    config = PPO(
        1_000_000,
        ENVS,
        ROLLOUT,
        epochs,
        minibatches,
        hidden=(hidden, hidden),
        normalize_observations=normalized,
        normalize_rewards=normalized,
    )
    cpu, wall = clock()
    population = Population.start(task, [reward], range(members), config).advance(config.batch)
    compile_cpu, compile_wall = clock()[0] - cpu, clock()[1] - wall
    cpu, wall = clock()
    after = population.advance(iterations * config.batch)
    cpu, wall = clock()[0] - cpu, clock()[1] - wall
    steps = members * iterations * config.batch
    # The parameters leave the program, so the learning cannot have been optimised away.
    moved = float(abs(after.members.params - population.members.params).mean())
    found = {"steps": steps, "cpu_s": cpu, "wall_s": wall, "per_cpu_s": steps / cpu, "cores": cpu / wall}
    returns = after.curves.figures["episode_return"][-1]
    returns = returns[returns == returns]  # NaN where no episode ended
    found |= {"first_call_cpu_s": compile_cpu, "first_call_wall_s": compile_wall, "moved": moved}
    return found | {"last_return": float(returns.mean()) if len(returns) else None}


def theirs(
    gym_id: str, hidden: int, iterations: int, normalized: bool, epochs: int = 4, minibatches: int = 4
) -> dict[str, Any]:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize

    torch.set_num_threads(1)
    layers = {"pi": [hidden, hidden], "vf": [hidden, hidden]}
    batch = ENVS * ROLLOUT
    envs = make_vec_env(gym_id, ENVS)
    model = PPO(
        "MlpPolicy",
        VecNormalize(envs) if normalized else envs,
        n_steps=ROLLOUT,
        batch_size=batch // minibatches,
        n_epochs=epochs,
        learning_rate=1e-3,
        policy_kwargs={"net_arch": layers},
        device="cpu",
    )
    model.learn(batch)
    cpu, wall = clock()
    model.learn(iterations * batch)
    cpu, wall = clock()[0] - cpu, clock()[1] - wall
    steps = iterations * batch
    return {"steps": steps, "cpu_s": cpu, "wall_s": wall, "per_cpu_s": steps / cpu, "cores": cpu / wall}


# Ours normalises observations and rewards unless told not to, so the like-for-like rival does too
# (VecNormalize); a pair in which neither normalises is given as well.  "10 x 32" is SB3's own default:
# 10 epochs, minibatches of 64.
WORK: dict[str, tuple[Any, ...]] = {
    "CartPole, population 64, 2x64": (ours, "cartpole", 64, 64, 24, True),
    "CartPole, SB3, 2x64": (theirs, "CartPole-v1", 64, 48, True),
    "CartPole, population 64, no normalisation, 2x64": (ours, "cartpole", 64, 64, 24, True, 4, 4, False),
    "CartPole, SB3, no normalisation, 2x64": (theirs, "CartPole-v1", 64, 48, False),
    "CartPole, population 64, 2x32": (ours, "cartpole", 64, 32, 48, True),
    "CartPole, SB3, 2x32": (theirs, "CartPole-v1", 32, 48, True),
    "CartPole, population 64, 2x64, reward on the host": (ours, "cartpole", 64, 64, 24, False),
    "HalfCheetah-v5, envpool, population 8, 2x64": (ours, "HalfCheetah-v5", 8, 64, 8, False),
    "HalfCheetah-v5, SB3, 2x64": (theirs, "HalfCheetah-v5", 64, 24, True),
    "HalfCheetah-v5, envpool, population 8, 2x64, 10 x 32": (ours, "HalfCheetah-v5", 8, 64, 8, False, 10, 32),
    "HalfCheetah-v5, SB3, 2x64, 10 x 32": (theirs, "HalfCheetah-v5", 64, 10, True, 10, 32),
}
RATIOS = (
    ("CartPole, population 64, 2x64", "CartPole, SB3, 2x64"),
    ("CartPole, population 64, no normalisation, 2x64", "CartPole, SB3, no normalisation, 2x64"),
    ("CartPole, population 64, 2x64", "CartPole, SB3, no normalisation, 2x64"),
    ("CartPole, population 64, 2x32", "CartPole, SB3, 2x32"),
    ("HalfCheetah-v5, envpool, population 8, 2x64", "HalfCheetah-v5, SB3, 2x64"),
    ("HalfCheetah-v5, envpool, population 8, 2x64, 10 x 32", "HalfCheetah-v5, SB3, 2x64, 10 x 32"),
)


def measure(name: str) -> dict[str, Any]:
    """One measurement in a fresh process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--work", name]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{name} failed:\n{answer.stderr[-2000:]}")
    return json.loads(answer.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of a name, in lower case")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        run, *arguments = WORK[options.work]
        print(json.dumps(run(*arguments)))
        return
    names = [name for name in WORK if options.only.lower() in name.lower()]
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(options.rounds):
        for name in names:
            rows[name].append(measure(name))
            print(json.dumps({"figure": name, "round": turn, **rows[name][-1]}), flush=True)
    table(rows)


def table(rows: dict[str, list[dict[str, Any]]]) -> None:
    """Medians over the rounds, and ratios of measurements made in turn."""
    print(f"\n{'figure':55} {'steps/CPU-s':>12} {'cores':>6} {'first call, CPU-s':>18}")
    for name, found in rows.items():
        speed, cores = (statistics.median(row[key] for row in found) for key in ("per_cpu_s", "cores"))
        first = statistics.median(row.get("first_call_cpu_s", float("nan")) for row in found)
        print(f"{name:55} {speed:12,.0f} {cores:6.2f} {first:18.1f}")
    for mine, other in RATIOS:
        if mine in rows and other in rows:
            pairs = zip(rows[mine], rows[other], strict=True)
            ratio = statistics.median(a["per_cpu_s"] / b["per_cpu_s"] for a, b in pairs)
            print(f"{mine} / {other}: {ratio:.1f}")


if __name__ == "__main__":
    main()
