"""Gaps, cliffs and stability against brute force on small MDPs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.core.mdp import evaluate_policy, q_values, random_mdp
from rewardsmith.core.soft import soft_policy
from rewardsmith.measure.cliff import action_gap, cliff_report, stability_constant


@pytest.mark.parametrize("seed", range(10))
def test_gaps_by_a_loop(seed: int) -> None:
    q = np.random.default_rng(seed).integers(0, 4, (5, 3)).astype(float)
    slow = [sorted(row)[-1] - sorted(row)[-2] for row in q.tolist()]
    np.testing.assert_allclose(action_gap(q), slow)


def test_one_action_has_no_rival() -> None:
    assert action_gap(np.zeros((2, 1))).tolist() == [math.inf, math.inf]
    with pytest.raises(BadInput, match="action values"):
        action_gap(np.array([[np.nan, 1.0]]))


@pytest.mark.parametrize("seed", range(20))
def test_only_reported_states_flip(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, 6, 3, 0.8)
    change = float(np.sort(action_gap(q_values(mdp)))[2]) * (1 - mdp.discount) / 2
    report = {cliff.state: cliff for cliff in cliff_report(mdp, change)}
    assert 1 <= len(report) <= 6
    before = q_values(mdp).argmax(1)
    for _ in range(50):
        other = mdp.with_reward(mdp.reward + change * rng.choice([-1.0, 1.0], mdp.reward.shape))
        after = q_values(other).argmax(1)
        for state in np.flatnonzero(before != after):
            assert int(after[state]) in report[int(state)].actions


@pytest.mark.parametrize("seed", range(5))
def test_losses_by_evaluating_every_swap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng, 4, 3, 0.7)
    true = rng.normal(size=(4, 3))
    report = cliff_report(mdp, 10.0, true)  # everything may happen
    assert [cliff.loss for cliff in report] == sorted((cliff.loss for cliff in report), reverse=True)
    policy, wanted = q_values(mdp).argmax(1), mdp.with_reward(true)
    for cliff in report:
        assert cliff.actions[0] == policy[cliff.state]
        assert sorted(cliff.actions) == [0, 1, 2]
        worst = []
        for action in range(3):
            swapped = policy.copy()
            swapped[cliff.state] = action
            gained = (
                evaluate_policy(wanted, swapped)[cliff.state] - evaluate_policy(wanted, policy)[cliff.state]
            )
            worst.append(-gained)
        assert cliff.loss == pytest.approx(max(worst))


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_the_constant_bounds_and_is_nearly_reached(temperature: float, discount: float) -> None:
    constant, worst = stability_constant(temperature, discount), 0.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        mdp = random_mdp(rng, 5, 2, discount, branching=1)
        reward = np.array(mdp.reward)
        reward[:, 1] = reward[:, 0]
        change = 1e-4 * np.array([[1.0, -1.0]] * 5)
        old, new = soft_policy(mdp, reward, temperature), soft_policy(mdp, reward + change, temperature)
        worst = max(worst, float(np.abs(old - new).sum(1).max()) / 1e-4 / constant)
    assert worst <= 1.0
    if discount == 0.0:
        assert worst > 0.99  # softmax at a tie: the bound is sharp
    assert stability_constant(0.0) == math.inf
    with pytest.raises(BadInput, match="temperature"):
        stability_constant(-1.0)
