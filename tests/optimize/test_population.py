"""Members are independent of their neighbours, stops leave no trace, and no reward compiles anything."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.algebra import Scope
from rewardsmith.core.errors import BadInput, MissingField, NonFiniteError, ScopeError, StoreError
from rewardsmith.core.term import success, term
from rewardsmith.optimize.control import PPO, Population, train
from rewardsmith.optimize.control.compiled import learn_block, rollout_block, train_block
from rewardsmith.optimize.control.engine import blocks
from rewardsmith.program import parse
from rewardsmith.transforms import Normalize

TASK = tasks.load("cartpole")
QUICK = PPO(steps=4096, envs=4, rollout=32, epochs=2, minibatches=2, hidden=(8,))
PROGRAMS = [parse(f"{{'stand': 1.0, 'centre': -{c} * next_x ** 2}}", TASK) for c in (0.1, 0.5, 2.0)]


@term
def centred(next_x):
    return 1.0 - abs(next_x)


@term
def silent_on_the_left(next_x):
    return np.where(next_x < 0, np.nan, 1.0)


@term
def infinite_on_the_left(next_x):
    return np.where(next_x < 0, np.inf, 1.0)


@term(scope=Scope.GROUP)
def of_a_group(next_x):
    return next_x


def leaves(population: Population) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(population.members)]


def same(a: Population, b: Population) -> bool:
    pairs = zip(leaves(a), leaves(b), strict=True)
    equal = all(np.array_equal(x, y, equal_nan=True) for x, y in pairs)
    return equal and all(
        np.array_equal(a.curves.figures[k], b.curves.figures[k], equal_nan=True) for k in a.curves.figures
    )


@pytest.mark.parametrize(
    "rewards", [PROGRAMS, [centred, TASK.native, centred | Normalize(0.99)]], ids=["compiled", "host"]
)
class TestBothRoutes:
    def test_member_does_not_depend_on_its_neighbours(self, rewards) -> None:
        # 15 members spread over the devices; then one of them alone, which is also the case of one live place.
        everyone = Population.start(TASK, rewards, range(5), QUICK).advance(512)
        alone = Population.start(TASK, rewards[2:], [3], QUICK).advance(512)
        assert same(everyone.keep([13]), alone)

    def test_dropping_members_does_not_disturb_the_rest(self, rewards) -> None:
        half = Population.start(TASK, rewards, range(3), QUICK).advance(256)
        assert same(half.advance(256).keep([7, 2]), half.keep([7, 2]).advance(256))

    def test_chunks_leave_no_trace(self, rewards) -> None:
        start = Population.start(TASK, rewards, [0], QUICK)
        assert same(start.advance(512), start.advance(128).advance(384))

    def test_saved_population_goes_on_bit_for_bit(self, rewards, tmp_path: Path) -> None:
        half = Population.start(TASK, rewards, range(2), QUICK).advance(256)
        half.save(tmp_path / "half.npz")
        again = Population.load(tmp_path / "half.npz", TASK, rewards, QUICK)
        assert same(half, again)
        assert again.curves.terms[0].keys() == half.curves.terms[0].keys()
        assert same(half.advance(256), again.advance(256))

    @pytest.mark.parametrize("parts", [1, 2, 4, 99])
    def test_parts_trained_apart_are_the_whole_trained_at_once(self, rewards, parts) -> None:
        half = Population.start(TASK, rewards, range(2), QUICK).advance(128)
        shards = half.split(parts)
        assert [len(shard) for shard in shards] == {1: [6], 2: [3, 3], 4: [2, 2, 1, 1], 99: [1] * 6}[parts]
        assert same(half, Population.join(shards))
        whole = half.advance(256)
        joined = Population.join([shard.advance(256) for shard in shards])
        assert same(whole, joined)
        assert (whole.owners, whole.seeds) == (joined.owners, joined.seeds)
        for one, other in zip(whole.curves.terms, joined.curves.terms, strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
        assert same(whole.advance(128), joined.advance(128))  # the states of rewards were joined too

    def test_advance_leaves_the_old_population_alone(self, rewards) -> None:
        start = Population.start(TASK, rewards, [0], QUICK)
        before = [leaf.copy() for leaf in leaves(start)]
        start.advance(256)
        assert all(np.array_equal(a, b) for a, b in zip(before, leaves(start), strict=True))


def test_both_routes_train_alike() -> None:
    # The same reward as a program (compiled) and as a term (host): equal up to float32 rounding at first.
    program = Population.start(TASK, [parse("1.0 - abs(next_x)", TASK)], [0], QUICK).advance(128)
    hosted = Population.start(TASK, [centred], [0], QUICK).advance(128)
    for name in ("reward", "episode_return", "signal", "entropy"):
        assert np.allclose(
            program.curves.figures[name], hosted.curves.figures[name], rtol=1e-4, equal_nan=True
        ), name
    assert np.allclose(program.members.params, hosted.members.params, atol=1e-4)


def test_new_rewards_and_other_sizes_compile_nothing() -> None:
    Population.start(TASK, [*PROGRAMS, centred], range(2), QUICK).advance(128)
    compiled = [f._cache_size() for f in (train_block, rollout_block, learn_block)]
    others = [parse(f"-{c} * next_angle ** 2 + {c}", TASK) for c in (0.2, 0.3, 0.4, 0.6)]
    grown = Population.start(TASK, [*others, TASK.native, success], range(5), QUICK).advance(256)
    other = PPO(**{**vars(QUICK), "learning_rate": 1e-2, "entropy": 0.1, "discount": 0.9})
    Population.start(TASK, [*others, centred], [7], other).advance(128)
    grown.keep([0, 7, 25]).advance(128)
    assert [f._cache_size() for f in (train_block, rollout_block, learn_block)] == compiled


def test_terms_are_traced() -> None:
    population = Population.start(TASK, [PROGRAMS[2], centred], [0], QUICK).advance(256)
    program, hosted = population.curves.terms
    assert list(program) == ["stand", "centre"]
    assert np.allclose(
        program["stand"] + program["centre"], population.curves.figures["reward"][:, 0], atol=1e-5
    )
    assert np.allclose(hosted["centred"], population.curves.figures["reward"][:, 1], atol=1e-5)


def test_episode_figures_are_right() -> None:
    # 1 per step: the return of an episode is its length, also for episodes that span several rollouts.
    figures = Population.start(TASK, [TASK.native], [0], QUICK).advance(4096).curves.figures
    assert np.nansum(figures["episodes"]) > 20
    assert np.array_equal(figures["episode_return"], figures["episode_length"], equal_nan=True)


def test_step_without_verdict_is_counted_and_left_out() -> None:
    population = Population.start(TASK, [silent_on_the_left], [0, 1], QUICK).advance(512)
    missing = population.curves.figures["missing"]
    assert np.all((missing > 0) & (missing < 1))
    assert np.allclose(population.curves.figures["reward"], 1.0)
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves(population))
    assert population.failures() == []


def test_infinite_reward_is_reported_and_harms_no_other_member() -> None:
    bad = Population.start(TASK, [infinite_on_the_left, centred], [0], QUICK).advance(256)
    assert bad.failures() == [0]
    assert same(bad.keep([1]), Population.start(TASK, [centred], [0], QUICK).advance(256))
    with pytest.raises(NonFiniteError, match="infinite_on_the_left"):
        train(TASK, [infinite_on_the_left], [0], QUICK)


def test_division_by_zero_in_a_program_is_a_failure() -> None:
    bad = Population.start(TASK, [parse("1.0 / (x - x)", TASK)], [0], QUICK).advance(128)
    assert bad.failures() == [0]


def test_bad_input_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least one"):
        Population.start(TASK, [], [0], QUICK)
    with pytest.raises(BadInput, match="different seeds"):
        Population.start(TASK, [centred], [1, 1], QUICK)
    with pytest.raises(BadInput, match="seed"):
        Population.start(TASK, [centred], [-1], QUICK)
    with pytest.raises(BadInput, match="Reward"):
        Population.start(TASK, [lambda batch: 0], [0], QUICK)
    with pytest.raises(MissingField, match="next_distance"):
        Population.start(TASK, [tasks.load("Reacher-v5").naive], [0], QUICK)
    with pytest.raises(ScopeError, match="of_a_group"):
        Population.start(TASK, [of_a_group], [0], QUICK)
    population = Population.start(TASK, [centred], [0], QUICK)
    for wrong in ([], [1], [0, 0]):
        with pytest.raises(BadInput, match="members to keep"):
            population.keep(wrong)
    with pytest.raises(BadInput, match="parts of a population"):
        population.split(0)
    with pytest.raises(BadInput, match="at least one"):
        Population.join([])
    for other, what in (
        (Population.start(TASK, [TASK.native], [0], QUICK), "rewards"),
        (Population.start(TASK, [centred], [0], PPO(**{**vars(QUICK), "trace": 0.5})), "config"),
        (Population.start(tasks.load("cartpole_swingup"), [centred], [0], QUICK), "task"),
        (population.advance(128), "steps"),
    ):
        with pytest.raises(BadInput, match=f"different {what}"):
            Population.join([population, other])
    for steps in (0, -5, 1.5):
        with pytest.raises(BadInput, match="steps to advance"):
            population.advance(steps)
    with pytest.raises(StoreError, match=r"nothing\.npz"):
        Population.load(tmp_path / "nothing.npz", TASK, [centred], QUICK)
    population.save(tmp_path / "p.npz")
    with pytest.raises(BadInput, match="rewards it was saved with"):
        Population.load(tmp_path / "p.npz", TASK, [TASK.native], QUICK)
    (tmp_path / "p.npz").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(StoreError, match="cannot be read"):
        Population.load(tmp_path / "p.npz", TASK, [centred], QUICK)


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("envs", 1.5), ("learning_rate", 0.0), ("learning_rate", float("nan")), ("clip", -0.1),
     ("discount", 1.1), ("trace", -0.1), ("entropy", float("inf")), ("minibatches", 3), ("hidden", (0,)),
     ("epochs", True)],
)  # fmt: skip
def test_config_refuses_values_out_of_range(name: str, value: object) -> None:
    with pytest.raises(BadInput, match=f"PPO.{name}"):
        PPO(**{"steps": 1000, name: value})


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 33])
@pytest.mark.parametrize("devices", [1, 2, 3])
def test_blocks_hold_every_member_once(count: int, devices: int) -> None:
    found = blocks(range(count), devices)
    assert sorted(np.concatenate([block.members for block in found]).tolist()) == list(range(count))
    for block in found:
        assert block.live.sum() == len(block.members)
        assert block.live.max() - block.live.min() <= 1
        assert np.array_equal(block.slots[block.places], block.members)
