"""Annotators: their labels against the probabilities they state, and each kind of noise by itself."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.feedback.annotator import Annotator

GAPS = np.repeat([-2.0, -0.3, 0.0, 0.3, 2.0], 20_000)


def shares(annotator: Annotator) -> np.ndarray:
    return annotator.label(GAPS, np.random.default_rng(0)).reshape(5, -1).mean(1)


@pytest.mark.parametrize("annotator", [Annotator(), Annotator(temperature=0.4), Annotator(flip=0.2)])
def test_labels_come_with_the_stated_probability(annotator):
    clean = 1 / (1 + np.exp(-np.unique(GAPS) / annotator.temperature))
    stated = clean * (1 - annotator.flip) + (1 - clean) * annotator.flip
    np.testing.assert_allclose(annotator.probability(np.unique(GAPS)), stated, atol=1e-12)
    np.testing.assert_allclose(shares(annotator), stated, atol=0.012)  # 3 s.e. of 20,000 draws


def test_hard_never_errs_and_ties_only_at_equality():
    np.testing.assert_array_equal(shares(Annotator("hard")), [0, 0, 0.5, 1, 1])
    np.testing.assert_array_equal(Annotator("hard").probability([-1.0, 2.0]), [0, 1])
    assert set(Annotator("hard").label(np.zeros(9), np.random.default_rng(0))) == {0.5}
    np.testing.assert_allclose(shares(Annotator("hard", flip=0.1)), [0.1, 0.1, 0.5, 0.9, 0.9], atol=0.01)


def test_ties_and_skipped_pairs():
    rng = np.random.default_rng(1)
    label = Annotator(tie=0.31, flip=0.5).label(GAPS, rng).reshape(5, -1)
    assert (label[1:4] == 0.5).all()
    assert set(label[[0, 4]].ravel()) == {0.0, 1.0}
    assert np.isnan(Annotator(tie=0.31).probability([0.1])).all()
    skipped = Annotator(skip=0.25).label(GAPS, rng)
    assert np.isnan(skipped).mean() == pytest.approx(0.25, abs=0.006)
    assert set(skipped[~np.isnan(skipped)]) == {0.0, 1.0}
    np.testing.assert_array_equal(np.isnan(Annotator().label([np.nan, 1.0], rng)), [True, False])


def test_one_number_changes_only_what_it_is_about():
    seeds = [np.random.default_rng(5) for _ in range(3)]
    plain = Annotator().label(GAPS, seeds[0])
    skipping = Annotator(skip=0.3).label(GAPS, seeds[1])
    flipping = Annotator(flip=0.3).label(GAPS, seeds[2])
    kept = ~np.isnan(skipping)
    np.testing.assert_array_equal(skipping[kept], plain[kept])
    assert (flipping != plain).mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Annotator("soft"),
        lambda: Annotator(temperature=0.0),
        lambda: Annotator(flip=1.1),
        lambda: Annotator(skip=-0.1),
        lambda: Annotator(tie=np.nan),
        lambda: Annotator().label([np.inf], np.random.default_rng(0)),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
