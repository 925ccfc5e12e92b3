"""Lagrange against a slow loop, against the exact multiplier of a small problem, and where it must give up."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith.core.errors import BadInput
from rewardsmith.optimize.gibbs import expected, gibbs
from rewardsmith.testing import check_reward
from rewardsmith.transforms import Lagrange, standings


@rs.term
def gain(a):
    return a


@rs.term
def effort(b):
    return b


@rs.term
def speed(c):
    return c


BOTH = effort + 2.0 * speed
LIMITS = (("effort", "<=", 0.3), ("speed", ">=", 0.1))


def batch(seed, shape=(5, 4)):
    rng = np.random.default_rng(seed)
    found = {name: rng.normal(size=shape) for name in "abc"}
    found["b"][0, 0] = np.nan
    return found


def slowly(kind, limits, batches, rate, momentum, start=0.2, over="step"):
    """The update rules written out, one limit at a time."""
    lam, speeds, totals = [start] * len(limits), [0.0] * len(limits), []
    for one in batches:
        parts = {"effort": one["b"], "speed": 2.0 * one["c"]}
        if kind == "projected":
            w, own = lam, 1.0
        elif kind == "sigmoid":
            w = [
                math.tanh(x) if rel == "==" else 1 / (1 + math.exp(-x))
                for x, (_, rel, _) in zip(lam, limits, strict=True)
            ]
            own = len(w) - sum(w)
        else:
            e = [1.0] + [math.exp(x) for x in lam]
            own, *w = [x / sum(e) for x in e]
        total, new = own * one["a"], []
        for i, (name, rel, limit) in enumerate(limits):
            total = total + (-1 if rel == "<=" else 1) * w[i] * parts[name]
            values = parts[name].sum(-1) if over == "episode" else parts[name]
            gap = limit - np.nanmean(values)
            gap = -gap if rel == "<=" else gap
            if kind == "sigmoid":
                gap *= 1 - w[i] ** 2 if rel == "==" else w[i] * (1 - w[i])
            speeds[i] = momentum * speeds[i] + gap
            value = lam[i] + rate * speeds[i]
            new.append(max(value, 0.0) if kind == "projected" and rel != "==" else value)
        lam = new
        totals.append(total)
    return totals, lam


@pytest.mark.parametrize("kind", ["projected", "sigmoid", "softmax"])
@pytest.mark.parametrize("over", ["step", "episode"])
@pytest.mark.parametrize("relation", ["<=", "=="])
def test_three_batches_against_a_slow_loop(kind, over, relation):
    if kind == "softmax" and relation == "==":
        return
    limits = (("effort", relation, 0.3), ("speed", ">=", 0.1))
    held = Lagrange(BOTH, limits, kind, rate=0.7, momentum=0.3, start=0.2, over=over)
    batches = [batch(seed) for seed in range(3)]
    totals, lam = slowly(kind, limits, batches, 0.7, 0.3, over=over)
    state = held.init(batches[0])
    for one, expected_total in zip(batches, totals, strict=True):
        found, state = held.apply(gain(one), one, state)
        np.testing.assert_allclose(found, expected_total)
    np.testing.assert_allclose([float(value) for value in state.multipliers], lam)


def test_the_multiplier_becomes_the_exact_one():
    """max E[gain] - KL with E[effort] <= 0.2 over 50 answers: the dual optimum is found by bisection."""
    rng = np.random.default_rng(0)
    a, b, uniform = rng.normal(size=(1, 50)), rng.normal(size=(1, 50)) + 0.5, np.zeros((1, 50))

    def cost(price):
        return float(expected(gibbs(uniform, a - price * b, 1.0), b)[0])

    low, high = 0.0, 50.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cost(middle) > 0.2 else (low, middle)
    held = gain | Lagrange(effort, (("effort", "<=", 0.2),), rate=0.1)
    state = held.init({"a": a, "b": b})
    prices = []
    # the exact best answer of a policy to the current multiplier; its mean cost comes from a sample of itself
    for _ in range(3000):
        prices.append(float(state[1].multipliers[0]))
        policy = np.exp(gibbs(uniform, a - prices[-1] * b, 1.0))[0]
        drawn = rng.choice(50, size=64, p=policy)
        state = held.apply({"a": a[:, drawn], "b": b[:, drawn]}, state)[1]
    assert np.mean(prices[500:]) == pytest.approx(high, abs=0.02)
    assert cost(np.mean(prices[500:])) == pytest.approx(0.2, abs=0.02)


def test_a_limit_that_is_kept_costs_nothing():
    held = gain | Lagrange(effort, (("effort", "<=", 100.0),), rate=0.5)
    one = batch(0)
    state = held.init(one)
    for _ in range(3):
        found, state = held.apply(one, state)
    known = ~np.isnan(one["b"])
    np.testing.assert_array_equal(found[known], one["a"][known])
    assert np.isnan(found[~known]).all()


@pytest.mark.parametrize(
    ("kind", "settings"), [("projected", {"ceiling": 5.0}), ("sigmoid", {}), ("softmax", {})]
)
def test_what_cannot_be_reached_is_reported_as_infeasible(kind, settings):
    held = Lagrange(BOTH, (("effort", ">=", 50.0), ("speed", "<=", 50.0)), kind, rate=0.5, **settings)
    state = held.init(batch(0))
    assert not any(standing.infeasible or standing.violated for standing in held.standings(state).values())
    for seed in range(60):
        state = held.apply(gain(batch(seed)), batch(seed), state)[1]
    standings = held.standings(state)
    assert standings["effort"].infeasible
    assert not standings["speed"].violated
    assert not standings["speed"].infeasible


def test_standings_are_found_anywhere_in_a_reward():
    one = Lagrange(effort, (("effort", "<=", 0.5),))
    other = Lagrange(speed, (("speed", ">=", 0.5),)) | rs.Clip(-1, 1)
    reward = 2.0 * (gain | one) + (gain | other) | rs.Normalize()
    state = reward.apply(batch(0), reward.init(batch(0)))[1]
    found = standings(reward, state)
    assert {name: standing.mean for name, standing in found.items()} == {
        "effort": pytest.approx(np.nanmean(batch(0)["b"])),
        "speed": pytest.approx(np.mean(batch(0)["c"])),
    }


def test_an_equality_pulls_back_down():
    """xi-PPO: above its limit the weight of a part becomes negative, which an inequality's never does."""
    for relation, lowest in (("==", -1.0), (">=", 0.0)):
        held = Lagrange(effort, (("effort", relation, -2.0),), "sigmoid", rate=1.0)
        state = held.init(batch(0))
        for _ in range(50):
            state = held.apply(gain(batch(0)), batch(0), state)[1]
        standing = held.standings(state)["effort"]
        assert (standing.weight < 0) == (relation == "==")
        assert standing.weight >= lowest


def test_limits_are_found_by_name_whatever_their_order():
    one = batch(3)
    there, back = (Lagrange(BOTH, limits, start=0.5) for limits in (LIMITS, LIMITS[::-1]))
    first, second = (held.apply(gain(one), one, held.init(one)) for held in (there, back))
    np.testing.assert_allclose(first[0], second[0])
    assert first[1].multipliers == second[1].multipliers[::-1]
    wrong = Lagrange(BOTH, (("efort", "<=", 0.0),))
    with pytest.raises(BadInput, match="effort, speed"):
        wrong.apply(gain(one), one, wrong.init(one))


def test_silence_changes_nothing():
    held = Lagrange(effort, (("effort", "<=", 0.0),), rate=1.0, momentum=0.9)
    one = batch(0)
    state = held.apply(gain(one), one, held.init(one))[1]
    silent = {**one, "b": np.full_like(one["b"], np.nan)}
    found, after = held.apply(gain(silent), silent, state)
    assert np.isnan(found).all()
    assert after == state


def test_it_is_a_value_with_its_limits_as_numbers():
    held = gain | Lagrange(BOTH, LIMITS, "sigmoid", rate=0.5)
    assert held.numbers()["lagrange.limit_speed"] == 0.1
    moved = held.with_numbers({"lagrange.limit_speed": 0.4})
    assert moved.transform.limits == (("effort", "<=", 0.3), ("speed", ">=", 0.4))
    check_reward(held, batch(0), [gain, effort, speed])
    assert (gain | Lagrange(BOTH, LIMITS, over="episode")).scope == rs.Scope.EPISODE


def test_three_libraries():
    import jax
    import torch

    for kind in ("projected", "sigmoid", "softmax"):
        held = gain | Lagrange(BOTH, LIMITS, kind, rate=0.5)
        one = batch(1)
        state = held.init(one)
        on_torch, torch_state = held.apply({k: torch.as_tensor(v) for k, v in one.items()}, state)
        total, after = held.apply(one, state)
        np.testing.assert_allclose(on_torch.numpy(), total)
        np.testing.assert_allclose([float(m) for m in torch_state[1].multipliers], after[1].multipliers)
        with jax.enable_x64():
            on_jax, jax_state = jax.jit(held.apply)(one, state)
        np.testing.assert_allclose(np.asarray(on_jax), total)
        np.testing.assert_allclose([float(m) for m in jax_state[1].multipliers], after[1].multipliers)


@pytest.mark.parametrize(
    "limits",
    [
        (),
        (("effort", "<", 0.1),),
        (("effort", "<=", math.inf),),
        (("effort", "<=", 0.1), ("effort", ">=", 0.0)),
    ],
)
def test_bad_limits(limits):
    with pytest.raises(BadInput, match="Lagrange limit"):
        Lagrange(effort, limits)
