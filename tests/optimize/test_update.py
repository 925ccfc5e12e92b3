"""The arithmetic of PPO against closed forms, slow loops and other libraries."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.optimize.control import PPO
from rewardsmith.optimize.control.advantage import generalised_advantage, running_returns
from rewardsmith.optimize.control.networks import Networks
from rewardsmith.optimize.control.statistics import Moments, masked_moments, merge, standardise
from rewardsmith.optimize.control.update import Rows, adam, clipped_norm, loss, shuffled
from rewardsmith.tasks import Box, Discrete

RNG = np.random.default_rng(0)
SEEDS = st.integers(0, 2**32 - 1)


def slow_advantage(reward, value, next_value, terminated, done, discount, trace):
    """The definition as a sum: ``A_t = sum_k (discount trace)^k d_{t+k}`` up to the end of the episode."""
    steps = len(reward)
    out = np.zeros(steps)
    for t in range(steps):
        weight = 1.0
        for k in range(t, steps):
            delta = reward[k] + discount * (0.0 if terminated[k] else next_value[k]) - value[k]
            out[t] += weight * (0.0 if np.isnan(reward[k]) else delta)
            if done[k]:
                break
            weight *= discount * trace
    return out


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_advantage_is_the_sum_it_is_defined_as(seed: int, discount: float, trace: float) -> None:
    rng = np.random.default_rng(seed)
    reward, value, next_value = rng.normal(size=(3, 12))
    reward[rng.random(12) < 0.2] = np.nan
    terminated = rng.random(12) < 0.2
    done = terminated | (rng.random(12) < 0.2)
    found = generalised_advantage(
        *map(jnp.asarray, (reward, value, next_value, terminated * 1.0, done * 1.0)), discount, trace
    )
    assert np.allclose(
        found, slow_advantage(reward, value, next_value, terminated, done, discount, trace), atol=1e-4
    )


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_running_returns_are_those_of_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reward, done = rng.normal(size=12), rng.random(12) < 0.3
    total, expected = 0.7, []
    for r, end in zip(reward, done, strict=True):
        total = 0.9 * total + r
        expected.append(total)
        total = 0.0 if end else total
    sums, carried = running_returns(jnp.asarray(reward), jnp.asarray(done * 1.0), jnp.asarray(0.7), 0.9)
    assert np.allclose(sums, expected, atol=1e-5)
    assert carried == pytest.approx(total, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 30), min_size=1, max_size=5), SEEDS)
def test_merged_moments_are_those_of_all_samples(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(rng.normal() * 3, 2.0, size=(size, 3)) for size in sizes]
    moments = Moments(np.zeros(3), np.ones(3), np.float64(0.0))
    for part in parts:
        moments = merge(moments, part.mean(0), part.var(0), np.float64(len(part)))
    everything = np.concatenate(parts)
    assert np.allclose(moments.mean, everything.mean(0))
    assert np.allclose(moments.variance, everything.var(0))
    assert moments.count == len(everything)


def test_masked_moments_leave_out_what_has_no_weight() -> None:
    values, weight = np.array([1.0, 3.0, 100.0]), np.array([1.0, 1.0, 0.0])
    assert masked_moments(values, weight) == (2.0, 1.0, 2.0)
    assert masked_moments(values, 0 * weight) == (0.0, 0.0, 0.0)


def test_standardise_clips() -> None:
    moments = Moments(np.array([1.0]), np.array([4.0]), np.float64(1))
    assert np.allclose(standardise(np.array([[3.0], [1e9]]), moments), [[1.0], [10.0]])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_gradient_is_clipped_by_its_true_global_norm(scale: float) -> None:
    gradient = scale * RNG.normal(size=50)
    found, norm = clipped_norm(jnp.asarray(gradient), 0.5)
    length = float(np.sqrt(sum(g * g for g in gradient)))
    assert norm == pytest.approx(length, rel=1e-5)
    assert np.linalg.norm(found) == pytest.approx(min(length, 0.5), rel=1e-4)
    assert np.allclose(found / np.linalg.norm(found), gradient / length, atol=1e-5)


def test_adam_is_optax_adam() -> None:
    params = jnp.asarray(RNG.normal(size=20), jnp.float32)
    optimiser = optax.adam(1e-2, eps=1e-5)
    theirs, state = params, optimiser.init(params)
    ours = (params, jnp.zeros(20), jnp.zeros(20), jnp.int32(0))
    for _ in range(5):
        gradient = jnp.asarray(RNG.normal(size=20), jnp.float32)
        ours = adam(ours[0], gradient, *ours[1:], 1e-2)
        updates, state = optimiser.update(gradient, state)
        theirs = optax.apply_updates(theirs, updates)
    assert np.allclose(ours[0], theirs, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 12, 2048, 5000])
def test_shuffle_is_a_permutation_that_changes(size: int) -> None:
    orders = [np.asarray(shuffled(jax.random.key(i), size)) for i in range(8)]
    assert all(np.array_equal(np.sort(order), np.arange(size)) for order in orders)
    assert size < 3 or len({order.tobytes() for order in orders}) > 1


def slow_loss(networks, knobs, flat, rows, log_prob, entropy):
    """The formula of the paper, row by row, from probabilities of another library."""
    keep = np.flatnonzero(rows.weight)
    a = rows.advantage[keep]
    a = (a - a.mean()) / (a.std() + 1e-8)
    policy = value = 0.0
    arrays = networks.unpack(flat)
    for i, k in enumerate(keep):
        q = np.exp(log_prob[k] - rows.log_prob[k])
        policy += min(q * a[i], np.clip(q, 1 - knobs.clip, 1 + knobs.clip) * a[i]) / len(keep)
        value += 0.5 * (float(networks.critic(arrays, rows.x[k])) - rows.target[k]) ** 2 / len(keep)
    return -policy + knobs.value_coefficient * value - knobs.entropy * entropy[keep].mean()


@pytest.mark.parametrize("actions", [Discrete(3), Box((-1.0, -2.0), (1.0, 2.0))], ids=["discrete", "box"])
def test_loss_is_the_formula(actions) -> None:
    import torch

    networks = Networks(4, actions, (5, 5))
    knobs = PPO(steps=1, entropy=0.1).knobs(0.99)
    flat = networks.initial(np.random.default_rng(1)) + 0.1 * RNG.normal(size=networks.size).astype(np.float32)
    x = RNG.normal(size=(16, 4)).astype(np.float32)
    arrays = networks.unpack(flat)
    head = torch.as_tensor(np.asarray(networks.actor(arrays, x)))
    if isinstance(actions, Discrete):
        distribution = torch.distributions.Categorical(logits=head)
        raw = RNG.integers(0, 3, 16)
        log_prob, entropy = distribution.log_prob(torch.as_tensor(raw)), distribution.entropy()
    else:
        distribution = torch.distributions.Normal(head, torch.as_tensor(arrays[-1]).exp())
        raw = RNG.normal(size=(16, 2)).astype(np.float32)
        log_prob, entropy = distribution.log_prob(torch.as_tensor(raw)).sum(-1), distribution.entropy().sum(-1)
    old = log_prob.numpy() + 0.3 * RNG.normal(size=16).astype(np.float32)
    weight = (RNG.random(16) < 0.7).astype(np.float32)
    rows = Rows(x, raw, old, RNG.normal(size=16), RNG.normal(size=16), weight)
    found, (mean_entropy, divergence, _) = loss(
        networks, knobs, [jnp.asarray(a) for a in arrays], Rows(*map(jnp.asarray, rows))
    )
    assert found == pytest.approx(
        slow_loss(networks, knobs, flat, rows, log_prob.numpy(), entropy.numpy()), abs=1e-4
    )
    assert mean_entropy == pytest.approx(entropy.numpy()[weight > 0].mean(), abs=1e-5)
    assert divergence >= 0


def test_actions_fill_the_box_and_never_leave_it() -> None:
    networks = Networks(1, Box((-2.0, 0.0), (2.0, 10.0)), (4,))
    raw = np.array([[0.0, 0.0], [-1.0, 1.0], [5.0, -5.0]])
    assert np.allclose(networks.to_action(raw), [[0.0, 5.0], [-2.0, 10.0], [2.0, 0.0]])


def test_initial_weights_are_orthogonal_with_the_stated_gains() -> None:
    networks = Networks(6, Discrete(3), (8, 8))
    arrays = networks.unpack(networks.initial(np.random.default_rng(0)))
    gains = [2.0, 2.0, 1e-4, 2.0, 2.0, 1.0]
    for weights, gain in zip(arrays[::2], gains, strict=True):
        small = weights.T @ weights if weights.shape[0] >= weights.shape[1] else weights @ weights.T
        assert np.allclose(small, gain * np.eye(len(small)), atol=1e-5)
    assert all(not array.any() for array in arrays[1::2])
