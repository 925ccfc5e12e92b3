"""Exact regrets against enumeration of all policies and a linear programme."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import exact_regret, return_range, worst_regret
from rewardsmith.measure.distance.regret import optimal_values

seeds = st.integers(0, 10**6)


def world(seed: int, ends: bool = True) -> tables.TabularMDP:
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    free = tables.random_mdp(rng, states, actions, discount=float(rng.uniform(0, 0.95)), branching=2)
    terminal = np.arange(states) >= states - (ends and seed % 2)
    return tables.TabularMDP(free.transition, free.reward, free.discount, free.initial, terminal)


def rewards(mdp: tables.TabularMDP, seed: int, count: int) -> np.ndarray:
    """Some of them integers, so that optimal policies tie."""
    rng = np.random.default_rng(seed)
    tied = rng.integers(0, 2, size=(count, mdp.states, mdp.actions)).astype(float)
    return tied if seed % 3 == 0 else rng.normal(size=tied.shape)


def returns(mdp: tables.TabularMDP, reward: np.ndarray) -> np.ndarray:
    """J of every deterministic policy."""
    carried = mdp.with_reward(reward)
    policies = itertools.product(range(mdp.actions), repeat=mdp.states)
    return np.array([tables.performance(carried, np.array(policy)) for policy in policies])


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_regret_is_that_of_all_policies(seed) -> None:
    mdp = world(seed)
    true, proxy = rewards(mdp, seed, 2)
    one, two = returns(mdp, true), returns(mdp, proxy)
    # optimal from every state, not only from the start
    values = optimal_values(mdp, mdp.with_reward(proxy).expected_reward)
    q = tables.backup(mdp.with_reward(proxy), values)
    policies = itertools.product(range(mdp.actions), repeat=mdp.states)
    best = np.array([all(q[s, a] >= q[s].max() - 1e-8 for s, a in enumerate(p)) for p in policies])
    got = exact_regret(mdp, true, proxy)
    assert got.value == pytest.approx(one.max() - one[best].min(), abs=1e-8)
    assert (got.best, got.worst) == (pytest.approx(one.max()), pytest.approx(one.min()))
    assert two[best].min() == pytest.approx(two.max())
    low, high = return_range(mdp, true)
    assert (low, high) == (pytest.approx(one.min()), pytest.approx(one.max()))


def programme(mdp: tables.TabularMDP, true: np.ndarray, proxy: np.ndarray) -> float:
    """The same maximum as a linear programme on two tables of visits."""
    S, A = mdp.states, mdp.actions
    flow = np.repeat(np.eye(S), A, axis=1) - mdp.discount * mdp.transition.reshape(S * A, S).T
    zero = np.zeros_like(flow)
    one, two = (mdp.with_reward(each).expected_reward.ravel() for each in (true, proxy))
    solved = linprog(
        np.concatenate([-one, one]),
        A_ub=np.concatenate([two, -two])[None],
        b_ub=[0.0],
        A_eq=np.block([[flow, zero], [zero, flow]]),
        b_eq=np.concatenate([mdp.initial, mdp.initial]),
    )
    return -solved.fun


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_worst_regret_is_the_linear_programme(seed) -> None:
    mdp = world(seed)
    true, proxy = rewards(mdp, seed, 2)
    got = worst_regret(mdp, true, proxy)
    assert got.value == pytest.approx(programme(mdp, true, proxy), abs=1e-6)
    assert got.value >= exact_regret(mdp, true, proxy).value - 1e-8
    assert got.value <= got.best - got.worst + 1e-8


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_equivalent_rewards_cost_nothing_and_opposite_ones_everything(seed) -> None:
    mdp = world(seed)
    (true,) = rewards(mdp, seed, 1)
    shaped = 3 * tables.potential_shaping(mdp.with_reward(true), np.arange(mdp.states) ** 2.0)
    assert exact_regret(mdp, true, shaped).value == pytest.approx(0, abs=1e-8)
    assert worst_regret(mdp, true, shaped).value == pytest.approx(0, abs=1e-7)
    low, high = return_range(mdp, true)
    assert exact_regret(mdp, true, -shaped).value == pytest.approx(high - low, abs=1e-8)
    assert worst_regret(mdp, true, -shaped).value == pytest.approx(high - low, abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_batch_is_loop(seed) -> None:
    mdp = world(seed)
    true, proxy = rewards(mdp, seed, 4), rewards(mdp, seed + 1, 4)
    many = exact_regret(mdp, true, proxy)
    loop = [exact_regret(mdp, a, b) for a, b in zip(true, proxy, strict=True)]
    np.testing.assert_allclose(many.value, [each.value for each in loop], atol=1e-9)
    np.testing.assert_allclose(many.share, [each.share for each in loop], atol=1e-9)
    one = exact_regret(mdp, true[0], proxy)
    assert one.value[1] == pytest.approx(exact_regret(mdp, true[0], proxy[1]).value, abs=1e-9)


def test_values_are_those_of_the_core() -> None:
    for seed in range(5):
        mdp = world(seed)
        wanted = tables.policy_iteration(mdp)[1]
        np.testing.assert_allclose(optimal_values(mdp, mdp.expected_reward), wanted, atol=1e-10)


def test_a_trivial_proxy_costs_everything_and_a_trivial_judge_has_no_share() -> None:
    mdp = tables.chain(2, 2)
    nothing = np.zeros(mdp.transition.shape)
    assert exact_regret(mdp, mdp.reward, nothing).share == pytest.approx(1.0)
    assert worst_regret(mdp, mdp.reward, nothing).share == pytest.approx(1.0)
    judge = exact_regret(mdp, nothing, mdp.reward)
    assert judge.value == 0
    assert np.isnan(judge.share)


def test_one_pair_at_a_time() -> None:
    mdp = tables.chain(2, 2)
    with pytest.raises(BadInput, match="one pair"):
        worst_regret(mdp, np.zeros((2, *mdp.transition.shape)), mdp.reward)
