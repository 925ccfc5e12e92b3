"""The comparison of all methods of search: run it, and write the tables of ``docs/comparison.md``.

    python benchmarks/methods.py [--only classic reacher cheetah ablations] [--jobs 2] [--table]

Searches that were run before are read back, so that a comparison which was stopped goes on where it was (hours
on two cores).  ``--table`` runs nothing and writes the tables from ``benchmarks/methods/*.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewardsmith.core.stats import paired_difference
from rewardsmith.design.schema import method_names
from rewardsmith.report.tournament import gain_text

HERE = Path(__file__).parent / "methods"
PAGE = Path(__file__).parents[1] / "docs" / "comparison.md"
ARRAYS = ("lares", "language_to_rewards")  # a buffer of choices, and a planner that is slow in MuJoCo
ALL = tuple(name for name in method_names() if name not in ARRAYS)
VARIANTS = tuple(str(path) for path in sorted(HERE.glob("*.yaml")))  # of the default
RUNS: Mapping[str, tuple[str, ...]] = {
    "classic": ("--tasks", "cartpole_swingup,pendulum_hold,acrobot_high", "--trainings", "48", "--seeds", "1"),
    "reacher": ("--tasks", "Reacher-v5", "--trainings", "24", "--seeds", "1"),
    "cheetah": ("--tasks", "HalfCheetah-v5", "--trainings", "24", "--steps", "98304", "--seeds", "1"),
    "ablations": ("--tasks", "cartpole_swingup", "--trainings", "48", "--seeds", "6"),
}
PLAYERS: Mapping[str, tuple[str, ...]] = {
    "classic": method_names(),
    "reacher": ALL,
    "cheetah": ALL,
    "ablations": ("rewardsmith", "random", *VARIANTS),
}


def command(name: str, jobs: int, out: Path) -> list[str]:
    """What one would type."""
    players = ",".join(PLAYERS[name])
    against = "rewardsmith" if name == "ablations" else "random"
    typed = ["bench", "methods", "--methods", players, *RUNS[name], "--against", against]
    return [sys.executable, "-m", "rewardsmith", *typed, "--jobs", str(jobs), "--out", str(out)]


def table(record: Mapping[str, Any]) -> str:
    """Ratings, best first."""
    tasks = record["tasks"]
    head = ["method", "rating", "95 %", f"beyond {record['against']}", *tasks, "shrinkage"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for each in record["ratings"]:
        interval = "" if each["low"] is None else f"{each['low']:+.0f} to {each['high']:+.0f}"
        cells = [f"`{each['method']}`", f"{each['rating']:+.0f}", interval]
        cells += [_gain(each), *(_reached(each["success"][task]) for task in tasks)]
        cells.append("" if each["shrinkage"] is None else f"{each['shrinkage']:+.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ablations(record: Mapping[str, Any]) -> str:
    """What the default reaches without one of its parts, search by search."""
    reached = {(each["method"], each["task"], each["seed"]): each["success"] for each in record["cells"]}
    lines = ["| the default | searches | success | difference |", "|---|---|---|---|"]
    for method in dict.fromkeys(name for name, _, _ in reached):
        places = [place for name, *place in reached if name == method]
        ours = [reached[(method, *place)] for place in places]
        full = [reached[("rewardsmith", *place)] for place in places]
        found = paired_difference(ours, full)
        told = "" if method == "rewardsmith" else f"{found.mean:+.3f} ± {found.standard_error:.3f}"
        lines.append(f"| `{method}` | {len(ours)} | {sum(ours) / len(ours):.2f} | {told} |")
    return "\n".join(lines)


def _gain(each: Mapping[str, Any]) -> str:
    return gain_text(*(math.nan if each[name] is None else each[name] for name in ("gain", "error")))


def _reached(value: list[float | None]) -> str:
    mean, low, high = value
    if mean is None:
        return "-"
    return (
        f"{mean:.2f}" if low is None or high is None else f"{mean:.2f} [{max(low, 0):.2f}, {min(high, 1):.2f}]"
    )


def with_tables(page: str) -> str:
    """The page with each table between its markers.

    Raises:
        ValueError: the markers of a recorded table are not there.
    """
    for name in RUNS:
        path = HERE / f"{name}.json"
        if not path.exists():
            continue
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE.name} needs the lines {begin} and {end}")
        record = json.loads(path.read_text(encoding="utf-8"))
        written = ablations(record) if name == "ablations" else table(record)
        page = f"{before}{begin}\n\n{written}\n\n{end}{after}"
    return page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=list(RUNS), help="these comparisons")
    parser.add_argument("--jobs", type=int, default=2, help="searches at the same time")
    parser.add_argument("--out", type=Path, default=Path("bench"), help="a folder for the runs")
    parser.add_argument("--table", action="store_true", help="run nothing, write the tables")
    options = parser.parse_args(arguments)
    for name in [] if options.table else options.only:
        done = subprocess.run(command(name, options.jobs, options.out), check=False)
        if done.returncode:
            return done.returncode
        record = json.loads((options.out / "methods.json").read_text(encoding="utf-8"))
        (HERE / f"{name}.json").write_text(json.dumps(record) + "\n", encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
