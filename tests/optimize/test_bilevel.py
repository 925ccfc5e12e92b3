"""Bilevel gradients against central differences of the solved inner problem, and each part by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize import bilevel as b

PHI = np.array([0.0, 1.0, 1.0])


def problem(seed: int, weight_decay: float = 0.05) -> b.Blend:
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, 4, 2, discount=0.9)
    return b.Blend(mdp, b.blended_basis(mdp.expected_reward, rng.normal(size=(4, 2))), weight_decay)


@pytest.mark.parametrize("seed", range(6))
def test_the_implicit_gradient_is_the_difference_of_solved_problems(seed: int) -> None:
    blend, step = problem(seed), 1e-4
    theta = b.solve_inner(blend, PHI)
    found = b.implicit_gradient(blend, theta, PHI)

    def gain(phi: np.ndarray, discount: float = 0.9) -> float:
        return blend.primary(b.solve_inner(blend, phi, theta, discount))

    slow = np.array([(gain(PHI + step * e) - gain(PHI - step * e)) / (2 * step) for e in np.eye(3)])
    assert np.linalg.norm(found.by_phi - slow) <= 1e-5 * np.linalg.norm(slow)
    by_discount = (gain(PHI, 0.9 + step) - gain(PHI, 0.9 - step)) / (2 * step)
    assert found.by_discount == pytest.approx(by_discount, rel=1e-5)
    np.testing.assert_allclose(b.difference_gradient(blend, PHI, theta), slow, atol=1e-12)
    assert found.residual <= 1e-11
    assert found.by_phi[0] == pytest.approx(0, abs=1e-10)  # a constant reward moves nothing: no state ends


def test_neumann_and_unrolling_tend_to_the_implicit_gradient() -> None:
    blend = problem(1)
    theta = b.solve_inner(blend, PHI)
    exact = b.implicit_gradient(blend, theta, PHI).by_phi
    errors = [np.abs(b.implicit_gradient(blend, theta, PHI, terms=n).by_phi - exact).max() for n in (1, 4, 100)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-9
    unrolled = [
        np.abs(b.unrolled_gradient(blend, theta, PHI, n, 0.3)[0] - exact).max() for n in (30, 300, 3000)
    ]
    assert unrolled[0] > unrolled[1] > unrolled[2]
    assert unrolled[2] < 1e-9


def test_the_unrolled_gradient_is_the_difference_of_unrolled_runs() -> None:
    blend, step, start = problem(2), 1e-5, np.random.default_rng(0).normal(size=(4, 2))
    gradient, _ = b.unrolled_gradient(blend, start, PHI, 7, 0.5)

    def gain(phi: np.ndarray) -> float:
        return blend.primary(b.unrolled_gradient(blend, start, phi, 7, 0.5)[1])

    slow = [(gain(PHI + step * e) - gain(PHI - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(gradient, slow, atol=1e-8)


def test_the_sampled_curvature_gives_another_gradient() -> None:
    """Holding visits and returns fixed is not the derivative: here even a sign comes out wrong."""
    blend = problem(0)
    theta = b.solve_inner(blend, PHI)
    exact = b.implicit_gradient(blend, theta, PHI).by_phi
    sampled = b.implicit_gradient(blend, theta, PHI, sampled=True, concave=True).by_phi
    assert np.sign(sampled[2]) != np.sign(exact[2])
    errors = b.gradient_errors(blend, PHI)
    assert errors["visits held fixed"] == pytest.approx(np.linalg.norm(sampled - exact) / np.linalg.norm(exact))
    assert max(errors[name] for name in ("exact", "Neumann", "unrolled")) < 1e-6


def test_solve_inner_finds_what_plain_ascent_finds() -> None:
    blend = problem(3, weight_decay=0.2)
    theta = np.zeros((4, 2))
    for _ in range(3000):
        theta = theta + 0.5 * blend.push(blend.policy(theta), blend.reward(PHI))
    np.testing.assert_allclose(b.solve_inner(blend, PHI), theta, atol=1e-9)


def test_where_the_hessian_is_not_negative_definite_it_says_so() -> None:
    blend = problem(4, weight_decay=1e-4)
    start = np.zeros((4, 2))
    assert np.linalg.eigvalsh(blend.hessian(blend.policy(start), blend.reward(PHI)))[-1] > 0
    with pytest.raises(b.NotStationary, match="not negative definite"):
        b.implicit_gradient(blend, start, PHI)
    with pytest.raises(b.NotStationary, match="not negative definite"):
        b.implicit_gradient(blend, start, PHI, terms=100_000)
    assert np.isfinite(b.implicit_gradient(blend, start, PHI, concave=True).by_phi).all()


def corridor(bonus: float) -> b.Blend:
    """The goal is on the right; the left step of the second cell pays a bonus again and again."""
    mdp = tables.chain(3, 3, discount=0.9, rewards=(0.0, 1.0))
    extra = np.zeros((mdp.states, 2))
    extra[1, 0] = 0.0
    extra[2, 0], extra[1, 1] = bonus, bonus
    return b.Blend(mdp, b.blended_basis(mdp.expected_reward, extra), 0.003)


def test_a_harmful_heuristic_is_switched_off_and_the_naive_sum_farms_it() -> None:
    blend, config = corridor(0.5), b.AlignReward(outer_steps=60, inner_rate=2.0)
    naive = b.align_reward(blend, PHI, replace(config, outer_rate=0.0))
    ours = b.align_reward(blend, PHI, config)
    best = float(blend.mdp.initial @ tables.value_iteration(blend.mdp))
    assert naive.performance[-1] < 0.1 * best
    assert ours.performance[-1] > 0.95 * best
    assert ours.phi[-1, 2] < 0.1 * ours.phi[-1, 1]
    assert len(ours.performance) == 60 * 20 + 1
    assert np.isnan(naive.residual).all()
    assert ours.steps_to(0.9 * best) < naive.steps_to(0.9 * best) == 1200


def test_the_discount_is_learned_too_and_its_price_lowers_it() -> None:
    blend = corridor(0.0)
    config = b.AlignReward(outer_steps=40, inner_rate=2.0, discount_rate=0.05)
    free = b.align_reward(blend, PHI, config)
    dear = b.align_reward(blend, PHI, replace(config, discount_price=10.0))
    fixed = b.align_reward(blend, PHI, replace(config, discount_rate=0.0))
    # Q(right) - Q(left) = g^2 - g^4 three steps before the goal, largest at g = 0.71: lower is clearer.
    assert dear.discount[-1] < free.discount[-1] < 0.9
    assert free.performance[-1] > fixed.performance[-1]
    assert fixed.discount.tolist() == [0.9] * 41


def test_states_may_have_coefficients_of_their_own() -> None:
    blend = problem(5)
    where = np.array([0, 0, 1, 1])
    wide = b.Blend(blend.mdp, b.blended_basis(blend.basis[1], blend.basis[2], where), 0.05)
    np.testing.assert_allclose(wide.reward(np.repeat(PHI, 2)), blend.reward(PHI), atol=1e-12)
    theta = b.solve_inner(blend, PHI)
    both = b.implicit_gradient(wide, theta, np.repeat(PHI, 2)).by_phi.reshape(3, 2).sum(1)
    np.testing.assert_allclose(both, b.implicit_gradient(blend, theta, PHI).by_phi, atol=1e-10)


@pytest.mark.parametrize(
    "call",
    [
        lambda: replace(problem(0), weight_decay=0.0),
        lambda: replace(problem(0), basis=np.zeros((3, 4, 3))),
        lambda: problem(0).reward([1.0, 2.0]),
        lambda: b.blended_basis(np.zeros((4, 2)), np.zeros((4, 3))),
        lambda: b.blended_basis(np.zeros((4, 2)), np.zeros((4, 2)), np.zeros(4)),
        lambda: b.inverse_product(-np.eye(2), np.ones(2), terms=0),
    ],
)
def test_refusals(call) -> None:
    with pytest.raises(BadInput):
        call()
