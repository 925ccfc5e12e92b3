"""Double Q-learning against value iteration, hand-made numbers and finite differences."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rewardsmith.core import mdp as tables
from rewardsmith.core.grid import FOUR_ROOMS, gridworld
from rewardsmith.optimize.control.networks import Networks
from rewardsmith.optimize.replay.learner import Agents, Rates, Rows, double_q_target, one_update, q_loss, study
from rewardsmith.tasks import Discrete

NETS = Networks(3, Discrete(2), (4,))


def rows(count: int = 6) -> Rows:
    rng = np.random.default_rng(0)
    reward = rng.normal(size=count).astype(np.float32)
    reward[1] = np.nan
    obs, after = rng.normal(size=(2, count, 3)).astype(np.float32)
    return Rows(obs, rng.integers(2, size=count), after, np.arange(count) % 3 == 0, reward)


def params(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=NETS.size).astype(np.float32)


def test_the_target_is_double_q() -> None:
    online, target = jnp.asarray([[1.0, 2.0], [3.0, 0.0]]), jnp.asarray([[5.0, 7.0], [9.0, 11.0]])
    found = double_q_target(online, target, jnp.asarray([0.5, 1.0]), jnp.asarray([False, False]), 0.5)
    assert found.tolist() == [0.5 + 3.5, 1.0 + 4.5]
    ended = double_q_target(online, target, jnp.asarray([0.5, 1.0]), jnp.asarray([True, True]), 0.5)
    assert ended.tolist() == [0.5, 1.0]


def test_the_loss_by_a_slow_loop() -> None:
    own, old, anchor, batch = params(0), params(1), params(2), rows()
    arrays, olds = NETS.unpack(own), NETS.unpack(old)
    total, known = 0.0, 0
    for i in range(6):
        if np.isnan(batch.reward[i]):
            continue
        best = int(np.argmax(NETS.actor(arrays, batch.next_obs[i])))
        future = 0.0 if batch.terminated[i] else float(NETS.actor(olds, batch.next_obs[i])[best])
        q = float(NETS.actor(arrays, batch.obs[i])[batch.action[i]])
        total, known = total + 0.5 * (q - batch.reward[i] - 0.9 * future) ** 2, known + 1
    wanted = total / known + 0.3 * float(np.sum((own - anchor) ** 2))
    assert float(q_loss(NETS, own, old, batch, 0.9, anchor, 0.3)) == pytest.approx(wanted, rel=1e-5)


def test_gradients_by_finite_differences() -> None:
    """The target is held: differences are taken of the prediction alone."""
    with jax.enable_x64():
        own, old, anchor = (params(seed).astype(np.float64) for seed in range(3))
        batch = Rows(*(np.asarray(a, np.float64) if a.dtype == np.float32 else a for a in rows()))
        loss = partial(q_loss, NETS, target=old, rows=batch, discount=0.0, anchor=anchor, pull=0.3)
        slope = np.asarray(jax.jit(jax.grad(lambda p: loss(params=p)))(own))
        cost = jax.jit(lambda p: loss(params=p))
        for i in range(0, NETS.size, 5):
            step = np.zeros(NETS.size)
            step[i] = 1e-6
            numeric = (cost(own + step) - cost(own - step)) / 2e-6
            assert float(slope[i]) == pytest.approx(float(numeric), rel=1e-5, abs=1e-8)


def test_members_do_not_mix_and_are_pulled_to_their_anchors() -> None:
    both = np.stack([params(0), params(1)])
    none, count = np.zeros_like(both), np.zeros(2, np.int32)
    rates, batch = Rates(0.01, 10.0, 0.5, 0.9), Rows(*(np.stack([a, a]) for a in rows()))
    free = Agents(both, both, none, none, count, np.arange(2), np.zeros(2, np.float32))
    pulled = free._replace(anchor=np.zeros(2, int), pull=np.asarray([0.0, 1000.0], np.float32))
    update = jax.jit(partial(one_update, NETS))
    first, second = (update(rates, agents, batch) for agents in (free, pulled))
    np.testing.assert_allclose(first.params[0], second.params[0], rtol=1e-6)
    gap = np.linalg.norm(second.params[1] - both[0])
    assert gap < np.linalg.norm(first.params[1] - both[0])
    np.testing.assert_allclose(first.target, 0.5 * both + 0.5 * np.asarray(first.params), rtol=1e-6)


def test_values_converge_to_value_iteration() -> None:
    """A network without hidden layers on one column per cell is a table; every transition is stored once."""
    mdp, nets = gridworld(FOUR_ROOMS, discount=0.8), Networks(40, Discrete(4), ())
    wanted = mdp.expected_reward + mdp.discount * mdp.transition @ tables.value_iteration(mdp)
    cell, action = np.repeat(np.arange(40), 4), np.tile(np.arange(4), 40)
    after = np.argmax(mdp.transition[cell, action], axis=-1)
    see = np.eye(40, dtype=np.float32)
    stored = Rows(see[cell], action, see[after], after == 39, (after == 39).astype(np.float32))
    stored = Rows(*(array[None] for array in stored))
    start = nets.initial(np.random.default_rng(0))[None]
    none = np.zeros(1, np.float32)
    agents = Agents(start, start, 0 * start, 0 * start, np.zeros(1, np.int32), np.zeros(1, int), none)
    for rate, polyak in ((0.03, 0.2), (0.003, 0.2)):
        keys = jax.random.split(jax.random.key(int(1000 * rate)), 1)
        agents = study(nets, 160, 1000, Rates(rate, 10.0, polyak, 0.8), agents, stored, np.int32(160), keys)
    weights, bias = (np.asarray(array) for array in nets.unpack(agents.params[0])[:2])
    np.testing.assert_allclose((weights + bias)[:39], wanted[:39], atol=0.01)
