"""Shared replay: one buffer for all, relabelled, resumed exactly; who acts; scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, ScopeError
from rewardsmith.core.term import term
from rewardsmith.optimize.control import evaluate
from rewardsmith.optimize.replay import ReplayConfig, Scaling, SharedReplay, Window, match_scale
from rewardsmith.optimize.replay.store import Store
from rewardsmith.tasks.control.four_rooms import closer, four_rooms
from rewardsmith.tasks.envs import ArrayEnv, Grid
from rewardsmith.transforms import Delay

QUICK = ReplayConfig(hidden=(8,), rollout=16, envs=4, updates=4, batch=16, explore_steps=200)


@term
def corner(next_row, next_column):
    return (next_row < 0.5) * 1.0 * (next_column > 5.5)


@term
def endless(next_row):
    return np.where(next_row > 0.5, np.inf, 0.0)


REWARDS = (four_rooms.native, closer, corner)


def same(a: SharedReplay, b: SharedReplay) -> bool:
    left, right = a.arrays(), b.arrays()
    pairs = [(left[name], right[name]) for name in left]
    return left.keys() == right.keys() and all(x.tobytes() == y.tobytes() for x, y in pairs)


@pytest.fixture(scope="module")
def found() -> SharedReplay:
    return SharedReplay.start(four_rooms, REWARDS, [1, 2], QUICK).advance(3 * QUICK.round)


def test_one_window_for_successes_and_failures() -> None:
    """With W = 20 and p = 0.9 the posterior mean stays near 19/22; two windows would drift to 1/2."""
    means = []
    for seed in range(20):
        window, rng = Window.empty(1, 20), np.random.default_rng(seed)
        for _ in range(200):
            window = window.with_outcome(0, bool(rng.random() < 0.9))
        first, second = window.posterior
        assert first + second == 22
        means.append(float(window.mean[0]))
    assert np.mean(means) == pytest.approx(19 / 22, abs=0.03)
    window = Window.empty(2, 4).with_outcome(0, True).with_outcome(1, False)
    drawn = window.draw(np.random.default_rng(0), (20_000,))
    # P(Beta(2, 1) > Beta(1, 2)) = 5/6
    assert np.mean(drawn == 0) == pytest.approx(5 / 6, abs=0.01)


def test_the_window_forgets_the_oldest() -> None:
    window = Window.empty(1, 2)
    for outcome in (True, False, False):
        window = window.with_outcome(0, outcome)
    assert window.posterior[1].tolist() == [3.0]
    assert window.forgotten([0]).mean.tolist() == [0.5]


def test_scales_are_matched_and_a_constant_is_refused() -> None:
    rng = np.random.default_rng(0)
    new, elite = 1000.0 * rng.normal(size=500) + 7.0, 0.3 * rng.normal(size=500) - 2.0
    new[3] = np.nan
    found = match_scale(new, elite)(new)
    assert np.nanmean(found) == pytest.approx(elite.mean())
    assert np.nanstd(found) == pytest.approx(elite.std())
    assert match_scale(elite, elite) == Scaling(pytest.approx(1.0), pytest.approx(0.0))
    for wrong in (np.full(5, 0.1), np.full(5, np.nan)):
        with pytest.raises(BadInput, match="two different values"):
            match_scale(wrong, elite)


def test_a_run_stopped_and_restored_goes_on_exactly(found: SharedReplay) -> None:
    before = {name: array.copy() for name, array in found.arrays().items()}
    whole = SharedReplay.start(four_rooms, REWARDS, [1, 2], QUICK).advance(4 * QUICK.round)
    restored = SharedReplay.from_arrays(before, four_rooms, REWARDS, QUICK)
    assert same(restored.advance(QUICK.round), whole)
    assert all(np.array_equal(before[k], found.arrays()[k]) for k in ("agents.params", "raw.obs"))  # unchanged
    assert whole.steps == 4 * QUICK.round
    assert whole.owners == (0, 0, 1, 1, 2, 2)
    with pytest.raises(BadInput, match="rewards it was saved with"):
        SharedReplay.from_arrays(before, four_rooms, REWARDS[:2], QUICK)
    with pytest.raises(BadInput, match="config it was saved with"):
        SharedReplay.from_arrays(before, four_rooms, REWARDS, replace(QUICK, envs=2))


def test_every_candidate_labels_every_transition(found: SharedReplay) -> None:
    """Oracle: the rewards, evaluated on what is stored, one transition at a time."""
    changed = found.with_rewards((closer, 2.0 * closer, corner))
    rows = found.store.rows()
    assert found.store.filled == 3 * QUICK.round
    for i in range(0, found.store.filled, 11):
        one = {k: rows[k][:1, i : i + 1] for k in ("obs", "action", "next_obs", "terminated")}
        batch = four_rooms.batch(**one)
        for k, reward in enumerate(REWARDS):
            assert found.store.paid[k, 0, i] == pytest.approx(float(reward(batch)[0, 0]))
        assert changed.store.paid[1, 0, i] == pytest.approx(2.0 * float(closer(batch)[0, 0]))
    assert np.array_equal(changed.store.raw["obs"], found.store.raw["obs"])
    assert np.array_equal(changed.agents.params, found.agents.params)


def test_the_ring_overwrites_the_oldest() -> None:
    store = Store.empty(four_rooms, 1, 1, 100)
    blank = {name: array[:, :64] for name, array in store.raw.items()}
    for number in (1, 2):
        rows = {**blank, "action": np.full((1, 64), number)}
        store = store.with_rows(rows, np.full((1, 1, 64), float(number)))
    assert (store.filled, store.at) == (100, 28)
    wanted = [2] * 28 + [1] * 36 + [2] * 36
    assert store.raw["action"][0].tolist() == store.paid[0, 0].tolist() == wanted


def test_an_elite_that_stopped_to_vary_gives_no_scale() -> None:
    """The oldest experience is lost: what was paid once may be paid nowhere that is still stored."""
    silent = 0.0 * closer
    old = SharedReplay.start(four_rooms, (silent, closer, corner), [1, 2], QUICK).advance(2 * QUICK.round)
    new = old.with_rewards((silent, closer, 2.0 * corner + 3.0 * closer), elites=[0, 1])
    led = old.with_rewards((silent, closer, 2.0 * corner + 3.0 * closer), elites=[1, 0])
    assert same(new, led)
    assert (new.factor[2] != old.factor[2]).all()
    alone = old.with_rewards((silent, closer, 2.0 * corner + 3.0 * closer), elites=[0])
    assert same(alone, old.with_rewards((silent, closer, 2.0 * corner + 3.0 * closer)))


def test_others_start_again_from_the_elite_on_its_scale(found: SharedReplay) -> None:
    new = found.with_rewards((1000.0 * closer + 5.0, closer, 10.0 * corner + closer), elites=[1])
    params, own = np.asarray(new.agents.params), np.asarray(found.agents.params)
    for member in range(6):
        assert np.array_equal(params[member], own[2 + member % 2])
    assert new.agents.pull.tolist() == [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    assert new.agents.anchor.tolist() == [2, 3, 2, 3, 2, 3]
    np.testing.assert_allclose(new.factor[0], 0.001, rtol=1e-3)
    assert new.factor[1].tolist() == [1.0, 1.0]
    paid = new.factor[..., None] * new.store.paid + new.offset[..., None]
    known = paid[:, :, : new.store.filled]
    np.testing.assert_allclose(known[0], known[1], atol=1e-3)
    np.testing.assert_allclose(known.std(axis=-1)[2], known.std(axis=-1)[1], rtol=1e-3)
    assert all((window.outcomes[[0, 2]] == -1).all() for window in new.windows)
    with pytest.raises(BadInput, match="two different values"):
        found.with_rewards((four_rooms.native * 0.0, closer, corner), elites=[1])
    with pytest.raises(BadInput, match="stay as they are"):
        found.with_rewards((closer, corner, corner), elites=[1])


def test_infinite_rewards_are_counted_and_teach_nothing() -> None:
    found = SharedReplay.start(four_rooms, (closer, endless, corner), [1, 2], QUICK).advance(4 * QUICK.round)
    assert found.failures() == [2, 3]
    assert np.isfinite(found.agents.params).all()


def test_what_cannot_be_relabelled_is_refused() -> None:
    with pytest.raises(BadInput, match="keeps a state"):
        SharedReplay.start(four_rooms, [closer | rs.Normalize()], [0], QUICK)
    with pytest.raises(ScopeError):
        SharedReplay.start(four_rooms, [closer | Delay()], [0], QUICK)
    with pytest.raises(BadInput, match="with choices"):
        SharedReplay.start(tasks.load("pendulum"), [tasks.load("pendulum").naive], [0], QUICK)
    with pytest.raises(BadInput, match="different whole numbers"):
        SharedReplay.start(four_rooms, [closer], [0, 0], QUICK)
    with pytest.raises(BadInput, match="at least envs"):
        ReplayConfig(capacity=10)


@pytest.mark.slow
def test_four_rooms_is_solved_from_shared_experience() -> None:
    config = ReplayConfig(hidden=(), learning_rate=0.03, explore_steps=2000)
    found = SharedReplay.start(four_rooms, REWARDS, [0, 1], config).advance(8000)
    success = evaluate(four_rooms, found.policies(), 0, 2, keep=0).success.mean(axis=1)
    assert success[2:4].min() == 1.0  # closeness leads there
    assert success[4:].max() == 0.0  # the corner does not
    acted = found.episodes.sum(axis=0)[..., 0]
    assert (acted[:, 2] < acted[:, :2].max(axis=1)).all()


def test_the_grid_is_that_of_the_table() -> None:
    import jax.numpy as jnp

    from rewardsmith.core.grid import FOUR_ROOMS, gridworld

    env, mdp = Grid(), gridworld(FOUR_ROOMS)
    assert isinstance(env, ArrayEnv)
    state = np.repeat(np.arange(40.0), 4)[:, None]
    action = np.tile(np.arange(4), 40)
    after = env.step(state, action)
    reached = mdp.transition[state[:, 0].astype(int), action, after[:, 0].astype(int)]
    assert reached.reshape(40, 4)[:39].tolist() == [[1.0] * 4] * 39  # the table's goal is absorbing
    assert np.array_equal(env.step(jnp.asarray(state), jnp.asarray(action)), after)
    assert env.observe(after).sum(axis=-1).tolist() == [1.0] * 160
    assert np.flatnonzero(env.terminated(np.arange(40.0)[:, None])).tolist() == [39]
    assert env.reset(np.random.default_rng(0), (3,)).tolist() == [[0.0]] * 3
    assert len(env.sketch(env.observe(after)[0])) == 41
