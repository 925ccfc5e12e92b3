"""Chi-squared prices against bisection, a general optimiser, and the definition of the optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.chi_squared import (
    chi2_regularised,
    chi2_regularised_policy,
    chi_squared,
    root_chi2_regularised,
)


def problem(seed, answers=7):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(answers)), rng.normal(size=answers)


def test_the_divergence_is_the_variance_of_the_ratio():
    base, _ = problem(0)
    policy, _ = problem(1)
    assert chi_squared(policy, base) == pytest.approx(base @ (policy / base - 1) ** 2)
    assert chi_squared(3 * base, 5 * base) == pytest.approx(0.0, abs=1e-15)  # the mass does not matter
    assert chi_squared([0.0, 1.0], [0.0, 2.0]) == 0.0  # both stay away


@pytest.mark.parametrize("price", [0.02, 0.2, 2.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_sorted_solution_is_that_of_bisection(seed, price):
    base, score = problem(seed)
    low, high = score.min() - 4 * price, score.max() + 4 * price
    for _ in range(200):
        nu = 0.5 * (low + high)
        mass = base @ np.maximum(0.0, 1 + (score - nu) / (2 * price))
        low, high = (nu, high) if mass > 1 else (low, nu)
    expected = base * np.maximum(0.0, 1 + (score - nu) / (2 * price))
    np.testing.assert_allclose(chi2_regularised(base, score, price), expected, atol=1e-12)


def test_a_general_optimiser_finds_nothing_better():
    base, score = problem(3, 5)
    found = minimize(
        lambda p: -(p @ score - 0.3 * ((p - base) ** 2 / base).sum()),
        base,
        bounds=[(0, 1)] * 5,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(chi2_regularised(base, score, 0.3), found.x, atol=1e-5)


def test_many_at_once_are_one_at_a_time():
    rng = np.random.default_rng(4)
    base, score, price = (
        rng.dirichlet(np.ones(6), (3, 2)),
        rng.normal(size=(3, 2, 6)),
        rng.uniform(0.1, 2, (3, 2)),
    )
    found = chi2_regularised(base, score, price)
    for i in np.ndindex(3, 2):
        np.testing.assert_allclose(found[i], chi2_regularised(base[i], score[i], price[i]))
    assert chi2_regularised([0.0, 0.5, 0.5], [9.0, 1.0, 0.0], 1.0)[0] == 0.0  # whatever it pays


def test_the_root_is_maximised():
    base, score = problem(5)
    spread = np.sqrt(base @ (score - base @ score) ** 2)
    for coefficient in (0.1 * spread, 0.6 * spread, 0.95 * spread):
        best = root_chi2_regularised(base, score, coefficient)

        def objective(p, c=coefficient):
            return p @ score - c * np.sqrt(chi_squared(p, base))

        rivals = [chi2_regularised(base, score, price) for price in np.geomspace(1e-3, 1e3, 400)]
        assert objective(best) >= max(objective(p) for p in rivals) - 1e-9
        others = np.random.default_rng(0).dirichlet(np.ones(len(base)), 200)
        assert objective(best) >= max(objective(p) for p in others)
    np.testing.assert_array_equal(root_chi2_regularised(base, score, spread), base)


@pytest.mark.parametrize("price", [0.01, 0.1, 1.0, 100.0])
def test_the_policy_is_a_stationary_point_of_the_occupancy_program(price):
    rng = np.random.default_rng(6)
    mdp = tables.random_mdp(rng, 12, 3, 0.9, branching=3)
    base = rng.dirichlet(np.ones(3), 12)
    mu = tables.occupancy(mdp, base) * 0.1
    solution = chi2_regularised_policy(mdp, mdp.expected_reward, base, price)
    p = solution.occupancy * 0.1

    def objective(visits):
        return (visits * mdp.expected_reward).sum() - price * chi_squared(visits, mu)

    # concave program: no policy is better on the way to it, so the solution is the global one
    for seed in range(30):
        rival = np.random.default_rng(seed).dirichlet(np.full(3, 0.3), 12)
        toward = tables.occupancy(mdp, rival) * 0.1 - p
        assert objective(p + 1e-3 * toward) <= objective(p) + 1e-9
    greedy = tables.occupancy(mdp, tables.policy_iteration(mdp)[0]) * 0.1
    assert objective(p) >= max(objective(mu), objective(greedy)) - 1e-9


def test_one_state_is_the_bandit():
    base, score = problem(7, 4)
    mdp = tables.TabularMDP(np.ones((1, 4, 1)), score[None], 0.5, np.ones(1))
    solution = chi2_regularised_policy(mdp, score[None], base[None], 0.2)
    np.testing.assert_allclose(solution.policy[0], chi2_regularised(base, score, 0.2), atol=1e-8)
    assert solution.value == pytest.approx(2 * solution.policy[0] @ score)


def test_cheap_is_optimal_and_dear_is_the_base():
    mdp = tables.random_mdp(np.random.default_rng(8), 10, 2, 0.9)
    base = np.full((10, 2), 0.5)
    best = mdp.initial @ tables.policy_iteration(mdp)[1]
    assert chi2_regularised_policy(mdp, mdp.expected_reward, base, 1e-4).value == pytest.approx(best, rel=1e-3)
    dear = chi2_regularised_policy(mdp, mdp.expected_reward, base, 1e6)
    np.testing.assert_allclose(dear.policy, base, atol=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: chi_squared([0.5, 0.5], [1.0, 0.0]),
        lambda: chi_squared([0.5, 0.5], [0.2, 0.3, 0.5]),
        lambda: chi_squared([-0.5, 1.5], [0.5, 0.5]),
        lambda: chi2_regularised([0.5, 0.5], [1.0, np.nan], 1.0),
        lambda: chi2_regularised([0.5, 0.6], [1.0, 0.0], 1.0),
        lambda: chi2_regularised([0.5, 0.5], [1.0, 0.0], 0.0),
        lambda: root_chi2_regularised([0.5, 0.5], [1.0, 0.0], -1.0),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
