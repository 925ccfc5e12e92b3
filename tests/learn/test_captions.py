"""Judges of captions against scikit-learn, and on texts they have not seen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from rewardsmith.core.errors import BadInput
from rewardsmith.learn.captions import bag_of_words, fit_caption_ranking, fit_captions, vocabulary

TEXTS = [
    f"{verb} the {noun} {n}"
    for verb in ("opens", "locks", "sees")
    for noun in ("door", "box")
    for n in range(4)
]
GOOD = np.array([text.startswith("opens") or "locks the box" in text for text in TEXTS], float)


def test_the_bag_is_that_of_scikit_learn() -> None:
    counter = CountVectorizer(binary=True, token_pattern=r"[a-z0-9]+")
    expected = counter.fit_transform(TEXTS).toarray()
    assert vocabulary(TEXTS) == tuple(counter.get_feature_names_out())
    np.testing.assert_array_equal(bag_of_words(TEXTS, vocabulary(TEXTS))[:, :-1], expected)


def test_the_classifier_is_that_of_scikit_learn() -> None:
    x = bag_of_words(TEXTS, vocabulary(TEXTS))
    other = LogisticRegression(C=1 / (0.01 * len(x)), fit_intercept=False, tol=1e-10).fit(x, GOOD)
    found = fit_captions(TEXTS, GOOD)
    np.testing.assert_allclose(found.weights, other.coef_[0], atol=1e-5)
    np.testing.assert_allclose(found.probability(TEXTS), other.predict_proba(x)[:, 1], atol=1e-5)


def test_unknown_words_count_nothing_and_unlabelled_texts_are_left_out() -> None:
    found = fit_captions(TEXTS, GOOD)
    assert found.score(["opens the marvellous door 1"]) == pytest.approx(found.score(["opens the door 1"]))
    gaps = np.where(np.arange(len(TEXTS)) < 8, GOOD, np.nan)
    some = fit_captions(TEXTS, gaps)
    assert some.score(["locks"]) == pytest.approx(some.score(["sees"]))  # neither word has a label


def test_the_ranker_orders_as_its_pairs_do_and_has_no_constant() -> None:
    rng = np.random.default_rng(0)
    worth = {"opens": 2.0, "locks": 0.0, "sees": -2.0}
    first, second = rng.choice(TEXTS, (2, 4000))
    gap = np.array([worth[a.split()[0]] - worth[b.split()[0]] for a, b in zip(first, second, strict=True)])
    labels = (rng.random(4000) < 1 / (1 + np.exp(-gap))).astype(float)
    found = fit_caption_ranking(list(first), list(second), labels, l2=1e-4)
    scores = found.score(["opens", "locks", "sees"])
    assert scores[0] > scores[1] > scores[2]
    assert scores[0] - scores[2] == pytest.approx(4.0, abs=0.5)
    assert found.weights[-1] == pytest.approx(0.0, abs=1e-12)


def test_refusals() -> None:
    with pytest.raises(BadInput):
        fit_caption_ranking(["a"], ["b", "c"], [1.0])
    with pytest.raises(BadInput):
        fit_captions(["a"], [np.nan])
