"""Bradley-Terry inference against closed forms, SciPy's optimiser, brute force and repeated sampling."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.core.errors import BadInput
from rewardsmith.learn import NotIdentified, btl_inference, item_differences, next_pairs


def _data(seed: int, n: int = 300, f: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, theta = rng.normal(size=(n, f)), rng.normal(size=f)
    return x, (rng.random(n) < 1 / (1 + np.exp(-x @ theta))).astype(float)


def test_two_items_have_a_closed_form() -> None:
    wins, losses = 30, 10
    fit = btl_inference([[1.0, -1.0]] * 40, [1.0] * wins + [0.0] * losses)
    middle, low, high = fit.interval([1.0, -1.0])
    assert middle == pytest.approx(np.log(wins / losses))
    assert high - middle == pytest.approx(1.959964 * np.sqrt(1 / wins + 1 / losses), rel=1e-6)
    assert middle - low == pytest.approx(high - middle)


def test_the_estimate_and_its_covariance_are_those_of_a_general_optimiser() -> None:
    x, y = _data(0)
    fit = btl_inference(x, y)

    def loss(w: np.ndarray) -> float:
        return float(np.sum(np.logaddexp(0, x @ w) - y * (x @ w)))

    found = minimize(loss, np.zeros(4), method="BFGS", tol=1e-9)
    assert np.allclose(fit.theta, found.x, atol=1e-5)
    h, step = np.zeros((4, 4)), 1e-4
    for i in range(4):
        for j in range(4):
            e, g = np.eye(4)[i] * step, np.eye(4)[j] * step
            f = [loss(fit.theta + s * e + t * g) for s in (1, -1) for t in (1, -1)]
            h[i, j] = (f[0] - f[1] - f[2] + f[3]) / (4 * step**2)
    assert np.allclose(fit.covariance, np.linalg.inv(h), rtol=1e-3)


def test_the_sandwich_is_the_slow_sum_over_clusters() -> None:
    x, y = _data(1, 60, 3)
    who = np.arange(60) % 7
    fit = btl_inference(x, y, who)
    p = 1 / (1 + np.exp(-x @ fit.theta))
    bread = np.linalg.inv(sum(p[i] * (1 - p[i]) * np.outer(x[i], x[i]) for i in range(60)))
    meat = np.zeros((3, 3))
    for g in range(7):
        score = sum(x[i] * (y[i] - p[i]) for i in range(60) if who[i] == g)
        meat += np.outer(score, score)
    assert np.allclose(fit.robust, 7 / 6 * bread @ meat @ bread)


def test_only_differences_within_a_component_are_identified() -> None:
    first, second = np.array([0, 0, 1, 1, 3, 3]), np.array([1, 1, 2, 2, 4, 4])
    fit = btl_inference(item_differences(first, second, 5), [1, 0, 1, 0, 1, 0])
    assert fit.identified(np.eye(5)[0] - np.eye(5)[2])
    for direction in (np.eye(5)[0], np.eye(5)[0] - np.eye(5)[3]):
        assert not fit.identified(direction)
        assert fit.interval(direction)[1:] == (-np.inf, np.inf)
        assert fit.error(direction) == np.inf
    assert fit.pessimistic([np.eye(5)[0]], 1.0)[0] == -np.inf


def test_labels_without_an_exception_are_refused() -> None:
    with pytest.raises(NotIdentified, match="infinite"):
        btl_inference([[1.0], [2.0], [1.5]], [1.0, 1.0, 1.0])
    with pytest.raises(NotIdentified, match="nothing"):
        btl_inference([[0.0], [0.0]], [1.0, 0.0])


def test_large_margins_are_no_separation() -> None:
    x = np.array([[40.0], [1.0], [1.0], [1.0]])
    assert np.abs(x @ btl_inference(x, [1.0, 1.0, 1.0, 0.0]).theta).max() > 20
    with pytest.raises(NotIdentified):  # the second direction separates the only pair that shows it
        btl_inference([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1.0, 0.0, 1.0])
    assert btl_inference([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1.0, 0.0, 0.5]).theta[1] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("x", "y"), [([[1.0]], [np.nan]), ([[1.0]], [2.0]), ([1.0], [1.0]), ([[np.inf]], [1.0])]
)
def test_bad_data_are_refused(x: list, y: list) -> None:
    with pytest.raises(BadInput):
        btl_inference(x, y)


def test_ties_and_missing_labels() -> None:
    x, y = _data(2, 80, 2)
    x2, y2 = np.concatenate([x, x[:10], x[:5]]), np.concatenate([y, np.full(10, 0.5), np.full(5, np.nan)])
    both = np.concatenate([x, x, x[:10], x[:10]]), np.concatenate([y, y, np.ones(10), np.zeros(10)])
    assert np.allclose(btl_inference(x2, y2).theta, btl_inference(*both).theta, atol=1e-7)


def test_intervals_cover() -> None:
    rng, hits = np.random.default_rng(3), []
    theta = rng.normal(size=6)
    for _ in range(300):
        a = rng.integers(6, size=400)
        b = (a + rng.integers(1, 6, size=400)) % 6
        x = item_differences(a, b, 6)
        y = rng.random(400) < 1 / (1 + np.exp(-x @ theta))
        _, low, high = btl_inference(x, y).interval(np.eye(6)[0] - np.eye(6)[1])
        hits.append(low <= theta[0] - theta[1] <= high)
    assert 0.91 <= np.mean(hits) <= 0.985


def test_the_first_choices_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(4)
    x, theta, asked = rng.normal(size=(12, 3)), rng.normal(size=3), rng.normal(size=(4, 3))
    c = rng.normal(size=(2, 3))

    def information(rows: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-rows @ theta))
        return (rows.T * (p * (1 - p))) @ rows + 1e-2 * np.eye(3)

    after = [information(np.vstack([asked, row])) for row in x]
    assert next_pairs(x, theta, asked, 1)[0] == np.argmax([np.linalg.slogdet(i)[1] for i in after])
    variance = [np.trace(c @ np.linalg.inv(i) @ c.T) for i in after]
    assert next_pairs(x, theta, asked, 1, c)[0] == np.argmin(variance)
    # greedy is at least 1 - 1/e of the best pair of pairs (log det is submodular)
    base = np.linalg.slogdet(information(asked))[1]
    doubles = (x[list(two)] for two in combinations(range(12), 2))
    best = max(np.linalg.slogdet(information(np.vstack([asked, two])))[1] for two in doubles)
    ours = np.linalg.slogdet(information(np.vstack([asked, x[next_pairs(x, theta, asked, 2)]])))[1]
    assert ours - base >= (1 - 1 / np.e) * (best - base)


def test_next_pairs_refuses_what_does_not_fit() -> None:
    with pytest.raises(BadInput, match="count"):
        next_pairs([[1.0]], [0.0], np.zeros((0, 1)), 2)
