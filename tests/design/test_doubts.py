"""The uncertainty of parts among samples, and how it enters the Gaussian process of numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.design import Design, design, load_method
from rewardsmith.design.candidate import Candidate, Parent, View
from rewardsmith.design.doubts import doubted, number_doubts, part_doubts
from rewardsmith.design.propose.ask import Ask, Draft
from rewardsmith.design.screen import Consensus, Constant
from rewardsmith.design.screen.refusal import Refusal
from rewardsmith.design.strategy import Bayes
from rewardsmith.design.strategy.bayes import most_promising
from rewardsmith.program import parse

FIELDS = tuple(Field(name) for name in "abcd")
RNG = np.random.default_rng(0)
STEPS = {name: RNG.normal(size=400) for name in "abcd"}
TEXTS = (
    "return {'one': 2 * a, 'two': -b}",
    "return {'p': -3 * a, 'q': c}",
    "return {'r': 0.5 * b, 's': a + 9}",
    "return {'t': d ** 2}",
)
PROGRAMS = [parse(text, FIELDS) for text in TEXTS]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (0, {"one": 1 / 3, "two": 2 / 3}),
        (1, {"p": 1 / 3, "q": 1.0}),
        (2, {"r": 2 / 3, "s": 1 / 3}),
        (3, {"t": 1.0}),
    ],
)
def test_doubts_are_the_share_of_other_samples_without_such_a_part(which, expected):
    others = [each for each in PROGRAMS if each is not PROGRAMS[which]]
    assert part_doubts(PROGRAMS[which], others, STEPS, 0.8) == pytest.approx(expected)


def test_nothing_is_known_without_others_and_a_sample_that_fails_has_no_part():
    assert part_doubts(PROGRAMS[0], [], STEPS, 0.8) == {}
    broken = parse("1 / (a - a)", FIELDS)
    assert part_doubts(PROGRAMS[0], [broken], STEPS, 0.8) == {"one": 1.0, "two": 1.0}
    assert part_doubts(broken, PROGRAMS, STEPS, 0.8) == {}


def test_refused_samples_count_and_other_numbers_keep_the_doubts_of_their_parent():
    found = [(Draft(each, Ask("fresh")), None) for each in PROGRAMS[:3]]
    found.append((Draft(PROGRAMS[3], Ask("fresh")), Refusal("S_CONSTANT", "why")))
    found.append((Draft(None, Ask("fresh"), Refusal("E_REPLY", "why")), Refusal("E_REPLY", "why")))
    parent = Parent(Candidate("r0c0", PROGRAMS[0], "fresh", doubts={"one": 0.25, "two": 0.5}))
    moved = PROGRAMS[0].with_numbers({"program.one.c0": 7.0})
    asked = Ask("numbers", (parent,), numbers=(("program.one.c0", 7.0),))
    found.append((Draft(moved, asked), None))
    answered = doubted(found, (Constant(), Consensus()), STEPS)
    assert [refusal for _, refusal in answered] == [refusal for _, refusal in found]
    assert answered[0][0].doubts == pytest.approx({"one": 1 / 3, "two": 2 / 3})
    assert answered[3][0].doubts == {"t": 1.0}
    assert answered[4][0].doubts == {}
    assert answered[5][0].doubts == {"one": 0.25, "two": 0.5}
    assert doubted(found, (Constant(),), STEPS) == found


def test_a_number_has_the_doubt_of_the_least_doubtful_part_that_uses_it():
    text = """
def reward(a, b, c):
    near = 2.0 * a
    both = near + 3.0 * b
    return {"x": 4.0 * near, "y": both, "z": 5.0 * c}
"""
    program = parse(text, FIELDS)
    names = list(program.numbers())
    assert [name.split(".")[1] for name in names] == ["near", "both", "x", "z"]
    assert number_doubts(program, names, {"x": 0.6, "y": 0.3, "z": 0.9}) == [0.3, 0.3, 0.6, 0.9]
    assert number_doubts(program, names, {"x": 0.6}) == [0.0, 0.0, 0.6, 0.0]


def improvement(points, values, tried, scale) -> list[float]:
    """Expected improvement by the textbook, one point at a time, without a library of Gaussian processes."""
    mean, size = np.mean(values), np.std(values) or 1.0
    y = [(value - mean) / size for value in values]

    def k(p, q) -> float:
        return math.exp(-0.5 * sum(((u - v) / s) ** 2 for u, v, s in zip(p, q, scale, strict=True)))

    gram = np.array([[k(p, q) + 0.01 * (i == j) for j, q in enumerate(points)] for i, p in enumerate(points)])
    found = []
    for new in tried:
        against = np.array([k(new, p) for p in points])
        weights = np.linalg.solve(gram, against)
        mu = float(weights @ y) * size + mean
        deviation = math.sqrt(1.01 - float(weights @ against)) * size  # a new measurement is noisy, too
        z = (mu - max(values)) / deviation
        normal = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        found.append((mu - max(values)) * 0.5 * math.erfc(-z / math.sqrt(2)) + deviation * normal)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_most_promising_point_equals_a_loop_with_one_length_scale_for_each_number(seed):
    rng = np.random.default_rng(seed)
    points, values = list(rng.normal(size=(6, 3))), list(rng.random(6))
    tried, scale = rng.normal(size=(60, 3)), 0.7 / (1.0 + np.array([0.0, 0.5, 1.0]))
    slow = improvement(points, values, tried, scale)
    best = most_promising(points, values, tried, scale)
    assert best.tolist() == tried[int(np.argmax(slow))].tolist()


def one_parent(doubts: dict[str, float]) -> View:
    program = parse("return {'x': 2 * a, 'y': -3 * b}", FIELDS)
    best = Parent(Candidate("r0c0", program, "fresh", doubts=doubts), score=0.5)
    return View(1, 5, (best,), (best,))


def test_what_is_known_of_a_doubtful_number_reaches_less_far():
    """Of two points equally far from the only known one, the one along the doubtful number promises more."""
    known, tried = [np.zeros(2)], np.array([[0.3, 0.0], [0.0, 0.3]])
    for doubts, chosen in (([0.8, 0.1], 0), ([0.1, 0.8], 1)):
        scale = 0.7 / (1.0 + np.array(doubts))
        assert most_promising(known, [0.5], tried, scale).tolist() == tried[chosen].tolist()


def first(doubts: dict[str, float], doubt: float, seed: int) -> list[float]:
    made = Bayes(structures=100, doubt=doubt)
    (ask,) = made.asks((), one_parent(doubts), 1, np.random.default_rng(seed))
    return [value for _, value in ask.numbers]


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_asked_for_are_the_most_promising_ones_under_the_scales_of_their_parts(seed):
    start = np.log([2.0, 3.0])
    tried = start + 0.7 * np.random.default_rng(seed).standard_normal((256, 2))
    for doubts, doubt, scale in (
        ({}, 1.0, [0.7, 0.7]),
        ({"x": 0.9, "y": 0.1}, 0.0, [0.7, 0.7]),
        ({"x": 0.5}, 1.0, [0.7 / 1.5, 0.7]),
        ({"x": 0.25, "y": 1.0}, 2.0, [0.7 / 1.5, 0.7 / 3.0]),
    ):
        size = np.exp(most_promising([start], [0.5], tried, np.array(scale)))
        assert first(doubts, doubt, seed) == pytest.approx([size[0], -size[1]], rel=1e-3)


def test_a_doubt_that_is_no_weight_is_refused():
    for value in (-0.1, math.inf, math.nan):
        with pytest.raises(BadInput, match=r"strategy\.doubt"):
            Bayes(doubt=value)


def test_a_search_records_doubts_where_samples_are_compared(tmp_path):
    ppo = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
    method = replace(load_method("urdp"), rounds=2, candidates=4)
    with design(Design("cartpole", method, trainings=8, steps=512, ppo=ppo, controls=False), tmp_path) as run:
        rows = [run.done(f"round/{n}/proposed")["candidates"] for n in range(2)]
    assert all(set(row["doubts"]) for row in rows[0])
    assert all(0.0 <= value <= 1.0 for row in rows[0] for value in row["doubts"].values())
    moved = [row for row in rows[1] if row["operator"] == "numbers"]
    by_name = {row["id"]: row["doubts"] for row in rows[0]}
    assert moved
    assert all(row["doubts"] == by_name[row["parents"][0]] for row in moved)
