"""Flips, contrast instructions and kappa, against loops and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.model.agreement import cohen_kappa, contrast_consistency, preference_flip_rate

MARGINS = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.5, 1.0]), min_size=9, max_size=9)


@settings(max_examples=50, deadline=None)
@given(MARGINS, MARGINS)
def test_flips_by_a_loop(one, other):
    decided = [(a, b) for a, b in zip(one, other, strict=True) if a and b]
    if not decided:
        with pytest.raises(BadInput, match="none with a verdict"):
            preference_flip_rate(one, other)
        return
    got = preference_flip_rate(one, other)
    assert got.mean == pytest.approx(np.mean([(a > 0) != (b > 0) for a, b in decided]))
    assert (got.n, got.missing) == (len(decided), 9 - len(decided))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=20))
def test_kappa_is_that_of_scikit_learn(rows):
    one, other = zip(*rows, strict=True)
    got = cohen_kappa(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


def test_independent_models_flip_but_have_no_kappa():
    rng = np.random.default_rng(0)
    right = np.where(rng.random((2, 50_000)) < 0.8, 1.0, -1.0)
    assert preference_flip_rate(*right).mean == pytest.approx(2 * 0.8 * 0.2, abs=0.01)
    assert cohen_kappa(*right) == pytest.approx(0, abs=0.01)
    assert cohen_kappa(["a", "b"], ["a", "b"]) == 1


def test_contrast_by_a_loop():
    scores = np.random.default_rng(1).integers(0, 3, (40, 2, 2)).astype(float)
    beats = {True: 1.0, False: 0.0}

    def half(x, y):
        return 0.5 if x == y else beats[x > y]

    flips, response, instruction = [], [], []
    for (a, b), (c, d) in scores:
        flips.append(a > b and d > c)
        response += [half(a, b), half(d, c)]
        instruction += [half(a, c), half(d, b)]
    got = contrast_consistency(scores)
    assert got.flips.mean == pytest.approx(np.mean(flips))
    assert got.response.mean == pytest.approx(np.mean(response))
    assert got.instruction.mean == pytest.approx(np.mean(instruction))


def test_a_model_that_does_not_read_the_instruction():
    answers = np.random.default_rng(2).normal(size=(30, 1, 2)).repeat(2, axis=1)
    got = contrast_consistency(answers)
    assert (got.flips.mean, got.response.mean, got.instruction.mean) == (0, 0.5, 0.5)
    reads = np.broadcast_to(np.eye(2), (30, 2, 2))
    assert contrast_consistency(reads).flips.mean == 1
    assert "flips 1" in str(contrast_consistency(reads))


def test_missing_scores():
    scores = np.random.default_rng(3).normal(size=(5, 2, 2))
    scores[3, 1, 0] = np.nan
    with pytest.raises(BadInput, match="NaN at item 3"):
        contrast_consistency(scores)
    assert contrast_consistency(scores, drop_nan=True).flips.missing == 1
    with pytest.raises(BadInput, match="NaN at item 1"):
        preference_flip_rate([1.0, np.nan], [1.0, 1.0])
    assert preference_flip_rate([1.0, np.nan], [1.0, 1.0], drop_nan=True).missing == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: contrast_consistency(np.zeros((3, 2))),
        lambda: cohen_kappa([], []),
        lambda: cohen_kappa([1, 2], [1]),
        lambda: cohen_kappa([1.0, np.nan], [1.0, 1.0]),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
