"""The bound of a trajectory: never broken by random trajectories, and reached where it says so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.transforms import Schedule, StepDelta, StepPenalty, Tanh, trajectory_bound


@rs.term(low=0.0, high=1.0)
def prm(score):
    return score


@rs.term(low=-2.0, high=0.5)
def cost(price):
    return price


@rs.term(low=0.0, high=1.0)
def outcome(solved):
    return solved


@rs.term
def unknown(price):
    return price


ONCE = ("outcome",)
transforms = st.sampled_from(
    [
        rs.Clip(-0.5, 0.25),
        rs.Clip(0.1, 0.2),
        StepPenalty(0.7),
        StepDelta(),
        StepDelta(0.8),
        rs.Delta(),
        Tanh(0.5),
        Schedule(2.0, -1.0),
        rs.Scale(-1.5),
        rs.Potential(prm, discount=1.0),
        rs.Potential(cost, discount=0.7),
    ]
)
rewards = st.recursive(
    st.sampled_from([prm, cost, outcome, rs.Constant(-0.1)]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda ab: ab[0] + ab[1]),
        st.tuples(inner, inner).map(lambda ab: ab[0] * ab[1]),
        st.tuples(inner, inner).map(lambda ab: rs.minimum(*ab)),
        st.tuples(inner, inner).map(lambda ab: rs.maximum(*ab)),
        st.tuples(inner, inner).map(lambda ab: rs.gate(ab[0], when=ab[1], above=0.2)),
        st.tuples(inner, inner).map(lambda ab: rs.lexicographic(*ab)),
        # + 0, because a term that declares another range is refused by StepPenalty
        st.tuples(inner, transforms).map(lambda rt: (rt[0] + 0.0) | rt[1]),
    ),
    max_leaves=5,
)


def trajectories(rng, steps, count=200):
    """Corners and insides of the ranges; the outcome comes once, at the end or not at all."""
    shape = (count, steps)
    corner = rng.random(shape) < 0.7
    score = np.where(corner, rng.integers(0, 2, shape), rng.random(shape))
    price = np.where(corner, rng.choice([-2.0, 0.5], shape), rng.uniform(-2, 0.5, shape))
    ends = np.zeros(shape, bool)
    ends[:, -1] = rng.random(count) < 0.5
    after = {f"next_{k}": np.roll(v, -1, axis=1) for k, v in (("score", score), ("price", price))}
    return {
        "score": score,
        "price": price,
        **after,
        "solved": ends * rng.integers(0, 2, shape),
        "terminated": ends,
        "progress": rng.random(shape),
    }


@given(reward=rewards, steps=st.integers(1, 6), seed=st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_no_trajectory_breaks_it(reward, steps, seed):
    low, high = trajectory_bound(reward, steps, ONCE)
    for length in range(1, steps + 1):
        total = reward(trajectories(np.random.default_rng(seed), length)).sum(1)
        assert total.min() >= low - 1e-9
        assert total.max() <= high + 1e-9


@pytest.mark.parametrize(
    ("reward", "expected"),
    [
        (outcome + 0.3 * prm, (0.0, 1.0 + 0.3 * 4)),
        (outcome + 0.3 * (prm | StepPenalty(0.7)), (-0.3 * 0.7 * 4, 1.0)),
        (outcome + 0.3 * (prm | StepDelta()), (0.0, 1.3)),
        (prm | StepPenalty(0.7) | StepDelta(), (-0.7, 0.0)),
        (cost | rs.Delta(), (-2.0, 0.5)),
        (rs.gate(outcome, when=prm), (0.0, 1.0)),
        (rs.minimum(prm, outcome), (0.0, 1.0)),
        (-1.0 * cost, (-0.5 * 4, 2.0 * 4)),
    ],
)
def test_the_bound_is_reached(reward, expected):
    assert trajectory_bound(reward, 4, ONCE) == pytest.approx(expected)
    found = [reward(trajectories(np.random.default_rng(s), n, 4000)).sum(1) for s, n in enumerate((1, 2, 3, 4))]
    reached = min(x.min() for x in found), max(x.max() for x in found)
    assert reached == pytest.approx(expected, abs=1e-9)


def test_what_can_be_farmed_has_no_bound():
    assert trajectory_bound(rs.success + 0.3 * prm)[1] == math.inf
    assert trajectory_bound(rs.success + 0.3 * (prm | StepPenalty(0.7)))[1] == 1.0
    assert trajectory_bound(rs.success + 0.3 * (prm | StepPenalty(0.7)))[0] == -math.inf
    assert trajectory_bound(rs.success + 0.3 * (prm | StepPenalty(0.7) | StepDelta())) == pytest.approx(
        (-0.21, 1.0)
    )
    # a discount of its own leaves something at every step, which adds up
    assert trajectory_bound(prm | StepDelta(0.99))[1] == math.inf


def test_what_is_not_known_is_not_bounded():
    assert trajectory_bound(unknown, 3) == (-math.inf, math.inf)
    assert trajectory_bound(unknown | Tanh(2.0), 3) == (-6.0, 6.0)
    assert trajectory_bound(0.0 * unknown) == (0.0, 0.0)
    with pytest.raises(BadInput, match="at least 1"):
        trajectory_bound(prm, 0)
