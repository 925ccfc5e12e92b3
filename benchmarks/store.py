"""What durability costs, and whether it holds: commits per second, checkpoints, unreadable runs after kills.

    PYTHONPATH=src python benchmarks/store.py [--kills 200]

Prints a table; the last line is one JSON object.  The first commit rate has plain SQLite beside it
(same pragmas, one insert per transaction, no checksums or lease), interleaved in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run, encode
from rewardsmith.store.journal import append_event

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "store"))
import workload

PAYLOAD = {"step": 1, "success": {"mean": 0.5, "low": 0.4, "high": 0.6}, "reward": "x" * 200}


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def commits(root: Path, rounds: int = 400) -> dict[str, float]:
    """Time single durable commits: ours and plain SQLite's, in turn."""
    run = Run.create(root, {"benchmark": "commits"})
    plain = sqlite3.connect(root / "plain.sqlite", isolation_level=None)
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")
    plain.execute("CREATE TABLE events (key TEXT PRIMARY KEY, payload TEXT)")
    text = json.dumps(PAYLOAD)
    ours, theirs = [], []
    for number in range(rounds):
        key = f"event-{number}"
        ours.append(seconds(lambda key=key: run.record("chunk", key, PAYLOAD)))
        theirs.append(seconds(lambda key=key: plain.execute("INSERT INTO events VALUES (?, ?)", (key, text))))
    looks = [seconds(lambda number=number: run.done(f"event-{number}")) for number in range(rounds)]
    run.close()
    plain.close()
    return {
        "commits_per_s": rounds / sum(ours),
        "commit_ms_median": 1e3 * statistics.median(ours),
        "commit_ms_p99": 1e3 * float(np.quantile(ours, 0.99)),
        "plain_sqlite_commits_per_s": rounds / sum(theirs),
        "done_per_s": rounds / sum(looks),
    }


def checkpoint_cost(root: Path, rounds: int = 15) -> dict[str, float]:
    """Time checkpoints of 1 MB and 20 MB, and reading the latter back verified."""
    out: dict[str, float] = {}
    with Run.create(root, {"benchmark": "checkpoints"}) as run:
        for size in (1, 20):
            arrays = {"weights": np.random.default_rng(0).random(size * 125_000)}
            times = [seconds(lambda s=s, a=arrays: run.checkpoint("c", s, a)) for s in range(rounds)]
            out[f"checkpoint_{size}MB_ms_median"] = 1e3 * statistics.median(times)
        out["load_20MB_ms"] = 1e3 * seconds(lambda: run.latest_checkpoint("c"))
    return out


def opening(root: Path, count: int = 10_000) -> dict[str, float]:
    """Time continuing a run that has many events."""
    run = Run.create(root, {"benchmark": "opening"})
    with run._journal.write() as connection:  # one transaction: filling it is not what is measured
        for number in range(count):
            texts = {
                "kind": "k",
                "key": f"e{number}",
                "payload": encode(PAYLOAD),
                "arrays": "{}",
                "timing": "{}",
            }
            append_event(connection, run.id, texts, time.time())
    run.close()
    Run.resume(root, run.id).close()  # writes the mirrors once
    return {"resume_10k_events_s": seconds(lambda: Run.resume(root, run.id).close())}


def kills(root: Path, count: int, rng: random.Random) -> dict[str, float]:
    """Kill writers at random points; count runs and checkpoints that cannot be read, and lost records."""
    unreadable = lost = done = finished = 0
    acknowledged: set[str] = set()
    folder = root
    with workload.forge(root, items=10**6) as smith:
        while done < count:
            pid = smith.start()
            lines = [smith.line() for _ in range(rng.randrange(3))]
            time.sleep(rng.random() * 0.01)
            os.kill(pid, signal.SIGKILL)
            lines += smith.rest()
            acknowledged |= {key for word, key in lines if word == "ack"}
            finished += lines[-1] != ("exit", "-9")
            done += 1
            if not any(root.glob("[!.]*/journal.sqlite")):
                continue  # killed before the run was made
            try:
                with Run.open(root) as run:
                    lost += len(acknowledged - {event.key for event in run.events()})
                    for event in run.events()[-3:]:
                        run.arrays(event.key)
                    unreadable += run.latest_checkpoint("map") is None and len(run.events()) > 1
                    folder = run.folder
            except StoreError as error:
                print(f"unreadable: {error}")
                unreadable += 1
    left = sum(1 for _ in folder.rglob(".tmp-*"))
    return {
        "kills": done,
        "not_killed": finished,
        "unreadable": unreadable,
        "acknowledged": len(acknowledged),
        "lost": lost,
        "torn_files_at_the_end": left,
    }


def main() -> None:
    """Run all of it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as root:
        figures |= commits(Path(root))
        figures |= checkpoint_cost(Path(root))
        figures |= opening(Path(root))
    with tempfile.TemporaryDirectory() as root:
        figures |= kills(Path(root), given.kills, random.Random(given.seed))
    for name, value in figures.items():
        print(f"{name:32s} {value:12.2f}")
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
