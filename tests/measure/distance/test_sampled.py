"""Sampled distances: against exact ones on tables, and their invariances on real tasks."""

from __future__ import annotations

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks, transforms
from rewardsmith.core import mdp as tables
from rewardsmith.core.arrays import Array
from rewardsmith.core.errors import BadInput, MissingField, ScopeError
from rewardsmith.core.nodes import Constant
from rewardsmith.measure.distance import (
    Coverage,
    Transitions,
    check_fields,
    distance,
    record_coverage,
    sampled_distance,
    starc_of,
    transition_moments,
)
from rewardsmith.measure.distance.features import Columns, basis, random_potentials, whiten
from rewardsmith.measure.distance.moments import products, resampled
from rewardsmith.measure.distance.sampled import task_transitions


@rs.term
def up(next_upright: Array) -> Array:
    return next_upright


@rs.term
def calm(next_angular_velocity: Array) -> Array:
    return -(next_angular_velocity**2)


@rs.term
def lean(angle: Array) -> Array:
    return 10.0 * angle**2


@rs.term
def height(upright: Array) -> Array:
    return 2.0 * upright


@rs.term
def undecided(upright: Array) -> Array:
    return np.where(upright > 0, 1.0, np.nan)


@pytest.fixture(scope="module")
def pendulum() -> Coverage:
    return record_coverage(tasks.load("pendulum_hold"), 0, 8000)


@pytest.fixture(scope="module")
def cartpole() -> Coverage:
    return record_coverage(tasks.load("cartpole"), 0, 8000)


def world(slip: bool = True) -> tuple[tables.TabularMDP, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    mdp = tables.random_mdp(rng, 12, 3, discount=0.9, branching=4 if slip else 1)
    ends = np.arange(12) == 11
    mdp = tables.TabularMDP(mdp.transition, mdp.reward, mdp.discount, mdp.initial, ends)
    base = rng.normal(size=mdp.transition.shape)
    base = np.where(ends[:, None, None], 0.0, base)
    other = np.where(ends[:, None, None], 0.0, rng.normal(size=base.shape))
    shaped = 2 * tables.potential_shaping(mdp.with_reward(base), rng.normal(size=12))
    return mdp, [base, base + 0.4 * other, other, shaped]


def draw(
    mdp: tables.TabularMDP, rewards: list[np.ndarray], count: int, draws: int, rng: np.random.Generator
) -> Transitions:
    """Uniform live states and actions, successors of the dynamics, one-hot features."""
    live = np.flatnonzero(~mdp.ends)
    s, a = rng.choice(live, count), rng.integers(mdp.actions, size=count)
    after = (rng.random((count, draws, 1)) > mdp.transition[s, a].cumsum(-1)[:, None]).sum(-1)
    paid = np.stack([table[s[:, None], a[:, None], after] for table in rewards], -1)
    hot = np.eye(mdp.states)[:, ~mdp.ends] * np.sqrt(len(live))
    return Transitions(paid, hot[s], hot[after], np.arange(count), mdp.discount)


@pytest.mark.parametrize("kind", ["starc", "starc-minimal"])
@pytest.mark.parametrize(("slip", "draws"), [(True, 2), (False, 1)])
def test_it_estimates_the_exact_distance(kind: str, slip: bool, draws: int) -> None:
    mdp, rewards = world(slip)
    exact = np.array([[float(distance(mdp, x, y, kind)) for y in rewards] for x in rewards])
    inside, means = np.zeros((4, 4)), []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found = starc_of(
            transition_moments(draw(mdp, rewards, 1500, draws, rng), rng), 4, kind, seed=seed, resamples=100
        )
        inside += (found.low <= exact + 1e-6) & (exact <= found.high + 1e-6)
        means.append(found.mean)
    assert np.abs(np.mean(means, axis=0) - exact).max() < 0.015
    assert (inside >= 8).all()  # 95 % intervals: fewer than 8 of 12 happens once in 5,000
    assert np.max([mean[0, 3] for mean in means]) < 1e-3  # shaping and scale


def test_norms_are_free_of_the_noise_of_the_fit() -> None:
    """Crossed fits give the squared norm without bias where one fit on other data inflates it."""
    mdp, rewards = world()
    live = ~mdp.ends
    exact = tables.advantages(mdp.with_reward(rewards[0]), np.full((12, 3), 1 / 3))[live]
    crossed, plain = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        sample = draw(mdp, rewards[:1], 150, 2, rng)
        found = transition_moments(sample, rng)
        crossed.append(products(found, np.ones((1, len(found.fold))))[0][0, 0, 0])
        fit, rest = sample.owner < 50, sample.owner >= 50
        shaping = mdp.discount * sample.after - sample.now[:, None]
        value = -np.linalg.lstsq(
            sample.now[fit].T @ shaping[fit].mean(1),
            sample.now[fit].T @ sample.rewards[fit].mean(1),
            rcond=None,
        )[0]
        form = (sample.rewards + shaping @ value)[rest, :, 0]
        plain.append((form[:, 0] * form[:, 1]).mean())
    truth = (exact**2).mean()
    error = np.std(crossed) / np.sqrt(len(crossed))
    assert abs(np.mean(crossed) - truth) < 3 * error + 0.05 * truth
    assert np.mean(plain) > truth + 3 * np.std(plain) / np.sqrt(len(plain)) + 0.1 * truth


def test_resampling_keeps_folds_together() -> None:
    mdp, rewards = world()
    found = transition_moments(draw(mdp, rewards, 300, 1, np.random.default_rng(0)), np.random.default_rng(0))
    weights = resampled(found, 50, np.random.default_rng(0))
    assert (weights[0] == 1).all()
    for fold in range(3):
        assert (weights[:, found.fold == fold].sum(1) == (found.fold == fold).sum()).all()


@pytest.mark.parametrize("kind", ["starc", "starc-minimal"])
def test_scale_constants_and_shaping_do_not_count(pendulum: Coverage, kind: str) -> None:
    discount = pendulum.task.discount
    plain = 1.0 * up + 0.1 * calm
    rewards = [plain, 3.0 * plain + 7.0, plain | rs.Potential(height, discount=discount), 1.0 * up, -plain]
    found = sampled_distance(rewards, pendulum, kind, resamples=40)
    assert found.mean[0, 1] < 1e-6
    assert found.mean[0, 2] < 1e-3  # the potential is a feature; the ridge leaves a trace
    assert not found.distinguishable[0, 2]
    assert found.distinguishable[0, 3]
    assert found.mean[0, 4] == pytest.approx(1.0, abs=1e-6)
    assert found.mean == pytest.approx(found.mean.T)
    assert not found.trivial.any()


def test_a_constant_is_trivial_where_nothing_ends(pendulum: Coverage, cartpole: Coverage) -> None:
    constant, zero = Constant(3.0), Constant(0.0)
    found = sampled_distance([up * 1.0, constant, zero], pendulum, resamples=10)
    assert found.trivial.tolist() == [False, True, True]
    assert found.mean.tolist() == [[0.0, 0.5, 0.5], [0.5, 0.0, 0.0], [0.5, 0.0, 0.0]]
    assert not sampled_distance([1.0 * rs.success, constant], cartpole, resamples=10).trivial.any()


def test_a_terminal_state_has_value_0_and_a_truncated_one_has_not(
    cartpole: Coverage, pendulum: Coverage
) -> None:
    rng = np.random.default_rng(0)
    for coverage in (cartpole, pendulum):
        found = task_transitions([Constant(1.0), rs.success * 1.0], coverage, rng, 2)
        ended = coverage.flat()["terminated"][:, 0].astype(bool)
        assert ((found.after[:, 0] == 0).all(-1) == ended).all()
        last = np.flatnonzero(np.diff(coverage.owner, append=-1))
        assert ended.sum() == (len(last) if coverage is cartpole else 0) - (~ended[last]).sum() * (
            coverage is cartpole
        )


def test_much_shaping_hides_the_rest(cartpole: Coverage) -> None:
    """The potential is a feature, but the ridge leaves a trace of it that matters when it is large."""
    alive = Constant(1.0)
    some, much = (alive | rs.Potential(weight * lean, discount=0.99) for weight in (1.0, 1000.0))
    found = sampled_distance([alive, some, much], cartpole, resamples=20)
    assert found.mean[0, 1] < 0.01
    assert found.hidden.tolist() == [False, False, True]
    assert not found.distinguishable[0].any()


def test_new_shapings_stay_below_the_noise_floor(pendulum: Coverage) -> None:
    """The floor is the largest of 16 random potentials; of as many new ones few may exceed it."""
    batch, rewards = pendulum.flat(), [1.0 * up + 0.1 * calm, 1.0 * calm]
    found = sampled_distance(rewards, pendulum, resamples=10)
    assert 0.0 < found.floor[0, 0] < 0.15
    columns = Columns.of(pendulum.task, batch)
    now, after = columns.read(batch)[:, 0], columns.read(batch, after=True)[:, 0]
    new = random_potentials(now, np.random.default_rng(99), 12)
    shaping = pendulum.task.discount * new(after) - new(now)
    plain = np.asarray(rewards[0](batch), float)
    scale = plain.std() / shaping.std(0)
    given = [rewards[0], *(_Recorded(plain + scale[k] * shaping[:, k : k + 1]) for k in range(12))]
    apart = sampled_distance(given, pendulum, resamples=10)
    assert (apart.mean[0, 1:] <= apart.floor[0, 0]).sum() >= 10


class _Recorded(rs.Reward):
    """What was computed for one particular batch."""

    def __init__(self, values: np.ndarray) -> None:
        object.__setattr__(self, "values", values)

    def __call__(self, batch: object) -> np.ndarray:
        return self.values

    @property
    def fields(self) -> frozenset[str]:
        return frozenset()

    @property
    def scope(self) -> rs.Scope:
        return rs.Scope.STEP

    def share(self, batch: object, state: object) -> tuple[rs.core.algebra.Shares, object]:
        return rs.core.algebra.Shares(self.values, {"values": self.values}), state


def test_the_same_seed_gives_the_same_numbers(pendulum: Coverage) -> None:
    first, second, third = (
        sampled_distance([1.0 * up, 1.0 * calm], pendulum, seed=seed, resamples=20) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.low, second.low)
    assert not np.array_equal(first.low, third.low)


def test_recording_is_repeatable_and_mixed() -> None:
    task = tasks.load("cartpole")
    first, second = (record_coverage(task, 3, 2000).flat() for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert 1500 < first["terminated"].size < 6000
    native = record_coverage(tasks.load("Reacher-v5"), 0, 1000).flat()
    assert native["native_reward"].shape == native["success"].shape


def test_refusals(pendulum: Coverage) -> None:
    pair = [1.0 * up, 1.0 * calm]
    with pytest.raises(BadInput, match="kind of sampled distance"):
        sampled_distance(pair, pendulum, "euclid")
    with pytest.raises(BadInput, match="at least two"):
        sampled_distance(pair[:1], pendulum)
    with pytest.raises(BadInput, match="a verdict at every transition"):
        sampled_distance([1.0 * up, 1.0 * undecided], pendulum)
    with pytest.raises(ScopeError, match="EPISODE"):
        sampled_distance([1.0 * up, up | transforms.Delay(10)], pendulum)
    with pytest.raises(MissingField, match="upright"):
        check_fields(1.0 * up, tasks.load("mountain_car"))
    with pytest.raises(BadInput, match="at least 6"):
        transition_moments(
            Transitions(np.ones((9, 1)), np.ones((9, 1)), np.ones((9, 1)), np.zeros(9, int), 0.9),
            np.random.default_rng(0),
        )


@pytest.mark.parametrize("width", [1, 4, 12, 30, 400])
def test_features_stay_few_and_express_what_they_say(width: int) -> None:
    rng = np.random.default_rng(width)
    x = rng.normal(size=(1500, width))
    made = basis(width, np.random.default_rng(0))(x)
    assert made.shape[1] < 480
    span = [np.ones(len(x)), x[:, 0], *([x[:, 0] ** 2, np.abs(x[:, -1])] if width <= 30 else [])]
    span += [x[:, 0] * x[:, 3]] if 4 <= width <= 12 else []
    (white,) = whiten(made, least=1e-6)
    assert white.T @ white / len(x) == pytest.approx(np.eye(white.shape[1]), abs=1e-3)
    for column in span:
        left = column - white @ (white.T @ column) / len(x)
        assert np.abs(left).max() < 1e-2 * np.abs(column).max()
