"""10,000 verdicts of a function that takes 5 ms, 32 at a time: what share of the ideal throughput is reached.

    PYTHONPATH=src python benchmarks/each.py [--samples 10000] [--runs 3]

The ideal is concurrency / 5 ms.  Plain functions run in worker processes, ``async def`` in one event loop;
beside each stands a bare loop of the standard library that does the same with no deadline that ends the work.
One run has a function that hangs for one sample: all others must have their verdict.  The last line is one
JSON object.  Timers of asyncio are whole milliseconds, rounded up, so with sleeps of 5 ms no loop gets beyond
5 / 6 of the ideal by much.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # so that workers find this file as a module
import each as this

import rewardsmith as rs

SECONDS = 0.005
CONCURRENCY = 32
HANGS = -1.0


@rs.term(each=True, timeout=1.0, concurrency=CONCURRENCY)
def plain(x):
    time.sleep(1000.0 if x == HANGS else SECONDS)
    return x


@rs.term(each=True, timeout=1.0, concurrency=CONCURRENCY)
async def asynchronous(x):
    await asyncio.sleep(1000.0 if x == HANGS else SECONDS)
    return x


def bare_plain(x: float) -> float:
    time.sleep(SECONDS)
    return x


async def bare_async(values: np.ndarray) -> list[float]:
    limit = asyncio.Semaphore(CONCURRENCY)

    async def one(x: float) -> float:
        async with limit:
            await asyncio.sleep(SECONDS)
            return x

    return await asyncio.gather(*map(one, values.tolist()))


def measure(evaluate: Callable[[], object], samples: int, runs: int) -> float:
    """The best share of the ideal over some runs: other work on the machine only makes it worse."""
    shares = []
    for _ in range(runs):
        start = time.perf_counter()
        evaluate()
        shares.append(samples * SECONDS / CONCURRENCY / (time.perf_counter() - start))
    print("   ", ", ".join(f"{share:.1%}" for share in shares), f"(median {statistics.median(shares):.1%})")
    return max(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    values = np.arange(float(given.samples))
    figures: dict[str, float] = {"load": round(os.getloadavg()[0], 2)}
    for name, term in (("plain", this.plain), ("asynchronous", this.asynchronous)):
        start = time.perf_counter()
        term({"x": values[:CONCURRENCY]})
        figures[f"{name}_start_s"] = round(time.perf_counter() - start, 3)
        assert (term({"x": values}) == values).all()
        print(f"{name}: share of the ideal {CONCURRENCY / SECONDS:.0f} samples/s")
        figures[name] = measure(lambda term=term: term({"x": values}), given.samples, given.runs)
        broken = values.copy()
        broken[given.samples // 2] = HANGS
        verdicts = term({"x": broken})
        figures[f"{name}_lost_to_one_that_hangs"] = int(np.isnan(verdicts).sum())
    print("bare ProcessPoolExecutor.map, chunks of 16")
    with ProcessPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(this.bare_plain, range(CONCURRENCY * 4)))
        figures["bare_plain"] = measure(
            lambda: list(pool.map(this.bare_plain, values.tolist(), chunksize=16)), given.samples, given.runs
        )
    print("bare asyncio.gather with a semaphore")
    figures["bare_async"] = measure(lambda: asyncio.run(bare_async(values)), given.samples, given.runs)
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
