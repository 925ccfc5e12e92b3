"""Forced uncertainty against all orders, and partial orders against NetworkX-free reachability by hand."""

from __future__ import annotations

import pickle
from itertools import permutations, product

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.orders import PartialOrder, forced_uncertainty, keeps


def ring(n, relation=">"):
    return [(i, relation, (i + 1) % n) for i in range(n)]


def tournament(n, seed):
    rng = np.random.default_rng(seed)
    return [(i, ">", j) if rng.random() < 0.5 else (j, ">", i) for i in range(n) for j in range(i)]


def all_orders(outcomes):
    """Every order with ties, by giving every outcome a level: slow and obvious."""
    found = set()
    for levels in product(range(len(outcomes)), repeat=len(outcomes)):
        blocks = [
            tuple(o for o, at in zip(outcomes, levels, strict=True) if at == k) for k in sorted(set(levels))
        ]
        found.add(tuple(blocks))
    return found


def certified(constraints, orders, result):
    """The mixture keeps every constraint with confidence t, and no order keeps more than t of the weight."""
    assert sum(chance for chance, _ in result.orders) == pytest.approx(1.0)
    kept = [sum(c for c, order in result.orders if keeps(order, each)) for each in constraints]
    np.testing.assert_allclose(result.marginals, kept, atol=1e-9)
    assert min(kept) >= result.confidence - 1e-9
    assert sum(result.weights) == pytest.approx(1.0)
    most = max(sum(w for w, c in zip(result.weights, constraints, strict=True) if keeps(o, c)) for o in orders)
    assert most <= result.confidence + 1e-9


@pytest.mark.parametrize("n", range(3, 13))
def test_a_ring_of_n_leaves_one_minus_one_nth(n):
    found = forced_uncertainty(ring(n))
    assert found.confidence == pytest.approx(1 - 1 / n, abs=1e-8)
    assert found.solver == ("enumeration" if n <= 7 else "column generation")
    assert len(found.cycle) == n
    assert all(a[2] == b[0] for a, b in zip(found.cycle, (*found.cycle[1:], found.cycle[0]), strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_tournaments_of_five_against_all_orders(seed):
    constraints = tournament(5, seed)
    certified(constraints, all_orders(range(5)), forced_uncertainty(constraints))


@pytest.mark.parametrize("seed", range(6))
def test_strict_and_weak_constraints_against_all_orders(seed):
    rng = np.random.default_rng(seed)
    constraints = [(x, rng.choice([">", ">="]), y) for x, _, y in tournament(5, 10 + seed)]
    constraints = [(x, str(r), y) for x, r, y in constraints]
    certified(constraints, all_orders(range(5)), forced_uncertainty(constraints))


def test_column_generation_against_all_orders():
    constraints = [*ring(8), (0, ">", 4), (4, ">", 1), (6, ">", 2)]
    found = forced_uncertainty(constraints)
    assert found.solver == "column generation"
    certified(constraints, [found.orders[0][1]], found)
    # strict constraints gain nothing from ties: of all 40,320 orders none keeps more of the weight
    rank = np.array(list(permutations(range(8))))
    kept = sum(w * (rank[:, x] < rank[:, y]) for w, (x, _, y) in zip(found.weights, constraints, strict=True))
    assert kept.max() <= found.confidence + 1e-9


def test_column_generation_with_ties_is_the_ring():
    constraints = [(0, ">", 1), *ring(9, ">=")[1:]]
    found = forced_uncertainty(constraints)
    assert found.solver == "column generation"
    assert found.confidence == pytest.approx(1 - 1 / 9)


def test_components_are_solved_apart():
    constraints = [*ring(3), *((f"{x}", r, f"{y}") for x, r, y in ring(4)), (0, ">", "0"), ("2", ">=", "end")]
    found = forced_uncertainty(constraints)
    assert found.confidence == pytest.approx(2 / 3)
    assert min(found.marginals) >= 2 / 3 - 1e-9
    assert found.marginals[-2:] == pytest.approx((1.0, 1.0))  # between components everything is kept
    assert len(found.cycle) == 3


def test_without_contradiction_one_order_keeps_all():
    for constraints in ([], ring(4)[:-1], ring(5, ">="), [("a", ">=", "a")]):
        found = forced_uncertainty(constraints)
        assert (found.confidence, found.solver, found.cycle) == (1.0, "none needed", ())
        assert all(keeps(found.orders[0][1], each) for each in constraints)


def test_taking_any_edge_of_a_ring_away_resolves_it():
    for n in (3, 5, 8):
        for i in range(n):
            assert forced_uncertainty([*ring(n)[:i], *ring(n)[i + 1 :]]).confidence == 1.0


def test_a_partial_order_is_reachability():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        constraints = tuple((int(x), ">", int(y)) for x, y in rng.integers(0, 7, (6, 2)) if x != y)
        order = PartialOrder(constraints)
        reach = {(x, y) for x, _, y in constraints}
        for _ in range(7):
            reach |= {(a, d) for a, b in reach for c, d in reach if b == c}
        for x, y in product(order.outcomes, repeat=2):
            forth, back = (x, y) in reach, (y, x) in reach
            expected = "=" if x == y else "incomparable" if forth == back else ">" if forth else "<"
            assert order.compare(x, y) == expected


def test_equal_incomparable_and_the_best():
    order = PartialOrder((("a", ">=", "b"), ("b", ">=", "a"), ("b", ">", "c"), ("d", ">", "c")))
    assert order.compare("a", "b") == "="
    assert order.compare("c", "a") == "<"
    assert order.compare("a", "d") == "incomparable"
    assert order.best(["c", "b", "a"]) == "b"
    assert order.best(["a", "d"]) is None
    assert pickle.loads(pickle.dumps(order)) == order


@pytest.mark.parametrize(
    "call",
    [
        lambda: forced_uncertainty([("a", ">", "a")]),
        lambda: forced_uncertainty([("a", "<", "b")]),
        lambda: forced_uncertainty(ring(16)),
        lambda: forced_uncertainty([(0, ">", 1), *ring(11, ">=")[1:]]),
        lambda: PartialOrder((("a", ">", "b"),)).compare("a", "z"),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
