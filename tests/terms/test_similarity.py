"""Similarity terms against slow loops, and what they cannot see."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from rewardsmith.terms.similarity import bag_of_words, bmas, centred_bmas, cosine, word_cosine
from rewardsmith.testing import check_reward


def slow_bmas(x: np.ndarray, y: np.ndarray) -> float:
    x = np.array([row for row in x if not np.isnan(row).any() and np.linalg.norm(row) > 0])
    y = np.array([row for row in y if not np.isnan(row).any() and np.linalg.norm(row) > 0])
    if len(x) == 0 or len(y) == 0:
        return np.nan
    table = [[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in y] for a in x]
    forth = np.mean([max(row) for row in table])
    back = np.mean([max(row[j] for row in table) for j in range(len(y))])
    return (forth + back) / 2


def some(seed: int, count: int = 12) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(count, 5, 3)), rng.normal(size=(count, 4, 3))
    x[rng.random((count, 5)) < 0.3] = np.nan  # padding
    y[rng.random((count, 4)) < 0.1] = 0.0
    x[0] = np.nan
    y[1] = 0.0
    return {"embeddings": x, "reference_embeddings": y}


def test_bmas_of_a_slow_loop():
    batch = some(0)
    expected = [slow_bmas(x, y) for x, y in zip(*batch.values(), strict=True)]
    np.testing.assert_allclose(bmas(batch), expected)
    assert np.isnan(expected[:2]).all()
    centre = np.random.default_rng(1).normal(size=(12, 3))
    expected = [slow_bmas(x - c, y - c) for x, y, c in zip(*batch.values(), centre, strict=True)]
    np.testing.assert_allclose(centred_bmas({**batch, "embedding_centre": centre}), expected)


def test_what_bmas_is_blind_to():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(1, 6, 8)), rng.normal(size=(1, 5, 8))
    value = bmas({"embeddings": x, "reference_embeddings": y})
    shuffled = bmas({"embeddings": x[:, rng.permutation(6)], "reference_embeddings": y})
    np.testing.assert_allclose(shuffled, value, rtol=1e-12)
    # saying a good word five times more raises the score of a poor answer
    best = np.argmax(x[0] @ y[0].T / np.linalg.norm(x[0], axis=1)[:, None] / np.linalg.norm(y[0], axis=1)) // 5
    repeated = np.concatenate([x, np.repeat(x[:, best : best + 1], 5, axis=1)], axis=1)
    assert bmas({"embeddings": repeated, "reference_embeddings": y}) > value


def test_a_common_direction_hides_differences_until_it_is_taken_away():
    rng = np.random.default_rng(3)
    offset = 5.0 * np.ones(16)
    table = rng.normal(size=(50, 16)) + offset
    x, y = table[rng.integers(0, 50, (40, 6))], table[rng.integers(0, 50, (40, 6))]
    batch = {
        "embeddings": x,
        "reference_embeddings": y,
        "embedding_centre": np.broadcast_to(table.mean(0), (40, 16)),
    }
    assert bmas(batch).min() > 0.9  # unrelated texts, all of them "similar"
    assert centred_bmas(batch).max() < 0.9


def test_cosine_of_vectors():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(6, 5)), rng.normal(size=(6, 5))
    a[2] = 0.0
    a[3] = np.nan
    found = cosine({"vector": a, "reference_vector": b})
    expected = [x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x, y in zip(a, b, strict=True) if x.any()]
    np.testing.assert_allclose(np.delete(found, 2), expected)
    assert np.isnan(found[2:4]).all()


def test_cosine_of_words():
    texts = ["The four, the tall one", "one", "", "nothing in common", None]
    reference = "the four is tall"
    found = word_cosine({"completion": texts, "reference": [reference] * 5})
    a, b = Counter(["the", "four", "the", "tall", "one"]), Counter(reference.split())
    expected = sum(a[w] * b[w] for w in a) / np.sqrt(
        sum(v * v for v in a.values()) * sum(v * v for v in b.values())
    )
    np.testing.assert_allclose(found, [expected, 0.0, np.nan, 0.0, np.nan])
    # a list of key words is as good as the sentence
    assert word_cosine({"completion": ["tall is four the"], "reference": [reference]})[0] == pytest.approx(1.0)
    counts = bag_of_words(["the four the tall one", reference], ["the", "four", "tall", "one", "is"])
    assert counts.tolist() == [[2, 1, 1, 1, 0], [1, 1, 1, 0, 1]]


@pytest.mark.parametrize("term", [bmas, centred_bmas, cosine])
def test_laws_and_three_libraries(term):
    import jax.numpy as jnp
    import torch

    batch = {k: v.astype(np.float32) for k, v in some(5).items()}
    batch["embedding_centre"] = np.ones((12, 3), np.float32)
    batch |= {"vector": batch["embeddings"][:, 0], "reference_vector": batch["reference_embeddings"][:, 0]}
    batch = {name: batch[name] for name in term.fields} | {"terminated": np.ones(12, bool)}
    check_reward(term, batch, [term])
    for make in (jnp.asarray, torch.tensor):
        given = {name: make(value) for name, value in batch.items()}
        np.testing.assert_allclose(np.asarray(term(given)), term(batch), rtol=1e-4, atol=1e-6)
