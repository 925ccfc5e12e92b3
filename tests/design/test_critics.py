"""Segments and their labels against slow loops."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.fields import Field
from rewardsmith.design.critics import Segment, agreed, draw_segments, labelled, votes
from rewardsmith.design.fit import Fit, fit_numbers
from rewardsmith.design.screen import Episode
from rewardsmith.program import parse

FIELDS = (Field("x"), Field("y"))


def episode(number: int, length: int, success: bool = False) -> Episode:
    """Every step knows its episode and its place."""
    return Episode({"x": np.full(length, float(number)), "y": np.arange(length, dtype=float)}, success)


def test_segments_are_equally_long_pieces_of_two_different_episodes():
    episodes = [episode(i, length) for i, length in enumerate((4, 5, 9, 40, 60))]
    pairs = draw_segments(episodes, 300, 12, np.random.default_rng(0))
    assert len(pairs) == 300
    starts = set()
    for first, second in pairs:
        a, b = first.batch["x"][0], second.batch["x"][0]
        assert a != b
        assert {len(each) for part in (first, second) for each in part.batch.values()} == {
            min(12, len(episodes[int(a)].batch["x"]), len(episodes[int(b)].batch["x"]))
        }
        for part in (first, second):
            assert len(set(part.batch["x"])) == 1
            assert (np.diff(part.batch["y"]) == 1).all()
        starts.add((b, second.batch["y"][0]))
    assert {where for where, _ in starts} == {1.0, 2.0, 3.0, 4.0}  # the one of 4 steps is too short
    assert {start for where, start in starts if where == 2.0} == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert draw_segments(episodes[:2], 10, 12, np.random.default_rng(0)) == []


def test_votes_equal_a_loop_and_nobody_votes_on_what_is_not_finite():
    rng = np.random.default_rng(1)
    parts = [
        Segment({"x": rng.normal(size=6), "y": rng.normal(size=6)}, bool(rng.random() < 0.5)) for _ in range(40)
    ]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    critics = [parse(text, FIELDS) for text in ("x", "-2 * y + 1", "x - x", "log(x)", "1 / (x - x)")]
    said = votes(pairs, critics, True)
    for i, (first, second) in enumerate(pairs):
        sums = [(a.batch["x"].sum(), -2 * a.batch["y"].sum() + 6) for a in (first, second)]
        assert said[0, i] == (1 if sums[0][0] > sums[1][0] else -1)
        assert said[1, i] == (1 if sums[0][1] > sums[1][1] else -1)
        assert said[5, i] == int(first.success) - int(second.success)
    assert not said[2:5].any()
    assert set(said[5]) == {-1.0, 0.0, 1.0}
    assert votes(pairs, critics, False).shape == (5, 20)
    assert not agreed(votes(pairs, [], False), Fit()).any()


def slowly(said: np.ndarray, shares: tuple[float, ...], labels: int) -> list[float]:
    count, found = said.shape[0], [0.0] * said.shape[1]
    for share in sorted(shares, reverse=True):
        for i in range(said.shape[1]):
            if sum(value != 0 for value in found) == labels:
                return found
            for side in (1.0, -1.0):
                if found[i] == 0 and sum(vote == side for vote in said[:, i]) >= round(share * count, 9):
                    found[i] = side
    return found


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("labels", [1, 7, 1000])
def test_the_ladder_of_agreement_equals_a_loop(seed, labels):
    rng = np.random.default_rng(seed)
    said = rng.choice([-1.0, 0.0, 1.0], (5, 30), p=[0.4, 0.1, 0.5])
    setting = Fit(labels=labels)
    assert agreed(said, setting).tolist() == slowly(said, setting.agree, labels)
    assert agreed(-said, setting).tolist() == [-value for value in slowly(said, setting.agree, labels)]


def test_the_better_segment_comes_first_and_the_last_pairs_are_held_out():
    parts = [Segment({"x": np.full(5, float(i))}, False) for i in range(20)]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    labels = np.array([1, 0, -1, 1, 1, -1, 0, 1, 1, 1], float)
    fitted, held = labelled(pairs, labels, 0.3)
    names = [(pair.better["x"][0], pair.worse["x"][0]) for pair in (*fitted, *held)]
    assert names == [(0, 1), (5, 4), (6, 7), (8, 9), (11, 10), (14, 15), (16, 17), (18, 19)]
    assert (len(fitted), len(held)) == (6, 2)
    assert labelled(pairs, np.zeros(10), 0.3) == ([], [])


def test_several_critics_label_more_correctly_than_one():
    """Five critics of whom each is wrong on its own share of pairs: what they agree on is hardly ever wrong."""
    rng = np.random.default_rng(2)
    truth = rng.choice([-1.0, 1.0], 4000)
    said = np.where(rng.random((5, 4000)) < 0.25, -truth, truth)
    labels = agreed(said, Fit(agree=(1.0,), labels=4000))
    kept = labels != 0
    assert np.mean(said[0] == truth) == pytest.approx(0.75, abs=0.02)
    # p^5 / (p^5 + q^5) of the pairs on which all agree
    assert np.mean(labels[kept] == truth[kept]) == pytest.approx(0.75**5 / (0.75**5 + 0.25**5), abs=0.01)


def rank_correlation(a: list[float], b: list[float]) -> float:
    return float(np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1])


def test_twenty_pairs_that_five_noisy_critics_agree_on_find_the_numbers_again():
    """A known linear reward, a program with its structure and numbers of its own, nothing trained."""
    table = tuple(Field(name) for name in "abcd")
    program = parse("return {'a': 1.0 * a, 'b': 1.0 * b, 'c': 1.0 * c, 'd': 1.0 * d}", table)
    alone, together, before, after = [], [], [], []
    for seed in range(200, 208):
        rng = np.random.default_rng(seed)
        weights = rng.normal(size=4)
        true, *critics = (
            program.with_numbers(dict(zip(program.numbers(), weights + noise, strict=True)))
            for noise in (np.zeros(4), *0.7 * rng.normal(size=(5, 4)))
        )
        lot = np.exp(0.7 * rng.normal(size=4)) * rng.choice([-1.0, 1.0], 4)
        written = program.with_numbers(dict(zip(program.numbers(), lot, strict=True)))
        played = [Episode({n: rng.normal() + rng.normal(size=60) for n in "abcd"}, False) for _ in range(40)]
        pairs, fresh = (draw_segments(played, 200, 20, rng) for _ in range(2))
        said, truth = votes(pairs, critics, False), votes(pairs, [true], False)[0]
        labels = agreed(said, Fit())
        alone.append(np.mean(said[0] == truth))
        together.append(np.mean(labels[labels != 0] == truth[labels != 0]))
        used, held = labelled(pairs, labels, 0.3)
        fitted = written.with_numbers(fit_numbers(written, used, held=held))
        returns = [[float(r(each.batch).sum()) for each, _ in fresh] for r in (true, written, fitted)]
        before.append(rank_correlation(returns[0], returns[1]))
        after.append(rank_correlation(returns[0], returns[2]))
    assert np.mean(together) > 0.95 > np.mean(alone)
    assert np.mean(before) < 0.5 < 0.7 < np.mean(after)
