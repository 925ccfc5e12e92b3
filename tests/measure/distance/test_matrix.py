"""Comparisons of several rewards: records, trees and sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.cluster import hierarchy

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.arrays import Array
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.measure.distance import Sampled, compare, linkage, record_coverage
from rewardsmith.measure.distance.matrix import regret_sentence, sentence_of


@rs.term
def up(next_upright: Array) -> Array:
    return next_upright


@rs.term
def calm(next_angular_velocity: Array) -> Array:
    return -(next_angular_velocity**2)


def sampled(
    mean: list[list[float]], floor: float = 0.0, width: float = 0.02, trivial: tuple[int, ...] = ()
) -> Sampled:
    table = np.asarray(mean)
    flags = np.isin(np.arange(len(table)), trivial)
    return Sampled("starc", table, table - width, table + width, np.full(table.shape, floor), flags)


def test_a_comparison_and_its_record() -> None:
    task = tasks.load("pendulum_hold")
    coverage = record_coverage(task, 0, 4000)
    rewards = {"up": 1.0 * up, "twice": 2.0 * up + 1.0, "calm": 1.0 * calm, "sparse": 1.0 * rs.success}
    for metric in ("starc", "returns", "ranks"):
        found = compare(rewards, task, metric, coverage=coverage)
        record = json.loads(json.dumps(found.record(), allow_nan=False))
        assert record["names"] == list(rewards)
        assert record["mean"][0][1] < 0.02
        assert record["mean"][0][2] > 0.1
        assert len(record["tree"]) == 3
        assert {record["tree"][0][0], record["tree"][0][1]} == {0.0, 1.0}
        assert record["sentence"].endswith(".")


def test_the_tree_is_scipys() -> None:
    points = np.random.default_rng(0).normal(size=(6, 2))
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert linkage(apart) == pytest.approx(hierarchy.linkage(points, "average"))
    apart[0, 3] = np.nan
    assert linkage(apart) is None


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (0.1, "almost alike"),
        (0.3, "mostly alike"),
        (0.5, "in common"),
        (0.71, "unrelated"),
        (0.85, "contradict"),
        (0.99, "opposites"),
    ],
)
def test_words(distance: float, said: str) -> None:
    assert said in sentence_of(("a", "b"), sampled([[0, distance], [distance, 0]]))


def test_sentences_say_what_is_not_known() -> None:
    below = sentence_of(("a", "b"), sampled([[0, 0.05], [0.05, 0]], floor=0.06))
    assert below == "a and b are not distinguishable (below the noise floor 0.06)."
    wide = sentence_of(("a", "b"), sampled([[0, 0.3], [0.3, 0]], width=0.4))
    assert wide.endswith("(0.30, but the interval [-0.10, 0.70] reaches the noise floor 0.00).")
    same = sentence_of(("a", "b"), sampled([[0, 0.0], [0.0, 0]], width=0.0))
    assert same == "a and b are the same up to shaping and scale."
    flat = sentence_of(("a", "b"), sampled([[0, 0.5], [0.5, 0]], trivial=(1,)))
    assert flat == "b ranks no policy above another, as far as was recorded."
    many = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) / 10
    text = sentence_of("abcde", sampled(many.tolist()))
    assert text.startswith("nearest: a and b order policies almost alike (0.10)")
    assert text.endswith("farthest: a and e order policies mostly alike (0.40).")


def test_regret_sentence_names_the_dearest_first() -> None:
    found = sampled([[0, 0.4, 0.1], [0.01, 0, 0.9], [np.nan] * 3], trivial=(2,))
    text = regret_sentence("abc", found)
    assert text.startswith(
        "training on c gained nothing over random actions; training on c instead of b cost 90%"
    )
    assert "training on b instead of a cost 40% of what training gains under a" in text
    assert "training on c instead of a cost 10%" in text
    better = regret_sentence("ab", sampled([[0, -0.3], [-0.01, 0]]))
    first, second = better.split("; ")
    assert first == "training on a instead of b cost nothing (-1%) under b"
    assert second == "training on b instead of a gained 30% more under a."


def test_refusals() -> None:
    task = tasks.load("pendulum_hold")
    with pytest.raises(BadInput, match="metric"):
        compare({"a": 1.0 * up, "b": 1.0 * calm}, task, "cosine")
    with pytest.raises(BadInput, match="at least two"):
        compare({"a": 1.0 * up}, task)
    with pytest.raises(MissingField, match="upright"):
        compare({"a": 1.0 * up, "b": rs.success * 1.0}, tasks.load("cartpole"))
