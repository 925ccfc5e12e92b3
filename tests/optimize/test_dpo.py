"""Losses of pairs against the papers, autodiff and general minimisers; DPO on known preferences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.dpo import (
    LINKS,
    PairDescent,
    dpo_weights,
    pair_loss,
    pair_margin,
    pair_path,
    pair_slope,
)


@pytest.mark.parametrize(("beta", "ridge"), [(0.1, 1e-3), (2.0, 0.5)])
def test_it_is_the_minimum_of_the_loss(beta, ridge):
    rng = np.random.default_rng(0)
    winners, losers = rng.normal(size=(40, 3)) + 0.3, rng.normal(size=(40, 3))
    counts = rng.random(40)
    counts[3] = np.nan
    known = np.nan_to_num(counts)

    def loss(w):
        margin = beta * (winners - losers) @ w
        return np.mean(known * np.logaddexp(0, -margin)) + ridge * beta**2 * (w @ w) / 2

    found = dpo_weights(winners, losers, counts, beta, ridge)
    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(found, best.x, rtol=1e-3, atol=1e-3)
    assert loss(found) <= best.fun + 1e-12


def test_it_finds_the_weights_behind_bradley_terry_preferences():
    rng = np.random.default_rng(1)
    truth = np.array([1.0, -0.5, 0.0])
    first, second = rng.normal(size=(20_000, 3)), rng.normal(size=(20_000, 3))
    wins = rng.random(20_000) < 1 / (1 + np.exp(-(first - second) @ truth))
    winners, losers = np.where(wins[:, None], first, second), np.where(wins[:, None], second, first)
    np.testing.assert_allclose(dpo_weights(winners, losers, beta=1.0, ridge=1e-6), truth, atol=0.05)


def test_pairs_that_can_be_separated_stay_finite():
    assert np.isfinite(dpo_weights(np.ones((5, 2)), np.zeros((5, 2)))).all()
    with pytest.raises(BadInput, match=">= 0"):
        dpo_weights(np.ones((2, 1)), np.zeros((2, 1)), [1.0, -1.0])
    with pytest.raises(BadInput, match="both > 0"):
        dpo_weights(np.ones((2, 1)), np.zeros((2, 1)), beta=0.0)


MARGINS = np.array([-800.0, -3.0, -0.2, 0.0, 0.7, 2.5, 800.0])
LABELS = np.array([1.0, 0.0, 0.5, 1.0, 0.0, 1.0, 0.3])


def written_out(margin, link, beta):
    """The three losses, one number at a time."""
    if link == "logistic":
        return np.logaddexp(0, -margin)
    return (margin / beta - 1 / (2 * beta)) ** 2 if link == "square" else max(0.0, 1 - margin)


@pytest.mark.parametrize("link", LINKS)
def test_losses_as_they_are_written_in_the_papers(link):
    expected = [
        p * written_out(m, link, 0.2) + (1 - p) * written_out(-m, link, 0.2)
        for m, p in zip(MARGINS, LABELS, strict=True)
    ]
    np.testing.assert_allclose(pair_loss(MARGINS, LABELS, link, 0.2), expected, rtol=1e-13)
    gone = pair_loss(MARGINS, np.where(LABELS == 1, np.nan, LABELS), link, 0.2)
    np.testing.assert_allclose(gone, np.where(LABELS == 1, 0, expected), rtol=1e-13)


@pytest.mark.parametrize("link", LINKS)
def test_three_backends_agree_with_the_closed_slope(link):
    import jax
    import torch

    labels = np.where(LABELS == 0.3, np.nan, LABELS)
    loss, slope = pair_loss(MARGINS, labels, link), pair_slope(MARGINS, labels, link)
    margin = torch.tensor(MARGINS, requires_grad=True)
    theirs = pair_loss(margin, torch.tensor(labels), link)
    theirs.sum().backward()
    np.testing.assert_allclose(theirs.detach().numpy(), loss, rtol=1e-10)
    np.testing.assert_allclose(margin.grad.numpy(), slope, rtol=1e-10, atol=1e-12)
    with jax.enable_x64(True):
        value = pair_loss(jax.numpy.asarray(MARGINS), jax.numpy.asarray(labels), link)
        grad = jax.grad(lambda m: pair_loss(m, jax.numpy.asarray(labels), link).sum())(
            jax.numpy.asarray(MARGINS)
        )
        np.testing.assert_allclose(value, loss, rtol=1e-10)
        np.testing.assert_allclose(grad, slope, rtol=1e-10, atol=1e-12)


def test_margin_of_log_probabilities_is_that_of_features():
    rng = np.random.default_rng(3)
    reference, features, w = rng.normal(size=6), rng.normal(size=(6, 2)), rng.normal(size=2)
    logits = reference + features @ w
    policy = logits - np.log(np.exp(logits).sum())
    first, second = np.array([0, 3]), np.array([5, 1])
    both = np.stack([first, second], axis=1)
    margin = pair_margin(policy[both], reference[both], beta=0.3)
    np.testing.assert_allclose(margin, 0.3 * (features[first] - features[second]) @ w)


@pytest.mark.parametrize("link", LINKS)
def test_a_path_ends_at_the_minimum(link):
    rng = np.random.default_rng(0)
    gap = rng.normal(size=(60, 3))
    label = (rng.random(60) < 1 / (1 + np.exp(-gap @ [1.0, -0.5, 0.0]))).astype(float)
    label[:4], label[4:8] = 0.5, np.nan
    config = PairDescent(link, beta=0.5, steps=3000, learning_rate=0.01, record=1000)
    path = pair_path(gap, label, config)

    def loss(w):
        each = [
            p * written_out(m, link, 0.5) + (1 - p) * written_out(-m, link, 0.5)
            for m, p in zip(0.5 * gap @ w, label, strict=True)
            if not np.isnan(p)
        ]
        return np.mean(each)

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    assert path.steps.tolist() == [0, 1000, 2000, 3000]
    np.testing.assert_allclose(path.loss, [loss(w) for w in path.weights])
    assert path.loss[-1] == pytest.approx(best.fun, abs=2e-3)
    assert (path.weights[0] == 0).all()
    if link == "logistic":
        keep = ~np.isnan(label)
        wins = np.where(label[:, None] == 0, -gap, gap)[keep]
        once = np.where(label[keep] == 0.5, 0.5, 1.0)
        tied = label[keep] == 0.5
        both = np.concatenate([wins, -wins[tied]]), np.concatenate([once, once[tied]])
        exact = dpo_weights(both[0], 0 * both[0], both[1], beta=0.5, ridge=1e-9)
        np.testing.assert_allclose(path.weights[-1], exact, atol=1e-3)


def test_a_path_is_recorded_where_it_is_asked_for():
    gap, label = np.eye(2), np.ones(2)
    every = pair_path(gap, label, PairDescent(steps=7, record=1))
    some = pair_path(gap, label, PairDescent(steps=7, record=(2, 5)))
    assert some.steps.tolist() == [0, 2, 5, 7]
    np.testing.assert_array_equal(some.weights, every.weights[[0, 2, 5, 7]])
    np.testing.assert_allclose(every.margin, 0.1 * every.weights.mean(1))
    assert pair_path(gap, label, PairDescent(steps=7, record=3)).steps.tolist() == [0, 3, 6, 7]


def test_refusals_of_losses():
    with pytest.raises(BadInput, match="logistic, square, hinge"):
        pair_loss(np.zeros(1), np.zeros(1), "cubic")
    with pytest.raises(BadInput, match="one or more labelled"):
        pair_path(np.zeros((2, 1)), [np.nan, np.nan], PairDescent())
    with pytest.raises(BadInput, match="steps"):
        PairDescent(steps=0)
    with pytest.raises(BadInput, match="record"):
        PairDescent(record=0)
