"""Clip and Delta for step rewards: what a trajectory can collect, against a loop over its steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core.arrays import to_numpy
from rewardsmith.core.errors import BadInput, CompositionError
from rewardsmith.transforms import StepDelta, StepPenalty

scores = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@rs.term(low=0.0, high=1.0)
def prm(score):
    return score


@rs.term(low=-8.0, high=8.0)
def logit(score):
    return score


def one(p, ends=True):
    """One trajectory; its last step is the answer unless it was cut off."""
    terminated = np.zeros((1, len(p)), bool)
    terminated[0, -1] = ends
    return {"score": np.array([p]), "terminated": terminated}


@given(p=scores, ends=st.booleans(), discount=st.sampled_from([1.0, 0.9]))
def test_the_sum_is_the_first_score(p, ends, discount):
    paid = (prm | StepDelta(discount))(one(p, ends))[0]
    first = p[0] if len(p) > 1 or not ends else 0.0  # a single step that is the answer earns nothing here
    weights = discount ** np.arange(len(p))
    assert (weights * paid).sum() == pytest.approx(first, abs=1e-12)
    if ends:
        assert paid[-1] == 0.0
    # and what is still to come at step k is p_k alone
    to_go = [(weights[: len(p) - k] * paid[k:]).sum() for k in range(len(p))]
    np.testing.assert_allclose(to_go[: len(p) - ends], p[: len(p) - ends], atol=1e-12)


@given(p=scores, eta=st.floats(0, 1))
def test_penalties_never_add_up_to_a_gain(p, eta):
    paid = (prm | StepPenalty(eta))(one(p))[0]
    np.testing.assert_allclose(paid, [min(x - eta, 0.0) for x in p])
    assert paid.sum() <= 0


@given(p=st.lists(st.floats(0, 1), min_size=2, max_size=8), copies=st.integers(1, 5))
def test_saying_the_last_good_step_again_pays_nothing(p, copies):
    """With p >= eta at the step that is repeated, Clip and Clip + Delta pay the same total."""
    eta = p[-2]
    longer = [*p[:-1], *[p[-2]] * copies, p[-1]]
    for transform in (StepPenalty(eta), StepDelta(), StepPenalty(eta) | StepDelta()):
        short, long = (prm | transform)(one(p)).sum(), (prm | transform)(one(longer)).sum()
        assert long == pytest.approx(short, abs=1e-12)
    raw = prm(one(longer)).sum() - prm(one(p)).sum()
    assert raw == pytest.approx(copies * p[-2])  # the raw score pays for every copy


@given(seed=st.integers(0, 10_000))
def test_many_trajectories_in_a_row(seed):
    """Oracle: cut the rows where an episode ends or starts, and go through each piece backwards."""
    rng = np.random.default_rng(seed)
    shape = (3, 7)
    p = np.where(rng.random(shape) < 0.1, np.nan, rng.random(shape))
    batch = {"score": p, "terminated": rng.random(shape) < 0.3, "first": rng.random(shape) < 0.2}
    expected = np.empty(shape)
    for n in range(shape[0]):
        start = 0
        for t in range(shape[1]):
            cut = t == shape[1] - 1 or batch["terminated"][n, t] or batch["first"][n, t + 1]
            if not cut:
                continue
            later = 0.0
            for k in range(t, start - 1, -1):
                q = 0.0 if batch["terminated"][n, k] else p[n, k]
                expected[n, k], later = q - 0.9 * later, q
            if np.isnan(p[n, start : t + 1]).any():
                expected[n, start : t + 1] = np.nan
            start = t + 1
    reward = prm | StepDelta(0.9)
    np.testing.assert_allclose(reward(batch), expected, atol=1e-12)
    del batch["first"]
    assert reward(batch).shape == shape


def test_a_step_without_verdict_silences_its_trajectory_only():
    batch = {
        "score": np.array([[0.5, np.nan, 0.5], [0.5, 0.5, np.nan], [0.1, 0.2, 0.3]]),
        "terminated": np.array([[False, False, True]] * 3),
    }
    silent = np.isnan((prm | StepDelta())(batch))
    assert silent.tolist() == [[True] * 3, [True] * 3, [False] * 3]


def test_the_other_libraries():
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(1)
    p, ends = rng.random((4, 5)), rng.random((4, 5)) < 0.3
    expected = StepDelta().apply(p, {"terminated": ends}, ())[0]
    for convert in (torch.asarray, jnp.asarray):
        found = StepDelta().apply(convert(p), {"terminated": convert(ends)}, ())[0]
        np.testing.assert_allclose(to_numpy(found), expected, atol=1e-6)


def test_misfits_are_refused():
    with pytest.raises(CompositionError, match=r"StepPenalty.*within \[0, 1\].*logit"):
        logit | StepPenalty(0.7)
    with pytest.raises(BadInput, match="at least one step"):
        (prm | StepDelta())({"score": np.zeros((2, 0)), "terminated": np.zeros((2, 0), bool)})
    with pytest.raises(BadInput, match="0 to 1"):
        StepDelta(1.5)
    with pytest.raises(rs.RewardsmithError, match="EPISODE"):
        rs.require_scope(prm | StepDelta(), rs.Scope.STEP, "a step")
