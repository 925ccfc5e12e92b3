"""Canned answers: gold against a slow loop, and that they tempt a scorer as they say."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.canned import FACTS, STYLES, canned_answers, coverage_and_order
from rewardsmith.terms import cosine


def test_gold_of_a_slow_loop():
    rng = np.random.default_rng(0)
    for _ in range(200):
        facts = rng.permutation(9)[:4].tolist()
        said = rng.integers(0, 9, rng.integers(0, 8)).tolist()
        covered = sum(fact in said for fact in facts) / 4
        followed = 0
        for i in range(3):
            followed += any(said[j] == facts[i] and said[j + 1] == facts[i + 1] for j in range(len(said) - 1))
        assert coverage_and_order(said, facts) == pytest.approx(0.5 * covered + 0.5 * followed / 3)
    assert coverage_and_order([1, 2, 3], [1, 2, 3]) == 1.0


@pytest.mark.parametrize(("keeps", "tempting"), [(0.95, True), (0.6, False)])
def test_key_words_are_overrated_or_not(keeps: float, tempting: bool):
    canned = canned_answers(np.random.default_rng(1), 30, 60, keeps)
    score = cosine({"vector": canned.words, "reference_vector": canned.reference_words})
    by_style = {name: canned.style == i for i, name in enumerate(STYLES)}
    assert all(here.any() for here in by_style.values())
    of = {name: np.nanmean(score[here]) for name, here in by_style.items()}
    worth = {name: canned.gold[here].mean() for name, here in by_style.items()}
    assert max(worth, key=worth.__getitem__) == "sentence"
    assert (max(of, key=of.__getitem__) == "key words") == tempting
    assert (canned.reference_words.sum(-1) == FACTS).all()


def test_the_same_seed_gives_the_same_answers():
    first, second = (canned_answers(np.random.default_rng(3), 4, 5) for _ in range(2))
    np.testing.assert_array_equal(first.words, second.words)
    np.testing.assert_array_equal(first.gold, second.gold)
    with pytest.raises(BadInput, match="keeps"):
        canned_answers(np.random.default_rng(0), 1, 1, keeps=1.5)
