"""Graph distances against SciPy's shortest paths, and what the dense rewards pay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.core.grid import four_rooms, gridworld
from rewardsmith.learn.state_graph import DensePay, DenseReward, graph_distance_reward, graph_distances
from rewardsmith.optimize.remembering import remembering_q_learning
from rewardsmith.optimize.tabular import QLearning


@pytest.mark.parametrize("density", [0.05, 0.15, 0.5])
def test_distances_are_shortest_paths(density):
    edges = np.random.default_rng(0).random((20, 12, 12)) < density
    found = graph_distances(edges, 3)
    for graph, mine in zip(edges, found, strict=True):
        theirs = shortest_path(graph.astype(float), unweighted=True)[:, 3]
        np.testing.assert_array_equal(mine, np.where(np.isinf(theirs), np.nan, theirs))


def test_forms_of_the_reward():
    distance = np.array([[4.0, 3.0, np.nan, 0.0]] * 3)
    s, after = np.array([0, 1, 0]), np.array([1, 3, 2])
    np.testing.assert_allclose(graph_distance_reward(distance, s, after), [-0.75, 0.0, -1.0])
    np.testing.assert_allclose(graph_distance_reward(distance, s, after, "closeness"), [0.25, 1.0, 0.0])
    shaped = graph_distance_reward(distance, s, after, "potential", 0.9)
    np.testing.assert_allclose(shaped, [0.9 * 0.25 - 0.0, -0.25, 0.0])
    unknown = np.array([[np.nan, np.nan, np.nan, 0.0]] * 3)
    for form in ("raw", "closeness", "potential"):
        assert (graph_distance_reward(unknown, s, after, form, 0.9) == 0).all()


def test_the_potential_form_is_that_of_the_library():
    mdp = four_rooms()
    goal, pairs = int(np.flatnonzero(mdp.ends)[0]), mdp.transition.any(1)
    distance = graph_distances(pairs, goal)
    closeness = np.where(mdp.ends, 0.0, 1 - distance / distance.max())
    shaped = tables.potential_shaping(mdp, closeness) - mdp.reward
    s, after = np.nonzero(pairs & ~mdp.ends[:, None])
    mine = graph_distance_reward(np.tile(distance, (len(s), 1)), s, after, "potential", mdp.discount)
    np.testing.assert_allclose(mine, shaped[s, 0, after], atol=1e-12)


def test_learners_know_the_edges_they_walked_and_the_version_of_their_graph():
    mdp, ways = gridworld("S...G", discount=0.9), (DensePay("graph"), DensePay(), DensePay("count"))
    reward = DenseReward(4, np.arange(5.0), ways)
    curves = remembering_q_learning(mdp, range(4), QLearning(episodes=40, horizon=50), reward)
    state = curves.state
    real = mdp.transition.any(1)
    assert (state.edges <= real).all()
    np.testing.assert_array_equal(state.distance[:4], np.tile([4.0, 3.0, 2.0, 1.0, 0.0], (4, 1)))
    assert np.isnan(state.distance[4:, :4]).all()
    assert (state.version[:4] >= 1).all()
    assert (state.version[4:] == 0).all()
    # a visit for each step that happened
    np.testing.assert_array_equal(state.visits.sum(1), curves.length.sum(-1).ravel())


def test_a_weight_of_zero_pays_nothing():
    mdp = gridworld("S...G", discount=0.9)
    reward = DenseReward(4, np.arange(5.0)[::-1].copy(), (DensePay(), DensePay("straight", weight=0.0)))
    curves = remembering_q_learning(mdp, range(3), QLearning(episodes=10), reward)
    np.testing.assert_array_equal(curves.own[0], curves.own[1])


def test_bad_input():
    with pytest.raises(BadInput):
        graph_distances(np.zeros((2, 3), dtype=bool), 0)
    with pytest.raises(BadInput):
        DensePay("euclid")
    with pytest.raises(BadInput):
        DenseReward(9, np.zeros(5), (DensePay(),)).start(gridworld("S...G"), 1)
