"""The hidden rule by a slow loop, pairs with a better one, and the stand-in judge's bias."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.rubric import CriteriaJudge, both_orders
from rewardsmith.tasks.digit_rubric import (
    CRITERIA,
    RULE,
    StandInJudge,
    draw_pairs,
    fulfilled,
    hidden_score,
    pixel_features,
)
from rewardsmith.tasks.digits import load_digits

PAIRS = draw_pairs(300, np.random.default_rng(0))


def slow(picture, wanted):
    digits = load_digits()
    templates = [digits.images[digits.labels == d].mean(0).reshape(8, 8) for d in range(10)]
    total = picture.sum()
    x = sum(picture[i, j] * (j - 3.5) for i in range(8) for j in range(8)) / max(total, 1e-9)
    y = sum(picture[i, j] * (i - 3.5) for i in range(8) for j in range(8)) / max(total, 1e-9)
    mirrored = sum(abs(picture[i, j] - picture[i, 7 - j]) for i in range(8) for j in range(8)) / max(
        total, 1e-9
    )
    alone = False
    for i, j in np.argwhere(picture > 0.25):
        near = picture[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] > 0.25
        alone |= near.sum() == 1
    likest = min(range(10), key=lambda d: ((picture - templates[d]) ** 2).sum())
    return [likest == wanted, 17 < total < 22, mirrored < 0.6, not alone, np.hypot(x, y) < 0.4]


def test_the_rule_is_that_of_a_loop():
    held = PAIRS.fulfilled()
    for pair in range(30):
        for side in range(2):
            expected = slow(PAIRS.images[pair, side].reshape(8, 8), PAIRS.wanted[pair])
            assert held[pair, side, : len(RULE)].tolist() == [float(each) for each in expected]


def test_one_of_each_pair_is_better_and_every_criterion_tells_some_pairs_apart():
    assert (PAIRS.gap() != 0).all()
    assert 0.4 < (PAIRS.gap() > 0).mean() < 0.6
    apart = (PAIRS.fulfilled()[:, 0] != PAIRS.fulfilled()[:, 1]).mean(0)
    assert apart.shape == (len(CRITERIA),) == (30,)
    assert apart.min() > 0.02
    np.testing.assert_array_equal(PAIRS.swapped().gap(), -PAIRS.gap())
    np.testing.assert_allclose(pixel_features(PAIRS.swapped()), -pixel_features(PAIRS))


def test_scores_lie_in_0_1():
    scores = hidden_score(PAIRS.images, np.repeat(PAIRS.wanted[:, None], 2, axis=1))
    assert 0.0 <= scores.min() < scores.max() <= 1.0
    with pytest.raises(BadInput, match="64"):
        fulfilled(np.zeros((3, 60)), np.zeros(3))


def test_the_judge_prefers_a_place_unless_it_has_criteria():
    judge: CriteriaJudge = StandInJudge(misread=0.0)
    rows, rng = np.arange(300), np.random.default_rng(1)
    bare = both_orders(judge, PAIRS, rows, (), rng)
    assert (bare[0] != bare[1]).mean() > 0.15
    ruled = both_orders(judge, PAIRS, rows, RULE, rng)
    np.testing.assert_array_equal(ruled[0], ruled[1])
    held = PAIRS.fulfilled()[..., : len(RULE)].sum(-1)
    np.testing.assert_array_equal(ruled[0], 0.5 + 0.5 * np.sign(held[:, 0] - held[:, 1]))


def test_it_proposes_what_speaks_for_the_better_one():
    judge, rng, held = StandInJudge(misread=0.0), np.random.default_rng(2), PAIRS.fulfilled()
    for row in range(40):
        for first in (True, False):
            for criterion in judge.propose(PAIRS, row, first, rng):
                one, other = held[row, :, CRITERIA.index(criterion)]
                assert (one > other) == first
