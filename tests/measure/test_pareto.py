"""Pareto measures against grids, sampling and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.measure import crowding_distance, expected_utility, hypervolume, non_dominated, sparsity


@st.composite
def whole_points(draw, objectives=None):
    columns = objectives or draw(st.integers(1, 4))
    rows = draw(
        st.lists(st.lists(st.integers(-1, 5), min_size=columns, max_size=columns), min_size=1, max_size=8)
    )
    return np.array(rows, dtype=float)


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


@given(whole_points())
def test_non_dominated_by_its_definition(points):
    found = non_dominated(points)
    for i, point in enumerate(points):
        twin = any((points[j] == point).all() for j in range(i))
        assert found[i] == (not twin and not any(dominates(other, point) for other in points))


@given(whole_points())
def test_hypervolume_counts_the_cells_of_a_grid(points):
    """With whole coordinates the volume above 0 is the number of unit cells below some point."""
    columns = points.shape[1]
    cells = np.stack(np.meshgrid(*[np.arange(5)] * columns, indexing="ij"), -1).reshape(-1, columns)
    covered = (points[:, None, :] >= cells[None] + 1).all(-1).any(0).sum()
    assert hypervolume(points, np.zeros(columns)) == covered
    assert hypervolume(points + 3.0, np.full(columns, 3.0)) == pytest.approx(covered)


@given(whole_points(), st.randoms(use_true_random=False))
def test_hypervolume_knows_no_order_and_no_dominated_points(points, random):
    order = list(range(len(points)))
    random.shuffle(order)
    zero = np.zeros(points.shape[1])
    whole = hypervolume(points, zero)
    assert hypervolume(points[order], zero) == pytest.approx(whole)
    assert hypervolume(points[non_dominated(points)], zero) == pytest.approx(whole)
    assert hypervolume(np.append(points, [zero * np.nan], axis=0), zero) == pytest.approx(whole)


def test_hypervolume_of_three_objectives_by_sampling():
    rng = np.random.default_rng(0)
    points = rng.random((12, 3))
    samples = rng.random((200_000, 3))
    below = np.zeros(len(samples), bool)
    for point in points:
        below |= (samples <= point).all(-1)
    assert hypervolume(points, np.zeros(3)) == pytest.approx(below.mean(), abs=5e-3)


def test_expected_utility():
    rng = np.random.default_rng(1)
    points, weights = rng.normal(size=(6, 3)), rng.dirichlet(np.ones(3), size=50)
    expected = np.mean([max(float(w @ p) for p in points) for w in weights])
    assert expected_utility(points, weights) == pytest.approx(expected)
    assert expected_utility([*points, [np.nan, 9.0, 9.0]], weights) == pytest.approx(expected)
    assert np.isnan(expected_utility(np.full((1, 3), np.nan), weights))
    with pytest.raises(BadInput, match="sum to 1"):
        expected_utility(points, [[1.0, 1.0, 0.0]])


def test_sparsity_is_the_mean_squared_gap_of_the_front():
    front = np.array([[0.0, 5.0], [1.0, 3.0], [4.0, 2.0], [0.0, 0.0]])  # the last is dominated
    assert sparsity(front) == pytest.approx((1 + 9 + 4 + 1) / 2)
    assert np.isnan(sparsity(front[:1]))
    # a new point inside a hole makes it denser
    assert sparsity([*front, [2.5, 2.5]]) < sparsity(front)


def test_crowding_distance_by_hand():
    points = np.array([[0.0, 4.0], [3.0, 1.0], [1.0, 2.0], [4.0, 0.0], [np.nan, 1.0]])
    found = crowding_distance(points)
    # in objective 0 the neighbours of [1, 2] are 0 and 3, of [3, 1] 1 and 4; in objective 1 1 and 4, 0 and 2
    assert found[:4].tolist() == [np.inf, 3 / 4 + 2 / 4, 3 / 4 + 3 / 4, np.inf]
    assert np.isnan(found[4])
    assert crowding_distance(np.array([[1.0, 2.0]])).tolist() == [np.inf]


@pytest.mark.parametrize("points", [[1.0, 2.0], np.zeros((2, 0)), [[np.inf, 0.0]]])
def test_bad_points(points):
    with pytest.raises(BadInput, match="points"):
        non_dominated(points)


def test_bad_reference():
    with pytest.raises(BadInput, match="2 finite numbers"):
        hypervolume([[1.0, 2.0]], [0.0])
