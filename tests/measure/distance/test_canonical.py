"""Canonical forms against closed forms, slow loops and the laws that define them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import CANONICAL, canonical, tabulate_everywhere
from rewardsmith.measure.distance.canonical import expected, shaping_matrix

INVARIANT = sorted(set(CANONICAL) - {"raw"})
STARC = ("value", "minimal")


def world(seed: int, states: int = 5, actions: int = 3, ends: int = 1) -> tables.TabularMDP:
    """A random MDP with terminal states and rewards that depend on the next state."""
    rng = np.random.default_rng(seed)
    free = tables.random_mdp(rng, states, actions, discount=float(rng.uniform(0.3, 0.97)), branching=2)
    terminal = np.arange(states) >= states - ends
    reward = rng.normal(size=(states, actions, states))
    return tables.TabularMDP(free.transition, reward, free.discount, free.initial, terminal)


worlds = st.builds(world, st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 3), st.integers(0, 1))


def rewards(mdp: tables.TabularMDP, seed: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *mdp.transition.shape))


def shaping(mdp: tables.TabularMDP, seed: int, size: float = 3.0) -> np.ndarray:
    """discount Phi(s') - Phi(s) at every (s, a, s'), also from terminal states, where Phi is 0."""
    phi = np.where(mdp.ends, 0.0, np.random.default_rng(seed).normal(scale=size, size=mdp.states))
    return np.broadcast_to(mdp.discount * phi[None, None, :] - phi[:, None, None], mdp.transition.shape)


def redistribution(mdp: tables.TabularMDP, seed: int) -> np.ndarray:
    """Moves reward between successors; the mean under the dynamics stays 0."""
    noise = 5 * rewards(mdp, seed)[0]
    return noise - (mdp.transition * noise).sum(-1, keepdims=True)


@settings(max_examples=30, deadline=None)
@given(worlds, st.integers(0, 10**6), st.sampled_from(sorted(CANONICAL)))
def test_every_form_is_linear_and_takes_batches(mdp, seed, name) -> None:
    form, (one, two) = CANONICAL[name], rewards(mdp, seed, 2)
    both = form(mdp, np.stack([one, two]))
    np.testing.assert_allclose(both[0], form(mdp, one), atol=1e-12)
    np.testing.assert_allclose(form(mdp, 2 * one - 3 * two), 2 * both[0] - 3 * both[1], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(worlds, st.integers(0, 10**6), st.sampled_from(INVARIANT))
def test_shaping_vanishes(mdp, seed, name) -> None:
    form = CANONICAL[name](mdp, shaping(mdp, seed))
    live = ~mdp.ends
    assert np.abs(form[live]).max() < 1e-10


@settings(max_examples=30, deadline=None)
@given(worlds, st.integers(0, 10**6), st.sampled_from(STARC))
def test_redistribution_vanishes_from_starc(mdp, seed, name) -> None:
    assert np.abs(CANONICAL[name](mdp, redistribution(mdp, seed))).max() < 1e-10


@pytest.mark.parametrize("name", sorted(set(INVARIANT) - set(STARC)))
def test_redistribution_stays_in_the_others(name) -> None:
    mdp = world(1)
    assert np.abs(CANONICAL[name](mdp, redistribution(mdp, 2))[:-1]).max() > 0.1


@settings(max_examples=30, deadline=None)
@given(worlds, st.integers(0, 10**6), st.sampled_from(STARC))
def test_a_form_differs_from_its_reward_by_shaping_only(mdp, seed, name) -> None:
    """So no information that orders policies is lost, and applying it twice changes nothing."""
    reward = rewards(mdp, seed)[0]
    form = CANONICAL[name](mdp, reward)
    live = ~mdp.ends
    change = (expected(mdp, reward) - form)[live].ravel()
    left = np.linalg.lstsq(shaping_matrix(mdp), change, rcond=None)[0]
    np.testing.assert_allclose(shaping_matrix(mdp) @ left, change, atol=1e-8)
    np.testing.assert_allclose(CANONICAL[name](mdp, form), form, atol=1e-9)
    assert np.abs(form[mdp.ends]).max(initial=0) == 0


def test_value_is_the_advantage_of_the_policy() -> None:
    mdp = world(3)
    uniform = np.full((5, 3), 1 / 3)
    np.testing.assert_allclose(canonical.value(mdp, mdp.reward), tables.advantages(mdp, uniform), atol=1e-12)
    policy = np.array([0, 1, 2, 1, 0])
    form = canonical.value(mdp, mdp.reward, policy)
    np.testing.assert_allclose(form, tables.advantages(mdp, policy), atol=1e-12)


def test_minimal_is_the_smallest_of_many_shapings() -> None:
    mdp, live = world(4), slice(0, 4)
    form, rng = canonical.minimal(mdp, mdp.reward), np.random.default_rng(0)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(50):
            phi = rng.normal(scale=size, size=5) * ~mdp.ends
            other = form + mdp.discount * mdp.transition @ phi - phi[:, None]
            assert np.linalg.norm(other[live]) > np.linalg.norm(form)


def slow_epic(mdp: tables.TabularMDP, R: np.ndarray, s: int, a: int, z: int) -> float:
    g, (S, A) = mdp.discount, (range(mdp.states), range(mdp.actions))
    share = 1 / (mdp.states * mdp.actions)
    total = R[s, a, z]
    for x in S:
        for b in A:
            total += share * (g * R[z, b, x] - R[s, b, x])
            total -= share / mdp.states * sum(g * R[y, b, x] for y in S)
    return total


def slow_dard(mdp: tables.TabularMDP, R: np.ndarray, s: int, a: int, z: int) -> float:
    g, P, S = mdp.discount, mdp.transition, range(mdp.states)
    total = R[s, a, z]
    for b in range(mdp.actions):
        for x in S:
            for y in S:
                weight = P[s, b, x] * P[z, b, y] / mdp.actions
                total += weight * (g * R[z, b, y] - R[s, b, x] - g * R[x, b, y])
    return total


def slow_srrd(mdp: tables.TabularMDP, R: np.ndarray, s: int, a: int, z: int) -> float:
    """Chains of states with their probabilities, and one action of each pair averaged by hand."""
    g, P, live = mdp.discount, mdp.transition, np.flatnonzero(~mdp.ends)
    pairs = [(b, y) for b in range(mdp.actions) for y in range(mdp.states)]

    def step(x: int) -> list[tuple[float, int, int]]:
        return [(P[x, b, y] / mdp.actions, b, y) for b, y in pairs]

    def alive(x: int) -> list[tuple[float, int, int]]:
        kept = [(w, b, y) for w, b, y in step(x) if not mdp.ends[y]]
        mass = sum(w for w, _, _ in kept)
        return [(w / mass, b, y) for w, b, y in kept] if mass > 0 else step(x)

    def off(x: int, y: int) -> float:
        return float(np.mean([R[x, b, y] for b in range(mdp.actions)]))

    total = R[s, a, z]
    for w1, b1, s1 in step(z):
        total += g * w1 * R[z, b1, s1]
        for w5, b5, s5 in step(s1):
            total += g**2 * w1 * w5 * R[s1, b5, s5]
            for s3 in live:
                total -= sum(g**2 * w1 * w5 * w4 / len(live) * off(s4, s5) for w4, _, s4 in step(s3))
    for w2, b2, s2 in alive(s):
        total -= w2 * R[s, b2, s2]
        for w6, b6, s6 in step(s2):
            total -= g * w2 * w6 * R[s2, b6, s6]
            total += sum(g * w2 * w6 / len(live) * off(s3, s6) for s3 in live)
    for s3 in live:
        total -= sum(g * w4 / len(live) * R[s3, b4, s4] for w4, b4, s4 in step(s3))
    return total


@pytest.mark.parametrize(("name", "slow"), [("epic", slow_epic), ("dard", slow_dard), ("srrd", slow_srrd)])
@pytest.mark.parametrize("ends", [0, 1])
def test_forms_with_means_against_slow_loops(name, slow, ends) -> None:
    mdp = world(5, states=3, actions=2, ends=ends)
    table = rewards(mdp, 6)[0]
    form = CANONICAL[name](mdp, table)
    for s, a, z in np.ndindex(form.shape):
        assert form[s, a, z] == pytest.approx(slow(mdp, table, s, a, z), abs=1e-12)


def test_terminal_rows_of_zero_break_the_invariance_of_epic_but_not_of_starc() -> None:
    """A table with nothing at terminal states is all that an MDP keeps; EPIC would need more."""
    mdp = world(7)
    known = np.where(mdp.ends[:, None, None], 0.0, shaping(mdp, 8))
    assert np.abs(canonical.epic(mdp, known)[:-1]).max() > 0.1
    assert np.abs(canonical.value(mdp, known)).max() < 1e-12
    assert np.abs(canonical.minimal(mdp, known)).max() < 1e-12


def test_unknown_rewards_of_impossible_transitions() -> None:
    mdp = world(9)
    table = np.where(mdp.transition > 0, rewards(mdp, 1)[0], np.nan)
    for name in ("value", "minimal", "value-potential"):
        assert np.isfinite(CANONICAL[name](mdp, table)).all()
    with pytest.raises(BadInput, match="cannot happen"):
        canonical.epic(mdp, table)


@pytest.mark.parametrize("bad", [np.zeros((4, 3)), np.full((5, 3), np.nan), np.full((5, 3, 5), np.inf)])
def test_bad_tables_are_refused(bad) -> None:
    with pytest.raises(BadInput, match="reward"):
        canonical.value(world(0), bad)


def test_a_reward_on_every_transition() -> None:
    """What can happen is as tabulated; the rest is the expression itself."""
    x = np.array([0.0, 1.0, 3.0, 7.0, 2.0])

    @rs.term
    def gain(position, next_position, action):
        return next_position - position + 0.1 * action

    mdp = world(10)
    full = tabulate_everywhere(gain, mdp, {"position": x})
    wanted = x[None, None, :] - x[:, None, None] + 0.1 * np.arange(3)[None, :, None]
    np.testing.assert_allclose(full, wanted)
    known = tables.tabulate(gain, mdp, {"position": x})[:-1]
    np.testing.assert_allclose(full[:-1][~np.isnan(known)], known[~np.isnan(known)])
    assert np.isfinite(canonical.epic(mdp, full)).all()
    ends = tabulate_everywhere(rs.term(terminated_reward), mdp)
    np.testing.assert_allclose(ends, np.broadcast_to(mdp.ends, ends.shape))


def terminated_reward(terminated):
    return 1.0 * terminated


def test_an_mdp_of_terminal_states_only() -> None:
    mdp = tables.TabularMDP(np.ones((1, 2, 1)), np.zeros((1, 2)), 0.9, np.ones(1), np.array([True]))
    for name in CANONICAL:
        assert np.abs(CANONICAL[name](mdp, np.zeros((1, 2)))).max() == 0
