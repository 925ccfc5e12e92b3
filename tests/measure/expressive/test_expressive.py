"""Certificates against brute force, witnesses proven, and the table of all pairs without contradiction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.expressive import FORMALISMS, WITNESSES, World, is_expressible, relation_table
from rewardsmith.measure.expressive.catalogue import contained
from rewardsmith.measure.expressive.feasible import function_order, linear_order, ranks_of
from rewardsmith.measure.expressive.witnesses import arms, detour, leave, mixed, there_and_back, two_choices

WORLDS = (arms(2), arms(3), two_choices(), detour(), leave(), there_and_back())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_a_linear_order_is_found_or_refuted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, ranks = rng.integers(-2, 3, (4, 2)).astype(float), rng.integers(0, 3, 4)
    found = linear_order(features, ranks)
    angles = np.linspace(0, 2 * np.pi, 721)[:-1]
    tried = [ranks_of(features @ (np.cos(a), np.sin(a)), 1e-6) for a in angles] + [np.zeros(4)]
    wanted = ranks_of(ranks)
    if any(np.array_equal(each, wanted) for each in tried):
        assert found.answer == "yes"
    if found.answer == "yes":
        assert np.array_equal(ranks_of(features @ found.weights, 0.5), wanted)
    else:
        assert found.answer == "no"
        assert found.residual < 1e-8


def test_the_farkas_vector_adds_the_demands_up_to_nothing() -> None:
    features = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    found = linear_order(features, [0, 1, 0])
    demands = np.array([features[1] - features[0], features[2] - features[0]])  # one strict, one tie
    assert found.answer == "no"
    assert np.allclose(found.farkas @ demands, 0.0)
    assert found.farkas[0] == pytest.approx(1.0)


def test_a_function_needs_different_features() -> None:
    assert function_order([[0.0], [0.0]], [0, 1]).answer == "no"
    assert function_order([[0.0], [0.0], [1.0]], [1, 1, 0]).answer == "yes"


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_world_shows_is_what_happens(world: World) -> None:
    rng = np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(world.actions), world.states)
    chain, total = world.chain(policy), np.zeros(world.states)
    at, discount = world.initial.copy(), 0.7
    for t in range(200):
        total += (1 - discount) * discount**t * at
        at = at @ chain
    assert np.allclose(world.occupancy(policy, discount), (total[:, None] * policy).ravel())
    mean = np.mean([world.initial @ np.linalg.matrix_power(chain, k) for k in range(3000, 3010)], 0)
    assert np.allclose(world.long_run(policy).reshape(world.states, -1).sum(1), mean, atol=1e-6)
    assert world.reaches(policy, np.arange(world.states) == world.states - 1) == pytest.approx(
        sum(_first_visits(world, policy)), abs=1e-6
    )
    assert np.allclose(
        world.occupancy(world.policy_of(world.occupancy(policy, 0.9)), 0.9), world.occupancy(policy, 0.9)
    )
    if world.steps:
        assert world.lottery(policy).sum() == pytest.approx(1.0)


def _first_visits(world: World, policy: np.ndarray) -> list[float]:
    """Probability of the first visit of the last state at time 0, 1, ...: a slow loop."""
    chain, at, found = world.chain(policy), world.initial.copy(), []
    for _ in range(3000):
        found.append(float(at[-1]))
        at[-1] = 0.0
        at = at @ chain
    return found


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda w: f"{w.without}-{w.within}-{w.kind}")
def test_every_witness_is_proven(witness) -> None:
    assert witness.evidence().proven


def test_the_table_is_complete_and_free_of_contradiction() -> None:
    table = {(e.row, e.column): e.relation for e in relation_table()}
    assert len(table) == 17 * 17
    assert "open" not in table.values()
    inside = contained()
    for w in WITNESSES:
        assert (w.within, w.without) not in inside, (
            f"{w.without} contains {w.within}, and has a witness against it"
        )
    assert all(table["PO", name] == "contains" for name in FORMALISMS)


def test_bad_input() -> None:
    world = two_choices()
    with pytest.raises(BadInput, match="MR"):
        is_expressible([0, 1], "reward", world, (mixed(0, 0, 0), mixed(1, 0, 0)))
    with pytest.raises(BadInput, match="rests"):
        is_expressible([0, 1], "FTR", leave(), (mixed(0, 0), mixed(1, 0)))
    with pytest.raises(BadInput, match="policy"):
        world.occupancy(np.ones((3, 2)), 0.9)
