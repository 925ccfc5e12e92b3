"""Tabular learners against exact solutions and slow loops."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core import mdp as m
from rewardsmith.core.errors import BadInput
from rewardsmith.design.explors import ExploRS, explors_step
from rewardsmith.optimize import tabular as t

CHAIN = m.chain(1, 4, discount=0.9, rewards=(0.1, 1.0))


def test_q_learning_reaches_the_optimum() -> None:
    settings = t.QLearning(episodes=200, epsilon=0.9)
    curves = t.q_learning(CHAIN, CHAIN.expected_reward[None], range(10), settings)
    best = float(CHAIN.initial @ m.value_iteration(CHAIN))
    assert curves.performance[0, :, -1] == pytest.approx(np.full(10, best))
    assert (curves.episodes_to(0.99 * best) < 200).all()
    assert (curves.episodes_to(2 * best) == 200).all()


def test_seeds_do_not_depend_on_their_company() -> None:
    rewards = np.stack([CHAIN.expected_reward, 2 * CHAIN.expected_reward])
    settings = t.QLearning(episodes=20)
    together = t.q_learning(CHAIN, rewards, [3, 4, 5], settings)
    alone = t.q_learning(CHAIN, rewards[1:], [4], settings)
    assert (together.performance[1, 1] == alone.performance[0, 0]).all()
    assert together.steps[1, 1] == alone.steps[0, 0]


def test_first_of_ties_walks_into_the_wall() -> None:
    # Action 0 first: without exploration it always ends on the left, where the small reward is.
    settings = t.QLearning(episodes=5, epsilon=0.0, random_ties=False)
    curves = t.q_learning(CHAIN, CHAIN.expected_reward[None], range(4), settings)
    assert (curves.steps == 5).all()


def test_reinforce_learns_an_easy_chain() -> None:
    easy = m.chain(2, 2, discount=0.9, rewards=(0.0, 1.0))
    settings = t.Reinforce(episodes=600, horizon=20, learning_rate=1.0, evaluate_every=600)
    curves = t.reinforce(easy, range(8), settings, ExploRS(bonus=(0.0,), rate=(0.0,)))
    assert curves.performance[0, :, 0] == pytest.approx(np.full(8, curves.performance[0, 0, 0]))
    assert (curves.performance[0, :, -1] > 0.8 * 0.9).all()


def recorded() -> t.Episodes:
    rng = np.random.default_rng(0)
    live = np.arange(6)[:, None] < np.array([4, 6])
    policy = rng.dirichlet(np.ones(2), (6, 2))
    numbers = (
        rng.integers(0, 3, (6, 2)),
        rng.integers(0, 2, (6, 2)),
        rng.normal(size=(6, 2)),
        rng.normal(size=(6, 2)),
    )
    return t.Episodes(*numbers, live=live, policy=policy)


def test_returns_and_gradient_are_the_slow_loops() -> None:
    episode, policy = recorded(), np.random.default_rng(1).dirichlet(np.ones(2), (2, 3))
    slow = np.zeros((2, 3, 2))
    for agent, length in enumerate((4, 6)):
        for now in range(length):
            gain = sum(0.9 ** (k - now) * episode.paid[k, agent] for k in range(now, length))
            s, a = episode.state[now, agent], episode.action[now, agent]
            slow[agent, s] += gain * (np.eye(2)[a] - policy[agent, s])
    assert t.policy_gradient(episode, policy, 0.9) == pytest.approx(slow)


def test_explors_step_is_the_slow_loop() -> None:
    episode, gap = recorded(), np.random.default_rng(2).normal(size=(6, 2))
    slow = np.zeros((2, 3, 2))
    for agent in range(2):
        for now in range(6):
            s, a, pi = episode.state[now, agent], episode.action[now, agent], episode.policy[now, agent]
            slow[agent, s] += pi[a] * gap[now, agent] * (np.eye(2)[a] - pi)
    assert explors_step(episode, gap, actions=2, states=3) == pytest.approx(slow)


def test_bonus_fades_with_visits_and_is_zero_at_the_end() -> None:
    online = ExploRS(bonus=(0.0, 2.0), rate=(0.0, 0.0), most=4.0)
    state = online.start(CHAIN, 1)
    here, there, live = np.array([1, 1]), np.array([2, 2]), np.array([True, True])
    extra, state = online.pay(state, here, here, there, live)
    assert extra == pytest.approx([0.0, 4.0])  # never left: the full B_max
    _, state = online.pay(state, there, here, here, live)
    extra, state = online.pay(state, here, here, there, live)
    assert extra == pytest.approx([0.0, 2 / np.sqrt(0.25 + 1)])
    extra, _ = online.pay(state, np.array([4, 4]), here, np.array([5, 5]), live)
    assert extra == pytest.approx([0.0, 0.0])


def test_refusals() -> None:
    with pytest.raises(BadInput, match="rewards"):
        t.q_learning(CHAIN, CHAIN.expected_reward, [0], t.QLearning())
    with pytest.raises(BadInput, match="variants"):
        ExploRS(bonus=(1.0,), rate=(0.1, 0.2))
    with pytest.raises(BadInput, match="most"):
        ExploRS(most=0.0)
