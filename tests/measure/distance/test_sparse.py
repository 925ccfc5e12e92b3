"""Sparse distances are the dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import canonical, certificate, distance, regret_bounds
from rewardsmith.measure.distance.sparse import (
    SparseDynamics,
    sparse_distance,
    sparse_minimal,
    sparse_value,
)


def world(seed: int, discount: float | None = None) -> tables.TabularMDP:
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(2, 30)), int(rng.integers(1, 4))
    free = tables.random_mdp(rng, states, actions, discount or float(rng.uniform(0, 0.99)), branching=2)
    terminal = rng.random(states) < 0.2
    reward = rng.normal(size=(states, actions, states))
    return tables.TabularMDP(free.transition, reward, free.discount, free.initial, terminal)


seeds = st.integers(0, 10**6)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_forms_are_the_dense_ones(seed) -> None:
    mdp = world(seed)
    dynamics, reward = SparseDynamics.of(mdp), mdp.expected_reward
    np.testing.assert_allclose(sparse_value(dynamics, reward), canonical.value(mdp, reward), atol=1e-9)
    np.testing.assert_allclose(sparse_minimal(dynamics, reward), canonical.minimal(mdp, reward), atol=1e-9)
    pi = np.random.default_rng(seed).dirichlet(np.ones(mdp.actions), mdp.states)
    np.testing.assert_allclose(sparse_value(dynamics, reward, pi), canonical.value(mdp, reward, pi), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(["starc", "starc-minimal"]), st.sampled_from([1.0, 2.0, np.inf]))
def test_distances_are_the_dense_ones(seed, kind, norm) -> None:
    mdp = world(seed)
    other = np.random.default_rng(seed).normal(size=mdp.transition.shape)
    size = (mdp.states * mdp.actions, mdp.states)
    sparse = [scipy.sparse.csr_matrix(each.reshape(size)) for each in (mdp.reward, other)]
    got = sparse_distance(SparseDynamics.of(mdp), *sparse, kind, norm)
    wanted = distance(mdp, mdp.reward, other, kind, norm)
    assert float(got) == pytest.approx(float(wanted), abs=1e-8)
    assert got.degenerate == wanted.degenerate


@pytest.mark.parametrize("discount", [0.0, 0.999, 0.99999])
def test_hard_discounts(discount) -> None:
    mdp = world(1, discount or 1e-300)
    got = sparse_value(SparseDynamics.of(mdp), mdp.expected_reward)
    np.testing.assert_allclose(got, canonical.value(mdp, mdp.reward), atol=1e-7)


def test_where_the_iteration_stalls_the_decomposition_answers() -> None:
    """A ring of 3,000 states and nearly no discount: BiCGSTAB misses the bound."""
    states, rng = 3000, np.random.default_rng(0)
    place = np.arange(2 * states)
    moves = scipy.sparse.csr_matrix((np.ones(2 * states), (place, (place // 2 + 1 + place % 2) % states)))
    advantage = sparse_value(SparseDynamics(moves, 1 - 1e-6), rng.normal(size=(states, 2)))
    assert np.abs(advantage).max() > 0.1
    assert np.abs(advantage.mean(1)).max() < 1e-9  # the mean advantage of any policy under itself


def test_shaping_of_a_large_grid_is_nothing() -> None:
    """2,500 states x 4 actions: an oracle that needs no dense table."""
    dynamics, rng = grid(50), np.random.default_rng(0)
    reward = rng.normal(size=(2500, 4))
    phi = rng.normal(scale=10, size=2500) * dynamics.live
    shaped = reward + dynamics.discount * (dynamics.transition @ phi).reshape(2500, 4) - phi[:, None]
    for kind in ("starc", "starc-minimal"):
        assert float(sparse_distance(dynamics, reward, 3 * shaped, kind)) < 1e-9
        assert float(sparse_distance(dynamics, reward, -shaped, kind)) == pytest.approx(1.0)
        nothing = sparse_distance(dynamics, reward, shaped - reward, kind)
        assert (float(nothing), nothing.degenerate) == (pytest.approx(0.5), True)


def grid(side: int, slip: float = 0.1) -> SparseDynamics:
    states = side * side
    row, column = np.divmod(np.arange(states), side)
    steps = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    lands = [np.clip(row + y, 0, side - 1) * side + np.clip(column + x, 0, side - 1) for y, x in steps]
    moves = scipy.sparse.csr_matrix((4 * states, states))
    for action in range(4):
        for other in range(4):
            share = np.full(states, slip / 4 + (1 - slip) * (action == other))
            moves = moves + scipy.sparse.csr_matrix(
                (share, (np.arange(states) * 4 + action, lands[other])), moves.shape
            )
    return SparseDynamics(moves, 0.99, np.arange(states) == states - 1)


def test_bad_input() -> None:
    half = scipy.sparse.csr_matrix(np.full((4, 2), 0.25))
    with pytest.raises(BadInput, match="probabilities"):
        SparseDynamics(half, 0.9)
    with pytest.raises(BadInput, match="shape"):
        SparseDynamics(scipy.sparse.csr_matrix(np.ones((3, 2))), 0.9)
    with pytest.raises(BadInput, match="discount"):
        SparseDynamics(2 * half, 1.0)
    with pytest.raises(BadInput, match="terminal"):
        SparseDynamics(2 * half, 0.9, [True])
    fine = SparseDynamics(2 * half, 0.9)
    with pytest.raises(BadInput, match="dense by definition"):
        sparse_distance(fine, np.zeros((2, 2)), np.zeros((2, 2)), "epic")
    with pytest.raises(BadInput, match="norm"):
        sparse_distance(fine, np.zeros((2, 2)), np.zeros((2, 2)), norm=0)
    for bad in (np.zeros((2, 3)), np.full((2, 2), np.nan), scipy.sparse.csr_matrix((2, 2))):
        with pytest.raises(BadInput, match="reward"):
            sparse_value(fine, bad)
    with pytest.raises(BadInput, match="policy"):
        sparse_value(fine, np.zeros((2, 2)), np.zeros((2, 2)))


def test_bounds_of_regret_from_sparse_forms() -> None:
    mdp = world(2)
    rng = np.random.default_rng(2)
    true, proxy = rng.normal(size=(2, mdp.states, mdp.actions))
    forms = [sparse_minimal(SparseDynamics.of(mdp), each) for each in (true, proxy)]
    wanted = certificate(mdp, true, proxy)
    got = regret_bounds(*forms, mdp.discount)
    assert got == pytest.approx((wanted.l2, wanted.largest, wanted.scaled), abs=1e-8)
