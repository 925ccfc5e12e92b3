"""Rubrics: the loop of proposing and checking, and the coding rate against determinants and brute force."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.rubric import both_orders, coding_rate, coding_rate_select, induce_rubric
from rewardsmith.measure.model.position_bias import PositionBias, position_bias


class Numbers:
    """Pairs of rows of numbers; a criterion ``k`` holds for what has the larger number in column k."""

    def __init__(self, values):
        self.values = np.asarray(values, float)

    def swapped(self):
        return Numbers(self.values[:, ::-1])


class Judge:
    """Proposes one column, then the next; compares by the sum of the columns, NaN where a number is missing."""

    def propose(self, pairs, row, first, rng):
        return ["0"]

    def refine(self, pairs, row, first, criteria, rng):
        return [str(int(criteria[0]) + 1)]

    def compare(self, pairs, rows, criteria, rng):
        held = pairs.values[rows][..., [int(each) for each in criteria]].sum(-1)
        return 0.5 + 0.5 * np.sign(held[:, 0] - held[:, 1])


PAIRS = Numbers(
    [[[1, 0, 5], [0, 0, 0]], [[0, 3, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 9]], [[9, 9, 9], [1, 1, 1]]]
)


def test_criteria_are_refined_until_they_are_right():
    found = induce_rubric(Judge(), PAIRS, [1, 1, 0, 0.5], np.random.default_rng(0), rounds=2)
    assert found.criteria == ("0", "1", "2")
    assert found.tries.tolist() == [1, 2, 3, 0]
    assert found.solved.tolist() == [True, True, True, False]


def test_what_stays_wrong_is_left_out_and_missing_labels_teach_nothing():
    found = induce_rubric(Judge(), PAIRS, [1, 1, 0, np.nan], np.random.default_rng(0), rounds=1)
    assert found.criteria == ("0", "1")
    assert found.solved.tolist() == [True, True, False, False]
    assert induce_rubric(Judge(), PAIRS, [np.nan] * 4, np.random.default_rng(0)).criteria == ()


def test_a_judge_that_prefers_a_place_solves_nothing():
    class Biased(Judge):
        def compare(self, pairs, rows, criteria, rng):
            return np.ones(len(rows))

        def refine(self, pairs, row, first, criteria, rng):
            return criteria

    found = induce_rubric(Biased(), PAIRS, [1, 1, 0, 1], np.random.default_rng(0))
    assert not found.solved.any()
    assert both_orders(Biased(), PAIRS, np.arange(4), ["0"], None).tolist() == [[1.0] * 4, [0.0] * 4]


def test_criteria_that_fail_on_other_pairs_are_dropped():
    # column 0 is right for the first pair and wrong for the others; column 1 is right for all but the first
    values = [[[1, 0], [0, 0]], *[[[0, 1], [1, 0]]] * 3]
    alone = induce_rubric(Judge(), Numbers(values), [1, 1, 1, 1], np.random.default_rng(0))
    assert alone.criteria == ("0", "1", "1", "1")
    checked = induce_rubric(Judge(), Numbers(values), [1, 1, 1, 1], np.random.default_rng(0), others=4)
    assert (checked.criteria, checked.dropped) == (("1", "1", "1"), 1)


def test_labels_must_be_labels():
    with pytest.raises(BadInput, match="NaN"):
        induce_rubric(Judge(), PAIRS, [1, 2, 0, 1], np.random.default_rng(0))


def test_the_coding_rate_is_that_of_the_singular_values():
    x = np.random.default_rng(0).normal(size=(7, 4))
    slow = np.sum(np.log(1 + np.linalg.svd(x, compute_uv=False) ** 2 / (0.3**2 * 7)))
    assert coding_rate(x, 0.3) == pytest.approx(slow)
    assert coding_rate(np.zeros((0, 4))) == 0.0


def test_the_selection_is_greedy_by_brute_force():
    x = np.random.default_rng(1).normal(size=(9, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    chosen = coding_rate_select(x, most=6)
    for k in range(6):
        rates = {i: coding_rate(x[[*chosen[:k], i]], 0.1, count=9) for i in range(9) if i not in chosen[:k]}
        assert rates[chosen[k]] == pytest.approx(max(rates.values()), abs=1e-9)
    assert coding_rate_select(3.0 * x, most=6) == chosen  # the length does not matter


def test_it_ends_where_nothing_is_gained():
    x = np.repeat(np.eye(3), 40, axis=0)
    chosen = coding_rate_select(x, least=0.6)
    assert sorted(i // 40 for i in chosen[:3]) == [0, 1, 2]
    assert len(chosen) < len(x)
    last = coding_rate(x[chosen], 0.1, len(x)) - coding_rate(x[chosen[:-1]], 0.1, len(x))
    assert last >= 0.6
    assert coding_rate(x[[*chosen, 0]], 0.1, len(x)) - coding_rate(x[chosen], 0.1, len(x)) < 0.6


@pytest.mark.parametrize("bad", [[[0.0, 0.0]], [[1.0, np.nan]]])
def test_failed_embeddings_are_refused(bad):
    with pytest.raises(BadInput, match="zero or not finite"):
        coding_rate_select(bad)


def test_position_bias_by_hand():
    assert position_bias([1, 0, 0.5, np.nan], [0, 1, 0.5, 1]) == PositionBias(0.0, 0.0, 3)
    always = position_bias(np.ones(5), np.ones(5))
    assert (always.flips, always.first) == (1.0, 0.5)
    with pytest.raises(BadInput, match="both verdicts"):
        position_bias([np.nan], [1.0])
    with pytest.raises(BadInput, match="0 to 1"):
        position_bias([2.0], [1.0])
