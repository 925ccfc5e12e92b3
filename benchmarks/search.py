"""A whole search, 64 candidates x 2 seeds x 98,304 steps on MountainCar: wall time, CPU time, memory.

    python benchmarks/search.py            # cold (empty compile cache) and warm, each in a fresh process

Random programs, as the first generation of a search has them.  The second set of rewards in the same
process must compile nothing: the number of compiled programs is counted before and after.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

CANDIDATES, SEEDS, STEPS = 64, 2, 98_304


def search() -> dict[str, Any]:
    start, cpu = time.perf_counter(), time.process_time()
    import jax
    import numpy as np

    from rewardsmith import tasks
    from rewardsmith.optimize.control import PPO, Population, evaluate
    from rewardsmith.program import Grammar, random_program

    task = tasks.load("mountain_car")
    grammar = Grammar.from_fields(task.table())
    rng = np.random.default_rng(0)
    candidates = [random_program(grammar, rng) for _ in range(CANDIDATES)]
    config = PPO(STEPS, epochs=4, minibatches=4, hidden=(32, 32))
    population = Population.start(task, candidates, range(SEEDS), config).advance(STEPS)
    success = evaluate(task, population.policies(), 1_000, 16).success.mean(axis=1).reshape(CANDIDATES, SEEDS)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    # Linux gives kilobytes, macOS bytes.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    events: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: events.append(name) if "backend_compile" in name else None
    )
    others = [random_program(grammar, rng) for _ in range(CANDIDATES)]
    Population.start(task, others, range(50, 50 + SEEDS), config).advance(config.batch)
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "per_cpu_s": CANDIDATES * SEEDS * STEPS / cpu,
        "cores": cpu / wall,
        "peak_gib": memory / 2**30,
        "recompilations": len(events),
        "solved_on_all_seeds": int((success.min(axis=1) >= 0.95).sum()),
        "moved": float(np.abs(population.members.first).mean()),
    }


def main() -> None:
    if "--work" in sys.argv:
        print(json.dumps(search()))
        return
    with tempfile.TemporaryDirectory() as cache:
        for label in ("cold", "warm"):
            environment = {**os.environ, "REWARDSMITH_CACHE": cache, "OMP_NUM_THREADS": "1"}
            command = [sys.executable, __file__, "--work"]
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if answer.returncode:
                raise SystemExit(answer.stderr[-2000:])
            print(
                json.dumps({"figure": label, **json.loads(answer.stdout.strip().splitlines()[-1])}), flush=True
            )


if __name__ == "__main__":
    main()
