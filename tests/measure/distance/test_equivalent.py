from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.measure.distance import distance, equivalent_reward, mixtures, random_reward, worst_regret


def world(seed: int) -> tables.TabularMDP:
    rng = np.random.default_rng(seed)
    free = tables.random_mdp(rng, 5, 2, 0.9, branching=3)
    return tables.TabularMDP(free.transition, free.reward, 0.9, free.initial, np.arange(5) >= 5 - seed % 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_no_policy_tells_them_apart(seed) -> None:
    """Judged by the optimal policies of each, and by the worst pair, not by a distance."""
    mdp, rng = world(seed), np.random.default_rng(seed)
    other = equivalent_reward(mdp, mdp.reward, rng, shaping=3, redistribution=3, scale=0.2)
    assert tables.invariance_violation(mdp, other) < 1e-8
    assert tables.invariance_violation(mdp.with_reward(other), mdp.reward) < 1e-8
    assert worst_regret(mdp, mdp.reward, other).value < 1e-7


def test_each_part_is_there() -> None:
    mdp, rng = world(1), np.random.default_rng(0)
    table = rng.normal(size=(7, *mdp.transition.shape))
    shaped = equivalent_reward(mdp, table, rng, shaping=1, redistribution=0)
    moved = equivalent_reward(mdp, table, rng, shaping=0, redistribution=1)
    np.testing.assert_allclose(equivalent_reward(mdp, table, rng, 0, 0, 2.0), 2 * table)
    # shaping depends on (s, s') only and is 0 at terminal states; moving leaves the mean
    assert np.ptp(shaped - table, axis=-2).max() < 1e-12
    assert np.abs((shaped - table)[:, -1, :, -1]).max() < 1e-12
    np.testing.assert_allclose((mdp.transition * (moved - table)).sum(-1), 0, atol=1e-12)
    assert np.abs(moved - table).mean() > 0.3
    assert len({round(float(each), 9) for each in (shaped - table)[:, 0, 0, 1]}) == 7


def test_mixtures_go_from_one_to_the_other() -> None:
    mdp = world(0)
    one, two = np.random.default_rng(1).normal(size=(2, *mdp.transition.shape))
    far = distance(mdp, one, mixtures(one, two, np.linspace(0, 1, 5))).value
    assert far[0] < 1e-12
    assert (np.diff(far) > 0).all()
    assert far[-1] == pytest.approx(float(distance(mdp, one, two)))


def test_bad_input() -> None:
    mdp, rng = world(0), np.random.default_rng(0)
    with pytest.raises(BadInput, match="scale"):
        equivalent_reward(mdp, mdp.reward, rng, scale=-1)
    with pytest.raises(BadInput, match="reward"):
        equivalent_reward(mdp, np.zeros((3, 3)), rng)
    with pytest.raises(BadInput, match="one shape"):
        mixtures(np.zeros(2), np.zeros(3), [0.5])


def test_random_rewards_are_of_many_kinds() -> None:
    mdp = world(2)
    drawn = [random_reward(mdp, np.random.default_rng(seed)) for seed in range(200)]
    zeros = np.array([(each == 0).mean() for each in drawn])
    assert 0.02 < (zeros > 0.5).mean() < 0.15  # sparse, neither raised nor shaped: 7 %
    assert all(
        (each == 0).sum() == each.size - 5 for each, share in zip(drawn, zeros, strict=True) if share > 0.5
    )
    sizes = [each.std() for each in drawn]
    assert min(sizes) < 0.5 < 10 < max(sizes)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_without_redistribution_it_is_the_same_reward(seed) -> None:
    mdp = world(seed)
    one, two = (random_reward(mdp, np.random.default_rng(seed), moved) for moved in (True, False))
    assert float(distance(mdp, one, two)) < 1e-8
    np.testing.assert_allclose((mdp.transition * (one - two)).sum(-1)[~mdp.ends], 0, atol=1e-9)
