"""The certificate is never violated, not even by the worst pair of policies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import (
    canonical_form,
    certificate,
    distance,
    exact_regret,
    regret_bounds,
    worst_regret,
)

seeds = st.integers(0, 10**6)
kinds = st.sampled_from(["starc", "starc-minimal"])


def world(seed: int) -> tables.TabularMDP:
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(1, 6)), int(rng.integers(2, 4))
    free = tables.random_mdp(rng, states, actions, float(rng.uniform(0, 0.95)), min(2, states))
    terminal = rng.random(states) < 0.2
    return tables.TabularMDP(free.transition, free.reward, free.discount, free.initial, terminal)


def pair(mdp: tables.TabularMDP, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rewards between equal and unrelated."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, *mdp.transition.shape))
    return one, (1 + seed % 3) * one + rng.choice([0.0, 0.01, 0.3, 3.0]) * other


@settings(max_examples=150, deadline=None)
@given(seeds, kinds)
def test_no_pair_of_policies_exceeds_any_bound(seed, kind) -> None:
    mdp = world(seed)
    true, proxy = pair(mdp, seed)
    lost, bound = worst_regret(mdp, true, proxy), certificate(mdp, true, proxy, kind)
    slack = 1e-7 * (1 + abs(lost.best))
    for each in (bound.l2, bound.largest, bound.scaled, bound.value):
        assert lost.value <= each + slack
    assert exact_regret(mdp, true, proxy).value <= bound.value + slack
    assert bound.scaled <= bound.l2 + 1e-9
    assert bound.range == pytest.approx(lost.best - lost.worst, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(seeds, kinds)
def test_the_bounds_are_made_of_the_distances(seed, kind) -> None:
    mdp = world(seed)
    true, proxy = pair(mdp, seed)
    form, reach = canonical_form(mdp, true, kind), 1 / (1 - mdp.discount)
    bound = certificate(mdp, true, proxy, kind)
    two, top = (float(distance(mdp, true, proxy, kind, norm)) for norm in (2, np.inf))
    assert bound.l2 == pytest.approx(np.linalg.norm(form) * 2 * two * np.sqrt(2) * reach, abs=1e-8)
    assert bound.largest == pytest.approx(np.abs(form).max() * 2 * top * 2 * reach, abs=1e-8)


def test_batch_is_loop() -> None:
    mdp = world(3)
    pairs = [pair(mdp, seed) for seed in range(4)]
    many = certificate(mdp, np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs]))
    loop = [certificate(mdp, *each) for each in pairs]
    for name in ("l2", "largest", "scaled", "range", "value", "share"):
        np.testing.assert_allclose(getattr(many, name), [getattr(each, name) for each in loop], atol=1e-10)
    one = certificate(mdp, pairs[0][0], np.stack([p[1] for p in pairs]))
    assert one.share[2] == pytest.approx(certificate(mdp, pairs[0][0], pairs[2][1]).share)


def test_ends_of_the_scale() -> None:
    mdp = tables.chain(2, 3)
    same = certificate(mdp, mdp.reward, 5 * mdp.reward)
    assert same.value == pytest.approx(0, abs=1e-12)
    assert same.share == pytest.approx(0, abs=1e-12)
    assert certificate(mdp, mdp.reward, -mdp.reward).share == 1.0
    assert certificate(mdp, mdp.reward, 0 * mdp.reward).share == 1.0
    assert np.isnan(certificate(mdp, 0 * mdp.reward, mdp.reward).share)


def test_bad_input() -> None:
    mdp = tables.chain(2, 3)
    with pytest.raises(BadInput, match="bound no regret"):
        certificate(mdp, mdp.reward, mdp.reward, "epic")
    with pytest.raises(BadInput, match="same states"):
        regret_bounds(np.zeros((3, 2)), np.zeros((2, 2)), 0.9)
