"""The best checkpoint of each member: which it is, and that keeping it changes nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.core.term import term
from rewardsmith.optimize.control import PPO, Curves, Population
from rewardsmith.optimize.control.peak import Peak, recent_returns
from rewardsmith.optimize.control.shards import Shard, train_shard
from rewardsmith.program import parse

TASK = tasks.load("cartpole")
QUICK = PPO(steps=4096, envs=4, rollout=32, epochs=2, minibatches=2, hidden=(8,))
# one that is learned, one that learning makes worse, one that always pays the same
PROGRAMS = [parse(text, TASK) for text in ("1.0 + 0.0 * x", "-square(square(4 * next_angle))", "0.0 * x")]
CHUNKS, CHUNK = 5, 4


@term
def infinite_on_the_left(next_x):
    return np.where(next_x < -0.1, np.inf, 1.0)


def curves(returns: list[float], counts: list[float]) -> Curves:
    """Of one member."""
    told = {"episode_return": np.array(returns)[:, None], "episodes": np.array(counts)[:, None]}
    return Curves(np.arange(1, len(returns) + 1), Curves.empty(1).figures | told, ({},))


def peak(score: float, mark: float) -> Peak:
    return Peak(np.array([score]), np.array([int(mark)]), *(np.full((1, 2), mark) for _ in range(3)))


def trained(rewards: list, seeds: range) -> Population:
    population = Population.start(TASK, rewards, seeds, QUICK)
    for _ in range(CHUNKS):
        population = population.advance(CHUNK * QUICK.batch).with_peak(CHUNK)
    return population


@pytest.fixture(scope="module")
def kept() -> Population:
    return trained(PROGRAMS, range(3))


def test_it_is_the_policy_of_the_best_chunk(kept) -> None:
    """Oracle: chunk by chunk, with sums over episodes in plain Python and the policies of plain populations."""
    plain = Population.start(TASK, PROGRAMS, range(3), QUICK)
    best: list[tuple[float, int, np.ndarray]] = [(float("-inf"), 0, np.zeros(0))] * len(plain)
    for chunk in range(CHUNKS):
        plain = plain.advance(CHUNK * QUICK.batch)
        for m, policy in enumerate(plain.policies()):
            total = count = 0.0
            for i in range(chunk * CHUNK, (chunk + 1) * CHUNK):
                if plain.curves.figures["episodes"][i, m] > 0:
                    total += float(plain.curves.figures["episode_return"][i, m]) * float(
                        plain.curves.figures["episodes"][i, m]
                    )
                    count += float(plain.curves.figures["episodes"][i, m])
            assert count > 0
            if total / count >= best[m][0]:
                best[m] = (total / count, plain.steps, policy.params)
    assert kept.peak.returns.tolist() == pytest.approx([score for score, _, _ in best])
    assert kept.peak.steps.tolist() == [steps for _, steps, _ in best]
    for policy, (_, _, params) in zip(kept.policies(), best, strict=True):
        assert np.array_equal(policy.params, params)
    assert len(set(kept.peak.steps.tolist())) > 1, "the case is worth a test"


def test_the_training_itself_is_as_without_it(kept) -> None:
    plain = Population.start(TASK, PROGRAMS, range(3), QUICK).advance(CHUNKS * CHUNK * QUICK.batch)
    found, wanted = kept.arrays(), plain.arrays()
    assert plain.peak is None
    assert not any(name.startswith("peak.") for name in wanted)
    assert all(found[name].tobytes() == array.tobytes() for name, array in wanted.items())
    assert all(name.startswith("peak.") for name in found.keys() - wanted.keys())


def test_a_reward_that_pays_always_the_same_leaves_the_last_policy(kept) -> None:
    rows = [m for m, owner in enumerate(kept.owners) if owner == 2]
    assert kept.peak.steps[rows].tolist() == [kept.steps] * 3
    assert np.array_equal(kept.peak.params[rows], kept.members.params[rows])


def test_a_member_whose_return_only_rises_keeps_the_last() -> None:
    rising = [np.float32(i) for i in range(12)]
    at = [Peak.now(_members(i), curves(rising[:i], [1.0] * i), 4) for i in (4, 8, 12)]
    assert at[0].or_later(at[1]).or_later(at[2]).steps.tolist() == [12]
    falling = [Peak.now(_members(i), curves(rising[::-1][:i], [1.0] * i), 4) for i in (4, 8, 12)]
    assert falling[0].or_later(falling[1]).or_later(falling[2]).steps.tolist() == [4]


def _members(mark: int):
    members = Population.start(TASK, PROGRAMS[:1], [0], QUICK).members
    return members._replace(params=np.full_like(members.params, mark))


def test_checkpoints_are_scored_by_equally_many_iterations_weighted_by_their_episodes() -> None:
    nan = float("nan")
    assert recent_returns(curves([100.0, 2.0, nan, 8.0], [5, 1, 0, 3]), 3).tolist() == [6.5]
    assert recent_returns(curves([1.0, 3.0], [1, 1]), 9).tolist() == [2.0]
    assert np.isnan(recent_returns(curves([5.0, nan, nan], [1, 0, 0]), 2))


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        ((1.0, 2.0), 1),
        ((2.0, 1.0), 0),
        ((1.0, 1.0), 1),
        ((np.nan, -9.0), 1),
        ((-9.0, np.nan), 0),
        ((np.nan,) * 2, 1),
    ],
)
def test_no_verdict_replaces_no_verdict_only(scores, taken) -> None:
    found = peak(scores[0], 0).or_later(peak(scores[1], 1))
    assert np.array_equal(found.returns, [scores[taken]], equal_nan=True)
    assert (found.steps[0], found.params[0, 0], found.mean[0, 0], found.variance[0, 0]) == (taken,) * 4


def test_it_goes_with_its_member(kept, tmp_path) -> None:
    few = kept.keep([7, 2])
    assert np.array_equal(few.peak.params, kept.peak.params[[7, 2]])
    assert np.array_equal(few.policies()[1].params, kept.policies()[2].params)
    joined = Population.join(kept.split(4))
    kept.save(tmp_path / "kept.npz")
    again = Population.load(tmp_path / "kept.npz", TASK, PROGRAMS, QUICK)
    for other in (joined, again):
        for name, array in kept.peak.arrays().items():
            assert other.arrays()[name].tobytes() == array.tobytes()
    with pytest.raises(BadInput, match="peaks of some of them"):
        Population.join([few.keep([0]), replace(few.keep([1]), peak=None)])


def test_another_process_hands_it_back(kept) -> None:
    """As on a cluster: the shards advance, and the peak is taken where they come together."""
    parts = [train_shard(Shard.pack(part), CHUNK * QUICK.batch, lambda done: None) for part in kept.split(2)]
    back = Population.join([Population.from_arrays(part, TASK, kept.rewards, QUICK) for part in parts])
    here = kept.advance(CHUNK * QUICK.batch).with_peak(CHUNK).arrays()
    there = back.with_peak(CHUNK).arrays()
    assert here.keys() == there.keys()
    assert all(here[name].tobytes() == there[name].tobytes() for name in here)


def test_a_member_that_overflowed_stays_a_failure() -> None:
    bad = trained([infinite_on_the_left, PROGRAMS[0]], range(1))
    assert bad.failures() == [0]
    assert bad.keep([1]).failures() == []


def test_a_checkpoint_needs_iterations(kept) -> None:
    with pytest.raises(BadInput, match="iterations of a checkpoint: received 0"):
        kept.with_peak(0)
