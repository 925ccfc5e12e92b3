"""Laws of the exact distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import KINDS, Kind, canonical_form, distance, normalised

NORMS = (1.0, 2.0, 3.0, np.inf)
kinds = st.sampled_from(sorted(KINDS))
starc = st.sampled_from(["starc", "starc-minimal"])
norms = st.sampled_from(NORMS)
seeds = st.integers(0, 10**6)


def world(seed: int, ends: int = 1) -> tables.TabularMDP:
    rng = np.random.default_rng(seed)
    states, actions = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    free = tables.random_mdp(rng, states, actions, discount=float(rng.uniform(0.3, 0.97)), branching=2)
    terminal = np.arange(states) >= states - ends
    return tables.TabularMDP(free.transition, free.reward, free.discount, free.initial, terminal)


def rewards(mdp: tables.TabularMDP, seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *mdp.transition.shape))


def shaping(mdp: tables.TabularMDP, seed: int) -> np.ndarray:
    phi = np.where(mdp.ends, 0.0, np.random.default_rng(seed).normal(scale=3, size=mdp.states))
    return mdp.discount * phi[None, None, :] - phi[:, None, None]


def redistribution(mdp: tables.TabularMDP, seed: int) -> np.ndarray:
    noise = 3 * rewards(mdp, seed, 1)[0]
    return noise - (mdp.transition * noise).sum(-1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(seeds, kinds, norms)
def test_scale_and_shaping_are_nothing_and_opposites_are_one(seed, kind, norm) -> None:
    mdp = world(seed)
    (reward,) = rewards(mdp, seed, 1)
    same = 0.3 * reward if kind == "raw" else 0.3 * reward + shaping(mdp, seed + 1)
    assert float(distance(mdp, reward, same, kind, norm)) < 1e-9
    opposite = -7 * reward if kind == "raw" else -7 * reward + shaping(mdp, seed + 2)
    assert float(distance(mdp, reward, opposite, kind, norm)) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seeds, starc, norms)
def test_redistribution_is_nothing_to_starc(seed, kind, norm) -> None:
    mdp = world(seed)
    (reward,) = rewards(mdp, seed, 1)
    assert float(distance(mdp, reward, reward + redistribution(mdp, seed + 1), kind, norm)) < 1e-9


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"starc", "starc-minimal"}))
def test_redistribution_is_something_to_all_others(kind) -> None:
    """A known defect of EPIC and DARD: rewards that no policy can tell apart are far from each other."""
    found = []
    for seed in range(5):
        mdp = world(seed)
        (reward,) = rewards(mdp, seed, 1)
        moved = reward + redistribution(mdp, seed + 1)
        assert tables.invariance_violation(mdp.with_reward(reward), moved) < 1e-9
        found.append(float(distance(mdp, reward, moved, kind)))
    assert np.mean(found) > 0.2


@settings(max_examples=60, deadline=None)
@given(seeds, kinds, norms)
def test_it_is_a_pseudometric(seed, kind, norm) -> None:
    mdp = world(seed)
    a, b, c = rewards(mdp, seed, 3)
    ab, bc, ac = (float(distance(mdp, x, y, kind, norm)) for x, y in ((a, b), (b, c), (a, c)))
    assert ac <= ab + bc + 1e-9
    assert ab == pytest.approx(float(distance(mdp, b, a, kind, norm)), abs=1e-12)
    assert 0 <= min(ab, bc, ac) <= max(ab, bc, ac) <= 1


@settings(max_examples=30, deadline=None)
@given(seeds, kinds, norms)
def test_batch_is_loop(seed, kind, norm) -> None:
    mdp = world(seed)
    first, second = rewards(mdp, seed, 4), rewards(mdp, seed + 1, 4)
    many = distance(mdp, first, second, kind, norm)
    loop = [float(distance(mdp, a, b, kind, norm)) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(many.value, loop, atol=1e-12)
    matrix = distance(mdp, first[:, None], second[None, :], kind, norm)
    np.testing.assert_allclose(np.diag(matrix.value), loop, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, starc)
def test_zero_means_that_all_policies_are_ordered_alike(seed, kind) -> None:
    """And a distance above 0 means that some two policies are not: found among all deterministic ones."""
    mdp = world(seed, ends=0)
    one, two = rewards(mdp, seed, 2)
    mixed = one + 0.5 * two
    policies = np.stack(np.meshgrid(*[np.arange(mdp.actions)] * mdp.states), -1).reshape(-1, mdp.states)

    def returns(reward: np.ndarray) -> np.ndarray:
        values = [tables.performance(mdp.with_reward(reward), policy) for policy in policies]
        return np.array(values)

    equal = 2 * one + shaping(mdp, seed) + redistribution(mdp, seed)
    assert (np.argsort(returns(one)) == np.argsort(returns(equal))).all()
    rho = np.corrcoef(returns(one), returns(mixed))[0, 1]
    assert (float(distance(mdp, one, mixed, kind)) > 1e-9) == (rho < 1 - 1e-12)


def test_pearson_form_against_numpy() -> None:
    mdp = world(3, ends=0)
    one, two = rewards(mdp, 3, 2)
    forms = [canonical_form(mdp, each, "epic").ravel() for each in (one, two)]
    rho = np.corrcoef(*forms)[0, 1]
    assert float(distance(mdp, one, two, "epic")) == pytest.approx(np.sqrt((1 - rho) / 2), abs=1e-12)
    weights = mdp.transition.ravel() / mdp.transition.sum()
    forms = [canonical_form(mdp, each, "dard").ravel() for each in (one, two)]
    cov = np.cov(np.stack(forms), aweights=weights)
    rho = cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1])
    assert float(distance(mdp, one, two, "dard")) == pytest.approx(np.sqrt((1 - rho) / 2), abs=1e-12)


def test_l2_starc_against_numpy() -> None:
    mdp = world(4)
    one, two = rewards(mdp, 4, 2)
    forms = [canonical_form(mdp, each) for each in (one, two)]
    for norm in NORMS:
        units = [form / np.linalg.norm(form.ravel(), norm) for form in forms]
        wanted = 0.5 * np.linalg.norm((units[0] - units[1]).ravel(), norm)
        assert float(distance(mdp, one, two, "starc", norm)) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"raw"}))
def test_trivial_rewards_are_flagged(kind) -> None:
    mdp = world(5)
    (reward,) = rewards(mdp, 5, 1)
    nothing = np.stack([0 * reward, shaping(mdp, 6) + 0 * reward])
    both = distance(mdp, nothing[0], nothing[1], kind)
    assert float(both) == 0
    assert both.degenerate
    assert "trivial" in str(both)
    for trivial in nothing:
        one = distance(mdp, reward, trivial, kind)
        assert float(one) == pytest.approx(0.5)
        assert one.degenerate
    assert not distance(mdp, reward, -reward, kind).degenerate
    unit, flag = normalised(mdp, nothing, kind)
    assert flag.all()
    assert (unit == 0).all()


def test_an_mdp_carries_its_reward_if_its_dynamics_are_the_same() -> None:
    mdp = world(6)
    one, two = rewards(mdp, 6, 2)
    carried = distance(mdp, mdp.with_reward(one), mdp.with_reward(two))
    assert float(carried) == pytest.approx(float(distance(mdp, one, two)), abs=1e-12)
    others = (
        tables.TabularMDP(mdp.transition, mdp.reward, 0.5, mdp.initial, mdp.ends),
        tables.TabularMDP(mdp.transition, mdp.reward, mdp.discount, np.eye(mdp.states)[0], mdp.ends),
        tables.TabularMDP(mdp.transition[:, ::-1], mdp.reward, mdp.discount, mdp.initial, mdp.ends),
        tables.chain(3, 4),
    )
    for other in others:
        with pytest.raises(BadInput, match="dynamics"):
            distance(mdp, one, other)


def test_bad_arguments() -> None:
    mdp = world(7)
    with pytest.raises(BadInput, match="starc"):
        distance(mdp, mdp.reward, mdp.reward, "stark")
    with pytest.raises(BadInput, match="canonical form"):
        distance(mdp, mdp.reward, mdp.reward, Kind("nothing"))
    for norm in (0.5, -1, float("nan")):
        with pytest.raises(BadInput, match="norm"):
            distance(mdp, mdp.reward, mdp.reward, norm=norm)


def test_own_kinds() -> None:
    mdp = world(8)
    one, two = rewards(mdp, 8, 2)
    centred = distance(mdp, one, two, Kind("value", centred=True))
    assert centred.kind == "value"
    assert 0 < float(centred) < 1
