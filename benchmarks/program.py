"""The reward language: time to compile, and evaluation against hand-written NumPy, side by side.

    python benchmarks/program.py [--rows 4096] [--repeats 300]

Both sides of a ratio are timed alternately in one run; the fastest repeat counts, because others on the
machine only ever add time.  The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rewardsmith import Field
from rewardsmith.core.fields import with_twins
from rewardsmith.program import Grammar, Program, parse, random_program

TABLE = with_twins(
    (
        Field("obs", width=5),
        Field("action", width=2, kind="action"),
        Field("terminated", low=0.0, high=1.0, kind="flag"),
        Field("x", "m", -2.4, 2.4),
        Field("speed", "m/s", -10.0, 10.0),
        Field("angle", "rad", -np.pi, np.pi),
    )
)


def swing_up(b: dict[str, Any]) -> Any:
    up = np.exp(-np.square((np.cos(b["angle"]) - 1.0) / 0.5))
    return 1.5 * up * np.exp(-np.square(b["x"] / 0.8)) - 0.05 * np.square(b["speed"]) - 2.0 * b["terminated"]


def reach(b: dict[str, Any]) -> Any:
    return -np.sqrt(np.sum(b["obs"][:, :2] ** 2, -1)) - 0.1 * np.sum(np.square(b["action"]), -1)


def progress(b: dict[str, Any]) -> Any:
    return 5.0 * (np.abs(b["angle"]) - np.abs(b["next_angle"])) + np.where(
        np.abs(b["next_angle"]) < 0.2, 1.0, 0.0
    )


def squares(b: dict[str, Any]) -> Any:
    return -(b["angle"] ** 2) - 0.1 * b["speed"] ** 2 - 0.001 * b["x"] ** 2


PAIRS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "swing_up": (
        "up = exp(-square((cos(angle) - 1.0) / 0.5))\n"
        "return {'up': 1.5 * up * exp(-square(x / 0.8)), 'calm': -0.05 * square(speed), "
        "'end': -2.0 * terminated}",
        swing_up,
    ),
    "reach": ("-norm(obs[:, :2]) - 0.1 * sum(square(action))", reach),
    "progress": (
        "{'progress': 5.0 * (abs(angle) - abs(next_angle)), 'there': where(abs(next_angle) < 0.2, 1.0, 0.0)}",
        progress,
    ),
    "squares": ("-angle ** 2 - 0.1 * speed ** 2 - 0.001 * x ** 2", squares),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[64, 4096, 65536])
    parser.add_argument("--repeats", type=int, default=200)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"compile_ms": compile_times(), "evaluation": {}, "random": {}}
    print(f"compile, median of 300 programs: {figures['compile_ms']['median']:.3f} ms")
    print(f"{'rows':>7} {'program':<12} {'NumPy us':>9} {'ours us':>9} {'ratio':>6}")
    for rows in arguments.rows:
        batch, repeats = make_batch(rows), max(20, arguments.repeats * 4096 // max(rows, 4096))
        for name, (source, rival) in PAIRS.items():
            row = compare(parse(source, TABLE), rival, batch, repeats)
            figures["evaluation"][f"{name}@{rows}"] = row
            print(f"{rows:>7} {name:<12} {row['numpy_us']:>9.1f} {row['ours_us']:>9.1f} {row['ratio']:>6.2f}")
        found = [compare(program, as_numpy(program), batch, repeats // 4) for program in random_programs(40)]
        ratios = sorted(row["ratio"] for row in found)
        summary = {"median": statistics.median(ratios), "p90": ratios[35], "worst": ratios[-1]}
        summary["total"] = sum(row["ours_us"] for row in found) / sum(row["numpy_us"] for row in found)
        figures["random"][str(rows)] = summary
        text = ", ".join(f"{name} {value:.2f}" for name, value in summary.items())
        print(f"{rows:>7} 40 random programs, ratio: {text}")
    print(json.dumps(figures))


def random_programs(count: int) -> list[Program]:
    rng, grammar = np.random.default_rng(0), Grammar.from_fields(TABLE)
    return [random_program(grammar, rng) for _ in range(count)]


def as_numpy(program: Program) -> Callable[[dict[str, Any]], Any]:
    """The text of a random program as a plain Python function over NumPy: what a person would write."""
    names = {name: getattr(np, name) for name in ("exp", "square", "abs", "tanh", "where", "sin", "cos")}
    text = str(program).replace("return {", "return _total({").replace("    }", "    })")
    names["_total"] = lambda terms: sum(list(terms.values())[1:], next(iter(terms.values())))
    exec(text, names)  # our own text, in a benchmark
    function, fields = names["reward"], [field.name for field in program.table]
    return lambda batch: function(*(batch[name] for name in fields))


def compile_times() -> dict[str, float]:
    """Parse and validate sources of the size that searches and language models write."""
    rng, grammar = np.random.default_rng(0), Grammar.from_fields(TABLE)
    sources = [str(random_program(grammar, rng)) for _ in range(290)] + [
        source for source, _ in PAIRS.values()
    ] * 3
    times = []
    for source in sources:
        start = time.perf_counter()
        parse(source, TABLE)
        times.append(1e3 * (time.perf_counter() - start))
    return {"median": statistics.median(times), "p99": float(np.quantile(times, 0.99))}


def make_batch(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {f.name: rng.normal(size=(rows, f.width) if f.width else rows) for f in TABLE}


def compare(
    program: Program, rival: Callable[[Any], Any], batch: dict[str, Any], repeats: int
) -> dict[str, float]:
    np.testing.assert_allclose(program(batch), rival(batch), rtol=1e-12, atol=1e-12)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(repeats):
        for function, times in ((program, ours), (rival, theirs)):
            start = time.perf_counter()
            function(batch)
            times.append(time.perf_counter() - start)
    mine, other = min(ours), min(theirs)
    return {"numpy_us": 1e6 * other, "ours_us": 1e6 * mine, "ratio": mine / other}


if __name__ == "__main__":
    main()
