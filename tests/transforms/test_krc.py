"""KRC, the soft minimum and Latched against their formulas in plain loops, and their stated bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.testing import check_reward
from rewardsmith.transforms import Latched, geometric_mean, soft_minimum


@rs.term
def a(a):
    return a


@rs.term
def b(b):
    return b


@rs.term
def c(c):
    return c


def values(seed: int = 0, count: int = 60) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-1, 1, count) for name in "abc"}


@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.1])
def test_krc_is_the_loop_over_its_formula(epsilon: float):
    batch = values()
    batch["a"][:30] = abs(batch["a"][:30])
    found = geometric_mean(a, b, c, epsilon=epsilon)(batch)
    for row, value in zip(zip(batch["a"], batch["b"], batch["c"], strict=True), found, strict=True):
        size = np.prod([abs(r) + epsilon for r in row]) ** (1 / 3) - epsilon
        assert value == pytest.approx(size if all(r >= 0 for r in row) else -size)
    assert (found > 0).any()
    assert (found < 0).any()


def test_krc_pays_nothing_for_one_part_alone():
    """What a sum pays for excelling at one part, KRC pays for having all of them."""
    batch = {"a": np.array([1.0, 0.5]), "b": np.array([0.0, 0.5])}
    assert (0.5 * a + 0.5 * b)(batch).tolist() == [0.5, 0.5]
    assert geometric_mean(a, b)(batch).tolist() == pytest.approx([0.0, 0.5], abs=1e-3)


@pytest.mark.parametrize("epsilon", [1e-4, 0.05])
def test_the_slope_and_the_jump_of_krc_stay_within_what_is_stated(epsilon: float):
    import jax
    import jax.numpy as jnp

    combined = geometric_mean(a, b, epsilon=epsilon)
    bound = ((1 + epsilon) / epsilon) ** 0.5 / 2
    grid = np.concatenate([[1e-12, 1e-6], np.linspace(0.01, 1, 30)])
    with jax.enable_x64():
        x, y = (jnp.asarray(each.ravel()) for each in np.meshgrid(grid, grid))
        slopes = jax.grad(lambda x: combined({"a": x, "b": y}).sum())(x)
        worst = float(abs(slopes).max())
    assert 0.99 * bound < worst <= bound
    jump = combined({"a": np.array([0.0, -1e-15]), "b": np.ones(2)})
    assert jump[0] - jump[1] == pytest.approx(2 * (epsilon**0.5 * (1 + epsilon) ** 0.5 - epsilon))


def test_krc_is_increasing_where_all_are_good_and_not_elsewhere():
    rng, combined = np.random.default_rng(1), geometric_mean(a, b)
    low = {"a": rng.random(500), "b": rng.random(500)}
    high = {**low, "a": low["a"] + 0.1}
    assert (combined(high) > combined(low)).all()
    worse = combined({"a": np.array([0.5, 0.9]), "b": np.array([-0.5, -0.5])})
    assert worse[1] < worse[0]  # the better a makes it worse
    assert combined({"a": np.array([-1.0]), "b": np.array([-1.0])})[0] == pytest.approx(-1.0)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 5.0])
def test_the_soft_minimum_is_its_formula_and_lies_between_minimum_and_mean(temperature: float):
    batch = values(2)
    rows = np.stack([batch["a"], batch["b"], batch["c"]], axis=-1)
    found = soft_minimum(a, b, c, temperature=temperature)(batch)
    np.testing.assert_allclose(found, -temperature * (logsumexp(-rows / temperature, axis=-1) - np.log(3)))
    assert (found >= rows.min(-1) - 1e-12).all()
    assert (found <= rows.mean(-1) + 1e-12).all()
    assert (found <= rows.min(-1) + temperature * np.log(3) + 1e-12).all()


def test_the_slopes_of_the_soft_minimum_are_a_softmax():
    import jax
    import jax.numpy as jnp

    reward = soft_minimum(a, b, temperature=0.3)
    with jax.enable_x64():
        slopes = [jax.grad(lambda x, n=n: reward({"a": jnp.asarray(0.2), "b": jnp.asarray(0.7), n: x}))(
            jnp.asarray({"a": 0.2, "b": 0.7}[n])) for n in "ab"]  # fmt: skip
    weights = np.exp([-0.2 / 0.3, -0.7 / 0.3])
    np.testing.assert_allclose(slopes, weights / weights.sum())


def test_the_soft_minimum_neither_overflows_nor_invents_a_verdict():
    batch = {"a": np.array([-1e6, 1e6, np.nan]), "b": np.array([1e6, 1e6, 0.0])}
    found = soft_minimum(a, b, temperature=0.01)(batch)
    np.testing.assert_allclose(found[:2], [-1e6, 1e6])
    assert np.isnan(found[2])
    assert np.isnan(geometric_mean(a, b)(batch)[2])
    assert np.isnan(geometric_mean(b, a)(batch)[2])


@pytest.mark.parametrize("make", [geometric_mean, soft_minimum])
def test_they_are_values(make):
    reward = 0.5 * make(a, 2.0 * b - c) + (make(b, a, c) | rs.Clip(-0.5, 0.5))
    check_reward(reward, values(), [a, b, c])
    assert f"{make.__name__}(a, b" in str(make(a, b))
    with pytest.raises(BadInput, match="no rewards"):
        make()


def test_bad_numbers():
    with pytest.raises(BadInput, match="> 0"):
        soft_minimum(a, temperature=0.0)
    with pytest.raises(BadInput, match=">= 0"):
        geometric_mean(a, epsilon=-1.0)
    with pytest.raises(BadInput, match="0 or more"):
        Latched(ticks=-1)


def slow_latch(event: np.ndarray, first: np.ndarray, ticks: int, factor: float) -> np.ndarray:
    """Every step looks back over the steps of its episode, one by one."""
    out = np.ones(event.shape)
    for row, t in np.ndindex(event.shape):
        if np.isnan(event[row, t]):
            out[row, t] = np.nan
            continue
        seen = []
        for k in range(t, max(t - ticks, 0) - 1, -1):
            seen.append(event[row, k])
            if first[row, k]:
                break
        if any(e > 0 for e in seen):
            out[row, t] = factor
        elif np.isnan(seen).any():
            out[row, t] = np.nan
    return out


@pytest.mark.parametrize("ticks", [0, 1, 4, 30])
def test_latched_is_the_loop_that_looks_back(ticks: int):
    rng = np.random.default_rng(ticks)
    event = (rng.random((6, 25)) < 0.1).astype(float)
    event[rng.random(event.shape) < 0.03] = np.nan
    first = rng.random(event.shape) < 0.1
    first[:, 0] = True
    latch = Latched(ticks=ticks, factor=0.25)
    expected = slow_latch(event, first, ticks, 0.25)
    np.testing.assert_array_equal(latch.apply(event, {"first": first}, ())[0], expected)
    # in pieces, with the state carried on
    state, pieces = (), []
    for part in np.array_split(np.arange(25), 7):
        piece, state = latch.apply(event[:, part], {"first": first[:, part]}, state)
        pieces.append(piece)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=-1), expected)


def test_latched_on_torch_and_jax():
    import jax.numpy as jnp
    import torch

    event = (np.random.default_rng(0).random((3, 12)) < 0.2).astype(float)
    latch = Latched(ticks=3, factor=0.5)
    expected = latch.apply(event, {}, ())[0]
    for make in (torch.as_tensor, jnp.asarray):
        np.testing.assert_array_equal(np.asarray(latch.apply(make(event), {}, ())[0]), expected)


def test_gated_progress_is_a_product():
    batch = {"a": np.full((1, 5), 2.0), "b": np.array([[0.0, 1.0, 0.0, 0.0, 0.0]])}
    reward = a * (b | Latched(ticks=1, factor=0.5))
    assert reward(batch).tolist() == [[2.0, 1.0, 1.0, 2.0, 2.0]]
