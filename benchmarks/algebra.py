"""A reward of 6 terms and 4 transforms against hand-written NumPy that does the same, side by side.

    python benchmarks/algebra.py [--shape 4096 8] [--repeats 200]

Both are timed alternately in one run; the fastest and the median repeat are printed, because others on the
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

import rewardsmith as rs


@rs.term
def progress(x, next_x):
    return next_x - x


@rs.term
def upright(next_angle):
    return np.cos(next_angle)


@rs.term
def calm(next_speed):
    return -np.square(next_speed)


@rs.term
def effort(force):
    return -np.square(force)


@rs.term
def centred(next_x):
    return np.exp(-np.square(next_x))


@rs.term
def fallen(terminated):
    return np.where(terminated, -1.0, 0.0)


@rs.term
def nearness(x):
    return -np.abs(x)


WEIGHTS = (2.0, 1.0, 0.1, 0.01, 0.5, 10.0)
REWARD = (
    2.0 * progress + 1.0 * upright + 0.1 * calm + 0.01 * effort + 0.5 * centred + 10.0 * fallen
    | rs.Potential(nearness, discount=0.99)
    | rs.Delta()
    | rs.Normalize()
    | rs.Clip(-5.0, 5.0)
)


def by_hand(b: dict[str, Any]) -> Any:
    """The same, as a person would write it for this one reward."""
    total = (
        2.0 * (b["next_x"] - b["x"])
        + np.cos(b["next_angle"])
        - 0.1 * np.square(b["next_speed"])
        - 0.01 * np.square(b["force"])
        + 0.5 * np.exp(-np.square(b["next_x"]))
        + 10.0 * np.where(b["terminated"], -1.0, 0.0)
    )
    total = total + 0.99 * np.where(b["terminated"], 0.0, -np.abs(b["next_x"])) + np.abs(b["x"])
    change = total.copy()
    change[:, 1:] -= total[:, :-1]
    change = np.where(b["first"], total, change)
    known = ~np.isnan(change)  # a missing verdict is left out of the statistics
    values = np.where(known, change, 0.0)
    count = known.sum()
    mean = values.sum() / count
    variance = (np.where(known, values - mean, 0.0) ** 2).sum() / count
    scaled = (change - mean) / np.sqrt(variance + 1e-8)
    return np.clip(scaled, -5.0, 5.0)


def by_hand_with_parts(b: dict[str, Any]) -> dict[str, Any]:
    """What each part contributed, by hand: what ``reward.terms`` gives."""
    zero = np.zeros_like(b["x"])
    parts = {
        "progress": 2.0 * (b["next_x"] - b["x"]),
        "upright": 1.0 * np.cos(b["next_angle"]),
        "calm": -0.1 * np.square(b["next_speed"]),
        "effort": -0.01 * np.square(b["force"]),
        "centred": 0.5 * np.exp(-np.square(b["next_x"])),
        "fallen": 10.0 * np.where(b["terminated"], -1.0, 0.0),
    }
    total = sum(parts.values(), zero)
    shaped = total + 0.99 * np.where(b["terminated"], 0.0, -np.abs(b["next_x"])) + np.abs(b["x"])
    parts["potential"] = shaped - total
    change = shaped.copy()
    change[:, 1:] -= shaped[:, :-1]
    change = np.where(b["first"], shaped, change)
    parts["delta"] = change - shaped
    known = ~np.isnan(change)
    values = np.where(known, change, 0.0)
    count = known.sum()
    mean = values.sum() / count
    variance = (np.where(known, values - mean, 0.0) ** 2).sum() / count
    scaled = (change - mean) / np.sqrt(variance + 1e-8)
    parts["normalize"] = scaled - change
    parts["clip"] = np.clip(scaled, -5.0, 5.0) - scaled
    return parts


def make_batch(shape: tuple[int, ...]) -> dict[str, Any]:
    """Float64 fields of samples x time."""
    rng = np.random.default_rng(0)
    names = ("x", "next_x", "next_angle", "next_speed", "force")
    batch = {name: rng.normal(size=shape) for name in names}
    first = np.zeros(shape, bool)
    first[:, 0] = True
    return {**batch, "terminated": rng.random(shape) < 0.02, "first": first}


def compare(
    ours: Callable[[Any], Any], theirs: Callable[[Any], Any], batch: dict[str, Any], repeats: int
) -> dict[str, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, kept in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            function(batch)
            kept.append(1e6 * (time.perf_counter() - start))
    mine, other = times
    pairs = [a / b for a, b in zip(mine, other, strict=True)]
    return {
        "ours_us": min(mine),
        "numpy_us": min(other),
        "ratio": min(mine) / min(other),
        "ratio_median": statistics.median(pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs="+", default=[4096, 8])
    parser.add_argument("--repeats", type=int, default=200)
    arguments = parser.parse_args()
    batch = make_batch(tuple(arguments.shape))
    np.testing.assert_allclose(REWARD(batch), by_hand(batch), rtol=1e-9, atol=1e-9)
    parts, hand = REWARD.terms(batch), by_hand_with_parts(batch)
    assert list(parts) == list(hand)
    for name, values in parts.items():
        np.testing.assert_allclose(values, hand[name], rtol=1e-9, atol=1e-9, err_msg=name)
    figures = {
        "total": compare(REWARD, by_hand, batch, arguments.repeats),
        "terms": compare(REWARD.terms, by_hand_with_parts, batch, arguments.repeats),
    }
    print(f"{'':<6} {'ours us':>9} {'NumPy us':>9} {'ratio':>6} {'median of pairs':>16}")
    for name, row in figures.items():
        print(
            f"{name:<6} {row['ours_us']:>9.0f} {row['numpy_us']:>9.0f} {row['ratio']:>6.2f} "
            f"{row['ratio_median']:>16.2f}"
        )
    print(json.dumps({"shape": arguments.shape, **figures}))


if __name__ == "__main__":
    main()
