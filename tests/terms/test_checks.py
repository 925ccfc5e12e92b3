"""Credit for tests, against the equations of VeRPO in slow loops, and with tests that were not decided."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.terms.checks import all_passed, dense_credit, density_weights, pass_rate
from rewardsmith.testing import check_reward

NAN = np.nan


def some(seed: int, missing: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    passed = (rng.random((20, 7)) < rng.random(7)).astype(float)
    passed = np.where(rng.random(passed.shape) < missing, NAN, passed)
    return {"passed": passed, "group": rng.permutation(np.repeat([3, 9], 10)), "terminated": np.ones(20, bool)}


def slow_weights(rates: list[float], alpha: float, sigma: float, delta: float) -> list[float]:
    weights = []
    for rho in rates:
        near = sum(math.exp(-((rho - other) ** 2) / (2 * sigma**2)) for other in rates)
        weights.append(math.exp(-alpha * rho) / (near + delta))
    return weights


def test_dense_credit_is_equations_3_and_7_to_10():
    batch = some(0)
    found = dense_credit(alpha=1.5, sigma=0.2, delta=0.01)(batch)
    share = dense_credit(alpha=1.5, sigma=0.2, delta=0.01, normalized=True)(batch)
    for name in (3, 9):
        rows = np.flatnonzero(batch["group"] == name)
        rates = [float(np.mean([batch["passed"][i, j] for i in rows])) for j in range(7)]
        weights = slow_weights(rates, 1.5, 0.2, 0.01)
        for i in rows:
            credit = sum(w * p for w, p in zip(weights, batch["passed"][i], strict=True))
            assert found[i] == pytest.approx(credit)
            assert share[i] == pytest.approx(credit / sum(weights))


def test_tests_that_were_not_decided_are_neither_passed_nor_failed():
    batch = some(1, missing=0.3)
    batch["passed"][batch["group"] == 3, 2] = NAN  # never decided in this group
    batch["passed"][4] = NAN
    found = dense_credit(batch)
    for i in range(20):
        rows = batch["passed"][batch["group"] == batch["group"][i]]
        known = [j for j in range(7) if not np.isnan(rows[:, j]).all()]
        weights = dict(
            zip(known, slow_weights([np.nanmean(rows[:, j]) for j in known], 2.0, 0.1, 1e-6), strict=True)
        )
        mine = [j for j in known if not np.isnan(batch["passed"][i, j])]
        if not mine:
            assert np.isnan(found[i])
            continue
        part = sum(weights[j] * batch["passed"][i, j] for j in mine) / sum(weights[j] for j in mine)
        assert found[i] == pytest.approx(part * sum(weights.values()))
    assert np.isnan(found[4])


def test_copies_of_an_easy_test_do_not_outweigh_a_hard_one():
    """Twenty copies of one test together weigh about as much as the one: the cardinality bias is gone."""
    rates = np.array([0.9] * 20 + [0.1])
    weights = density_weights(rates, alpha=0.0)
    assert weights[:20].sum() == pytest.approx(1.0, rel=1e-3)
    assert weights[20] == pytest.approx(1.0, rel=1e-3)
    harder = density_weights(rates, alpha=2.0)
    assert harder[20] / harder[:20].sum() == pytest.approx(math.exp(2 * 0.8), rel=1e-3)


def test_all_passed_and_pass_rate():
    passed = np.array([[1, 1, 1], [1, 0, 1], [NAN, 0, 1], [NAN, 1, 1], [NAN, NAN, NAN]], float)
    np.testing.assert_array_equal(all_passed({"passed": passed}), [1.0, 0.0, 0.0, NAN, NAN])
    np.testing.assert_allclose(pass_rate({"passed": passed}), [1.0, 2 / 3, 0.5, 1.0, NAN])
    assert dense_credit.scope is rs.Scope.GROUP


@pytest.mark.parametrize("term", [all_passed, pass_rate, dense_credit])
def test_laws_and_three_libraries(term):
    import jax.numpy as jnp
    import torch

    batch = some(2, missing=0.2)
    check_reward(term, batch, [term])
    batch["passed"] = batch["passed"].astype(np.float32)
    for make in (jnp.asarray, torch.tensor):
        given = {name: make(value) for name, value in batch.items()}
        np.testing.assert_allclose(np.asarray(term(given)), term(batch), rtol=1e-4)
