"""Noise: rates and moments of many draws, and that a draw belongs to its key."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.arrays import to_numpy
from rewardsmith.core.errors import BadInput, MissingField
from rewardsmith.transforms import Flip, Jitter

N = 20_000


@rs.term
def correct(correct):
    return correct


def batch_of(items, step=0.0):
    return {"item": items, "progress": np.full(len(items), step)}


def flips(noise, batch):
    return noise.apply(np.zeros(len(batch["progress"])), batch, ())[0]


@pytest.mark.parametrize("unit", ["response", "group", "item"])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5])
def test_the_rate_is_p(unit, p):
    rate = flips(Flip(p, unit), batch_of(np.arange(N))).mean()
    assert abs(rate - p) <= 4 * math.sqrt(p * (1 - p) / N)


def test_what_shares_a_draw():
    items = np.repeat(np.arange(500), 8)
    for unit, together, again in (("response", False, False), ("group", True, False), ("item", True, True)):
        noise = Flip(0.5, unit)
        first, later = (flips(noise, batch_of(items, step)).reshape(500, 8) for step in (0.0, 0.25))
        assert (np.ptp(first, axis=1) == 0).all() == together
        assert np.array_equal(first, later) == again


def test_draws_of_a_group_and_of_two_steps_are_independent():
    items = np.repeat(np.arange(N // 2), 2)
    a, b = flips(Flip(0.5), batch_of(items)).reshape(-1, 2).T
    later = flips(Flip(0.5), batch_of(items, 0.5)).reshape(-1, 2)[:, 0]
    for other in (b, later, flips(Flip(0.5, seed=1), batch_of(items)).reshape(-1, 2)[:, 0]):
        assert abs(np.corrcoef(a, other)[0, 1]) < 4 / math.sqrt(N / 2)


def test_noise_can_be_replayed_in_any_order():
    rng = np.random.default_rng(0)
    items = rng.permutation(N)
    for noise in (Flip(0.3, "group"), Flip(0.3, "item"), Flip(0.3)):
        straight = flips(noise, batch_of(np.arange(N)))
        np.testing.assert_array_equal(flips(noise, batch_of(items)), straight[items])
    texts = [f"question {i}" for i in range(50)]
    one, again = (flips(Flip(0.5, "group"), batch_of(texts)) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert 5 < one.sum() < 45


def test_a_flip_inverts_verdicts_and_leaves_missing_ones():
    batch = batch_of(np.arange(6))
    verdict = np.array([0.0, 1.0, np.nan, 0.25, 1.0, 0.0])
    flipped = Flip(1.0, inverting=True).apply(verdict, batch, ())[0]
    np.testing.assert_array_equal(flipped, 1 - verdict)
    np.testing.assert_array_equal(Flip(0.0).apply(verdict, batch, ())[0], verdict)


def test_jitter_is_normal():
    from scipy import stats

    z = Jitter(2.0).apply(np.zeros(N), batch_of(np.arange(N)), ())[0] / 2.0
    assert stats.kstest(z, "norm").pvalue > 0.01
    fixed = Jitter(1.0, "item").apply(np.zeros(4), batch_of(["a", "b", "a", "b"]), ())[0]
    assert fixed[0] == fixed[2] != fixed[1] == fixed[3]


def test_one_draw_for_all_steps_of_a_response():
    batch = {"item": np.arange(30), "progress": np.zeros(30)}
    paid = Flip(0.5).apply(np.zeros((30, 4)), batch, ())[0]
    assert (np.ptp(paid, axis=1) == 0).all()
    assert 0 < paid.mean() < 1


def test_the_other_libraries_get_the_same_noise():
    import jax.numpy as jnp
    import torch

    batch = batch_of(np.arange(40))
    for noise in (Flip(0.4), Jitter(0.4)):
        expected = noise.apply(np.zeros(40), batch, ())[0]
        for reward in (torch.zeros(40), jnp.zeros(40)):
            found = noise.apply(reward, batch, ())[0]
            assert type(found) is type(reward)
            np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-6)


def test_bad_input():
    with pytest.raises(BadInput, match="teaches the opposite"):
        Flip(0.6)
    with pytest.raises(BadInput, match="response, group or item"):
        Flip(0.1, "prompt")
    with pytest.raises(BadInput, match="0 or more"):
        Jitter(-1.0)
    with pytest.raises(MissingField, match="item"):
        Flip(0.1).apply(np.zeros(2), {"progress": np.zeros(2)}, ())
    with pytest.raises(BadInput, match="leading part"):
        Flip(0.1, "item").apply(np.zeros(3), {"item": np.zeros(2)}, ())
    with pytest.raises(BadInput, match="field progress"):
        Flip(0.1).apply(np.zeros(3), {"item": np.zeros(3), "progress": np.zeros(2)}, ())


def test_flips_keep_the_order_of_expected_rewards():
    """Right and wrong verdicts expect 1 - p and p; one-sided flips 1 and p, or 1 - p and 0."""
    batch = {"item": np.arange(N), "progress": np.zeros(N), "correct": (np.arange(N) % 2).astype(float)}
    flipped = correct | Flip(0.3, "group")
    for reward, (right, wrong) in (
        (flipped, (0.7, 0.3)),
        (rs.maximum(correct, flipped), (1.0, 0.3)),
        (rs.minimum(correct, flipped), (0.7, 0.0)),
    ):
        paid = reward(batch).reshape(-1, 2).mean(0)
        np.testing.assert_allclose(paid, [wrong, right], atol=4 * math.sqrt(0.21 / (N / 2)))
