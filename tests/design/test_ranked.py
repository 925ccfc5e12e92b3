"""Policies from rankings: a bandit whose answer is known, a walk against exact tables, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.errors import BadInput
from rewardsmith.design.ranked import RankedFactors, learn_ranked, walk
from rewardsmith.feedback import Hierarchy, Undecided

# One state, four actions; ranked by safety, then speed, then thrift: 2 > 1 > 0 > 3.
SAFE, SPEED, THRIFT = (1.0, 1.0, 1.0, 0.0), (0.0, 1.0, 1.0, 9.0), (9.0, 0.0, 1.0, 9.0)
ARMS = tables.TabularMDP(np.ones((1, 4, 1)), np.zeros((1, 4)), 0.9, np.ones(1))
CONFIG = RankedFactors(Hierarchy(("safe", "speed", "thrift"), 0.0), rounds=2, steps=300, pairs=1000)


def factors(**changed: np.ndarray) -> dict[str, np.ndarray]:
    found = {"safe": np.array(SAFE), "speed": np.array(SPEED), "thrift": np.array(THRIFT)} | changed
    return {name: values.reshape(1, 4, 1) for name, values in found.items()}


def test_the_reward_orders_actions_as_the_ranking_does() -> None:
    found = learn_ranked(ARMS, factors(), CONFIG, 0)
    assert found.reward[0].argsort()[::-1].tolist() == [2, 1, 0, 3]
    assert found.policy.tolist() == [2]
    assert (found.levels[:, :3] > 0).all()
    assert (found.levels.sum(1) == 1000).all()


def test_a_scale_changes_nothing_and_the_mdps_reward_is_not_read() -> None:
    plain = learn_ranked(ARMS, factors(), CONFIG, 0)
    moved = learn_ranked(ARMS, factors(thrift=100 * np.array(THRIFT) + 17), CONFIG, 0)
    other = learn_ranked(ARMS.with_reward(np.array([[9.0, 0.0, 0.0, 9.0]])), factors(), CONFIG, 0)
    np.testing.assert_array_equal(plain.reward, moved.reward)
    np.testing.assert_array_equal(plain.reward, other.reward)


def test_the_walk_follows_the_tables_and_starts_again_at_the_end() -> None:
    mdp = tables.chain(2, 2, slip=0.25)
    policy = np.tile([0.3, 0.7], (mdp.states, 1))
    rows = walk(mdp, policy, 20_000, 0.2, np.random.default_rng(0))
    right = np.mean(rows[:, 1] == 1)
    assert right == pytest.approx(0.8 * 0.7 + 0.1, abs=0.011)  # 3 s.e.
    middle = rows[(rows[:, 0] == 2) & (rows[:, 1] == 1)]
    assert np.mean(middle[:, 2] == 3) == pytest.approx(0.75, abs=0.02)
    ended = mdp.ends[rows[:-1, 2]]
    assert ended.any()
    np.testing.assert_array_equal(rows[1:, 0], np.where(ended, 2, rows[:-1, 2]))


def test_refusals() -> None:
    with pytest.raises(Undecided, match="1000 pairs"):
        learn_ranked(ARMS, factors(), replace(CONFIG, hierarchy=Hierarchy(("safe",), 9.0)), 0)
    with pytest.raises(BadInput, match="factor 'speed'"):
        learn_ranked(ARMS, {"safe": factors()["safe"]}, CONFIG, 0)
    with pytest.raises(BadInput, match="explore"):
        replace(CONFIG, explore=0.0)
