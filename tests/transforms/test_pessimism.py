"""Ensembles against NumPy's nan-functions, and the order of pessimism."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.testing import check_reward
from rewardsmith.transforms.normalize import Normalize
from rewardsmith.transforms.pessimism import RULES, Ensemble, ensemble, fold_members


@rs.term
def first(a):
    return a


@rs.term
def second(b):
    return b


@rs.term
def third(c):
    return c


@st.composite
def opinions(draw, missing: bool = True):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    values = rng.normal(scale=10.0 ** draw(st.integers(-1, 2)), size=(12, draw(st.integers(1, 6))))
    if draw(st.booleans()):
        values = np.round(values)  # ties
    return np.where(rng.random(values.shape) < 0.3 * missing, np.nan, values)


@given(opinions(), st.floats(0, 3), st.floats(0, 1))
def test_it_is_what_numpy_says_of_the_members_with_a_verdict(values, k, level):
    for row in values:
        known = row[~np.isnan(row)]
        found = {rule: float(fold_members(row[None], rule, k, level)[0]) for rule in RULES}
        if not len(known):
            assert all(np.isnan(value) for value in found.values())
            continue
        expected = {
            "mean": np.mean(known),
            "deviation": np.mean(known) - k * np.std(known),
            "variance": np.mean(known) - k * np.var(known),
            "quantile": np.quantile(known, level),
            "worst": np.min(known),
        }
        for rule, value in expected.items():
            assert found[rule] == pytest.approx(value, rel=1e-9, abs=1e-9), rule


@given(opinions(missing=False), st.floats(0, 1))
def test_the_order_of_pessimism(values, level):
    mean, worst = fold_members(values, "mean"), fold_members(values, "worst")
    count = values.shape[1]
    np.testing.assert_allclose(fold_members(values, "deviation", k=0.0), mean)
    np.testing.assert_allclose(fold_members(values, "quantile", level=0.0), worst)
    slack = 1e-9 * (1 + np.abs(values).max())
    if count > 1:
        assert (worst <= fold_members(values, "deviation", k=1 / np.sqrt(count - 1)) + slack).all()
        assert (fold_members(values, "deviation", k=np.sqrt(count - 1)) <= worst + slack).all()
    assert (worst <= fold_members(values, "quantile", level=level) + slack).all()
    assert (fold_members(values, "deviation", k=2.0) <= fold_members(values, "deviation", k=1.0) + slack).all()


def test_many_deviations_are_worse_than_the_worst_member():
    """Why ``worst <= deviation`` is no law: one member disagrees with three."""
    values = np.array([[0.0, 0.0, 0.0, 10.0]])
    assert fold_members(values, "deviation", k=1.0)[0] < 0.0 == fold_members(values, "worst")[0]


def test_too_few_verdicts_are_no_verdict():
    values = np.array([[1.0, np.nan, 3.0], [1.0, np.nan, np.nan], [np.nan] * 3])
    for rule in RULES:
        assert np.isnan(fold_members(values, rule, least=2)).tolist() == [False, True, True]


def test_rewards_and_columns_are_one_operator():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(5, 4, 3))
    columns[0, 0, 1] = np.nan
    batch = {"a": columns[..., 0], "b": columns[..., 1], "c": columns[..., 2], "member_scores": columns}
    for rule in RULES:
        for standardise in (False, True):
            settings = {"rule": rule, "k": 0.7, "least": 2, "standardise": standardise}
            of_rewards = ensemble(first, second, third, **settings)
            of_columns = ensemble(scores="member_scores", **settings)
            np.testing.assert_array_equal(of_rewards(batch), of_columns(batch))
            check_reward(of_rewards, batch, [first, second, third])
            check_reward(of_columns, batch)
    parts = ensemble(first, second, third, k=0.7).terms(batch)
    assert set(parts) == {"first", "second", "third", "ensemble"}
    assert (parts["ensemble"] <= 1e-12).all()  # pessimism takes off


def test_standardised_members_have_the_running_scale_of_normalize():
    rng = np.random.default_rng(1)
    reward = ensemble(first, 100.0 * second, rule="mean", standardise=True)
    state, one, two = None, Normalize().init({}), Normalize().init({})
    for _ in range(3):
        batch = {"a": rng.normal(size=8), "b": rng.normal(size=8)}
        state = reward.init(batch) if state is None else state
        found, state = reward.apply(batch, state)
        a, one = Normalize().apply(batch["a"], batch, one)
        b, two = Normalize().apply(100.0 * batch["b"], batch, two)
        np.testing.assert_allclose(found, (a + b) / 2)


@pytest.mark.parametrize("rule", RULES)
def test_three_libraries_and_the_gradient(rule):
    import jax
    import torch

    values = np.random.default_rng(2).normal(size=(6, 4))
    values[0, 1] = values[1] = np.nan
    expected = fold_members(values, rule, 0.5)
    np.testing.assert_allclose(fold_members(torch.as_tensor(values), rule, 0.5).numpy(), expected)
    with jax.enable_x64():
        np.testing.assert_allclose(jax.jit(lambda v: fold_members(v, rule, 0.5))(values), expected)
        flat = jax.numpy.ones((2, 3))  # all members agree: the spread has no slope, and no NaN either
        slope = jax.grad(lambda v: fold_members(v, rule, 0.5).sum())(flat)
    assert np.isfinite(np.asarray(slope)).all()


def test_what_is_refused():
    for wrong in (
        {},
        {"scores": "s", "rule": "median"},
        {"scores": "s", "level": 2.0},
        {"scores": "s", "least": 0},
    ):
        with pytest.raises(BadInput):
            ensemble(**wrong)
    with pytest.raises(BadInput, match="1 to 2"):
        ensemble(first, second, least=3)
    with pytest.raises(BadInput, match="column for each member"):
        Ensemble(scores="a")({"a": np.zeros(3)})
