"""Patrol against a walk that is counted step by step."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.tasks.patrol import factor_rates, patrol, weighted_policy


def test_rates_are_those_of_many_walks() -> None:
    mdp, factors = patrol(3)
    policy = weighted_policy(mdp, factors, {"safe": 10.0, "progress": 1.0})
    rng, count, total = np.random.default_rng(0), 4000, dict.fromkeys(factors, 0.0)
    state = rng.choice(mdp.states, count, p=mdp.initial)
    for t in range(120):
        edges = mdp.transition[state, policy[state]].cumsum(-1)
        after = np.minimum((edges <= rng.random((count, 1))).sum(-1), mdp.states - 1)
        for name, table in factors.items():
            total[name] += 0.05 * 0.95**t * table[state, policy[state], after].mean()
        state = after
    rates = factor_rates(mdp, factors, policy)
    assert rates == pytest.approx(total, abs=0.01)
    assert rates["progress"] > 0.2


def test_the_goal_leads_back_and_a_weight_buys_what_it_weighs() -> None:
    for seed in range(5):
        mdp, factors = patrol(seed)
        assert mdp.transition.sum(-1) == pytest.approx(np.ones((36, 4)))
        (goal,) = np.flatnonzero((mdp.transition == mdp.initial).all((1, 2)))
        assert (factors["progress"][goal] == 0).all()
        assert {name: {*np.unique(table)} for name, table in factors.items()}["safe"] == {-1.0, 0.0}
        rates = [
            factor_rates(mdp, factors, weighted_policy(mdp, factors, {"progress": 1.0, name: 100.0}))
            for name in ("safe", "smooth")
        ]
        assert rates[0]["safe"] >= rates[1]["safe"]
        assert rates[1]["smooth"] >= rates[0]["smooth"]


def test_the_weighted_policy_is_the_best_of_all_on_a_small_mdp() -> None:
    mdp = tables.random_mdp(np.random.default_rng(0), 3, 2)
    factors = {name: np.random.default_rng(k).normal(size=(3, 2, 3)) for k, name in enumerate("ab", 1)}
    policy = weighted_policy(mdp, factors, {"a": 1.0, "b": -2.0})

    def worth(actions: np.ndarray) -> float:
        rates = factor_rates(mdp, factors, actions)
        return rates["a"] - 2 * rates["b"]

    every = [np.array([(number >> s) & 1 for s in range(3)]) for number in range(8)]
    assert worth(policy) == pytest.approx(max(worth(actions) for actions in every))
