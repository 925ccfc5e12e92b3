"""The sandbox: what a job costs, how many run in a second, and whether 10,000 hostile jobs leave it standing.

    python benchmarks/sandbox.py [--jobs 10000] [--backends bubblewrap landlock wasmtime]

Costs are times by the clock on the wall of the process that asks; the median of jobs one after the other in one
worker.  Throughput is that of a pool of one worker per core.  Hostile jobs are the corpus of
``tests/sandbox/hostile`` in random order, limits 0.25 s and 64 KiB of output; after each tenth an honest job
must give its usual answer.  The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.sandbox import ArrayJob, Backend, Job, Limits, Outcome, Pool, ProgramJob, get_backend, verdicts

sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")  # where `sandbox` is the corpus, not this file

REWARD = "def reward(x, y):\n    return np.exp(-x**2) - 0.1 * np.abs(y)\n"
PROGRAM = "def solve(n):\n    return n * n + 1\n"
HOSTILE = Limits(wall=0.25, cpu=0.25, memory=1 << 30, output=1 << 16)


def reward_job(rows: int) -> ArrayJob:
    return ArrayJob(REWARD, "reward", {"x": np.linspace(-1, 1, rows), "y": np.ones(rows)})


def program_job(n: int = 3) -> ProgramJob:
    return ProgramJob(PROGRAM, function="solve", args=(n,))


def ticks() -> float:
    """Processor seconds of this process and of everything below it, the ended children of those included."""
    from sandbox.hostile.watch import below

    total = 0
    for pid in (os.getpid(), *below(os.getpid())):
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(each) for each in numbers[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def times(run: Callable[[], Outcome], count: int) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        outcome = run()
        found.append(1000 * (time.perf_counter() - began))
        assert outcome.status == "done", outcome
    return sorted(found)


def cost(backend: Backend, job: Job, count: int) -> dict[str, float]:
    """Milliseconds of a job in one worker; ``cpu``: of the processor, which other work does not change."""
    worker = backend.open(Limits())
    try:
        times(lambda: worker.run(job), 20)
        before = ticks()
        found = times(lambda: worker.run(job), count)
        used = 1000 * (ticks() - before) / count
    finally:
        worker.close()
    p99 = found[int(0.99 * len(found))]
    return {"median": statistics.median(found), "min": found[0], "p99": p99, "cpu": used}


def start(backend: Backend) -> float:
    """Milliseconds until a new worker has done its first job."""
    began = time.perf_counter()
    worker = backend.open(Limits())
    worker.run(program_job() if "T2" in backend.tiers else reward_job(8))
    worker.close()
    return 1000 * (time.perf_counter() - began)


def throughput(backend: Backend, job: Job, count: int) -> float:
    """Jobs per second of a pool with a worker on each core."""
    tier = "T1" if isinstance(job, ArrayJob) else "T2"
    with Pool(tier, backend=backend) as pool:
        pool.map([job] * 20)
        began = time.perf_counter()
        found = pool.map([job] * count)
        took = time.perf_counter() - began
    assert all(each.status == "done" for each in found)
    return count / took


def tests_cost(backend: Backend, count: int) -> float:
    """Milliseconds of one unit test of ``passes_tests``, 10 tests for each program, on all cores."""
    suite = [{"function": "solve", "args": [n], "output": n * n + 1} for n in range(10)]
    with Pool("T2", backend=backend) as pool:
        verdicts([PROGRAM] * 2, [suite] * 2, pool=pool)
        began = time.perf_counter()
        rows = verdicts([PROGRAM] * count, [suite] * count, pool=pool)
        took = time.perf_counter() - began
    assert all(row.all() for row in rows)
    return 1000 * took / (10 * count)


def hostile_jobs() -> list[tuple[str, str]]:
    """(tier, source) of every entry of the corpus; the names in them are of nothing that exists."""
    from sandbox.hostile.corpus import bombs, forgeries, prelude, probes

    attacks = [prelude() + each.source + "\nattack()\n" for each in probes()]
    attacks += [prelude() + each.source + "\nbomb()\n" for each in bombs()]
    forged = [each.source for each in forgeries()]
    jobs = [("T1", text) for text in attacks] + [("T2", text) for text in (*attacks, *forged)]
    return [(tier, text.replace("@PARENT@", str(os.getpid())).replace("@VICTIM@", "1")) for tier, text in jobs]


def as_job(tier: str, source: str) -> Job:
    if tier == "T1":
        return ArrayJob(source + "\ndef reward(x):\n    return x\n", "reward", {"x": np.ones(8)})
    return ProgramJob(source, function="solve", args=(3,))


def siege(backend: Backend, count: int, seed: int = 0) -> dict[str, Any]:
    """Hostile jobs in random order on a pool, an honest job after each tenth."""
    rng = random.Random(seed)
    corpus = [each for each in hostile_jobs() if each[0] in backend.tiers]
    tier = "T1" if "T1" in backend.tiers else "T2"
    honest = reward_job(64) if tier == "T1" else program_job()
    with Pool(tier, HOSTILE, backend=backend) as pool:
        usual, began = answer(pool.run(honest)), time.perf_counter()
        ends: Counter[str] = Counter()
        changed = done = 0
        while done < count:
            batch = [as_job(*rng.choice(corpus)) for _ in range(100)]
            mixed = [each for i, job in enumerate(batch) for each in ([job, honest] if i % 10 == 9 else [job])]
            for i, outcome in enumerate(pool.map(mixed)):
                if i % 11 == 10:
                    changed += answer(outcome) != usual
                else:
                    ends[outcome.status] += 1
            done += len(batch)
        took, failures, restarts = time.perf_counter() - began, pool.failures, pool.restarts
    found = {"jobs": done, "seconds": took, "honest answers changed": changed, "failures": failures}
    return {**found, "workers restarted": restarts, "ends": dict(ends)}


def answer(outcome: Outcome) -> str:
    return repr((outcome.status, outcome.value, [each.tolist() for each in outcome.arrays.values()]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000, help="hostile jobs of the first back-end")
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--backends", nargs="+", default=["bubblewrap", "landlock", "wasmtime"])
    options = parser.parse_args()
    report: dict[str, Any] = {}
    for name in options.backends if options.repeats else ():
        backend = get_backend(name)
        reason = backend.available()
        if reason is not None:
            print(f"{name}: {reason}")
            continue
        report[name] = found = {"start ms": start(backend)}
        cases: dict[str, Job] = {}
        if "T1" in backend.tiers:
            cases |= {f"reward on {rows:,} rows": reward_job(rows) for rows in (64, 4096, 100_000)}
        if "T2" in backend.tiers:
            cases["function called"] = program_job()
            cases["program that reads and prints"] = ProgramJob("print(int(input()) + 1)", stdin="1")
        print(f"\n{name}: a worker and its first job {found['start ms']:.0f} ms")
        print(f"{'job':<32}{'median ms':>9}{'min':>9}{'p99':>9}{'cpu ms':>9}{'jobs/s on all cores':>22}")
        for case, job in cases.items():
            spent, rate = cost(backend, job, options.repeats), throughput(backend, job, 2 * options.repeats)
            found[case] = {**spent, "per second": rate}
            numbers = "".join(f"{spent[each]:>9.1f}" for each in ("median", "min", "p99", "cpu"))
            print(f"{case:<32}{numbers}{rate:>22.0f}")
        if "T2" in backend.tiers:
            found["unit test ms"] = tests_cost(backend, 30)
            print(f"{'one unit test of passes_tests':<32}{found['unit test ms']:>10.1f}")
    if options.jobs and options.backends:
        name = options.backends[0]
        report["siege"] = siege(get_backend(name), options.jobs)
        print(f"\nsiege of {name}")
        for what, value in report["siege"].items():
            print(f"  {what}: {value:.0f}" if isinstance(value, float) else f"  {what}: {value}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
