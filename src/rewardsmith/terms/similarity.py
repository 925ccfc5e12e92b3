"""Similarity of vectors and of words: what an open answer is worth beside a reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import Array, xp
from ..core.term import term
from .texts import Floats, per_text

_WORD = re.compile(r"\w+")
_BMAS = "Xu et al. 2025, 'Mixed-R1', arXiv:2505.24164 (bidirectional max-average similarity)"


def words_of(text: str) -> list[str]:
    """Words in lower case, without punctuation.

    Example:
        >>> words_of("A four, tall.")
        ['a', 'four', 'tall']
    """
    return _WORD.findall(text.lower())


def bag_of_words(texts: Sequence[str], vocabulary: Sequence[str]) -> Floats:
    """How often each word of the vocabulary occurs, ``(N, V)``; other words are not counted.

    Example:
        >>> bag_of_words(["a four, a five"], ["a", "four", "six"]).tolist()
        [[2.0, 1.0, 0.0]]
    """
    place = {word: i for i, word in enumerate(vocabulary)}
    counts = np.zeros((len(texts), len(place)))
    for row, text in enumerate(texts):
        for word in words_of(text):
            if word in place:
                counts[row, place[word]] += 1.0
    return counts


@term(low=0.0, high=1.0)
def word_cosine(completion: Any, reference: Any) -> Floats:
    r"""Cosine of the word counts of two texts: \sum_w a_w b_w / (|a| |b|).

    It sees neither order nor grammar, so the bare list of the reference's words scores like the reference.
    NaN where a text has no words (the cosine of a zero vector is undefined) or is None.

    Example:
        >>> word_cosine({"completion": ["four a", "five"], "reference": ["a four", "a four"]}).round(6).tolist()
        [1.0, 0.0]
    """

    def score(text: str, expected: str) -> float | None:
        ours, theirs = words_of(text), words_of(expected)
        if not ours or not theirs:
            return None
        vocabulary = sorted({*ours, *theirs})
        a, b = bag_of_words([text, expected], vocabulary)
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    return per_text(score, completion=completion, reference=reference)


@term(low=-1.0, high=1.0)
def cosine(vector: Array, reference_vector: Array) -> Array:
    r"""\sum_d a_d b_d / (|a| |b|) over the last axis, ``(..., D)``; NaN for a zero vector.

    Example:
        >>> ours, theirs = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
        >>> cosine({"vector": ours, "reference_vector": theirs}).round(4).tolist()
        [0.7071, nan]
    """
    lib = xp(vector, reference_vector)
    both = lib.sum(vector * reference_vector, axis=-1)
    size = lib.sqrt(lib.sum(vector**2, axis=-1) * lib.sum(reference_vector**2, axis=-1))
    return lib.where(size > 0, both / lib.where(size > 0, size, 1.0), lib.nan)


@term(low=-1.0, high=1.0, source=_BMAS)
def bmas(embeddings: Array, reference_embeddings: Array) -> Array:
    r"""Bidirectional max-average similarity of two sets of token embeddings.

    S_ij = cosine(x_i, y_j);  1/2 [mean_i max_j S_ij + mean_j max_i S_ij].  The first half is precision (what is
    said is in the reference), the second recall.

    Args:
        embeddings: ``(..., n, D)``, tokens of the answer; a NaN row is padding, a zero row has no direction and
            is left out too.
        reference_embeddings: ``(..., m, D)``.

    NaN where either side has no token.  It is blind to order and to negation, and repeating a good word lowers
    neither maximum.  Static embeddings have a common direction that lifts every cosine: use ``centred_bmas``.
    Follow it by ``Clip(0, 1)`` where other rewards lie in [0, 1].

    Source: Xu et al. 2025, "Mixed-R1".

    Example:
        >>> x, y = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[[1.0, 0.0]]])
        >>> bmas({"embeddings": x, "reference_embeddings": y}).tolist()
        [0.75]
    """
    lib = xp(embeddings, reference_embeddings)
    ours, known = _directions(lib, embeddings)
    theirs, expected = _directions(lib, reference_embeddings)
    similar = lib.sum(ours[..., :, None, :] * theirs[..., None, :, :], axis=-1)
    both = known[..., :, None] & expected[..., None, :]
    similar = lib.where(both, similar, -2.0)  # below every cosine
    precision = _mean(lib, lib.max(similar, axis=-1), known)
    recall = _mean(lib, lib.max(similar, axis=-2), expected)
    some = lib.any(known, axis=-1) & lib.any(expected, axis=-1)
    return lib.where(some, 0.5 * (precision + recall), lib.nan)


@term(low=-1.0, high=1.0, source=_BMAS)
def centred_bmas(embeddings: Array, reference_embeddings: Array, embedding_centre: Array) -> Array:
    """``bmas`` of embeddings less ``embedding_centre (..., D)``, usually the mean of the embedding table.

    Example:
        >>> x, y = np.array([[[1.0, 9.0]]]), np.array([[[-1.0, 9.0]]])
        >>> batch = {"embeddings": x, "reference_embeddings": y, "embedding_centre": np.array([[0.0, 9.0]])}
        >>> centred_bmas(batch).tolist(), bmas(batch).round(3).tolist()
        ([-1.0], [0.976])
    """
    middle = embedding_centre[..., None, :]
    return bmas.function(embeddings - middle, reference_embeddings - middle)


def _directions(lib: Any, rows: Array) -> tuple[Array, Array]:
    """Rows of length 1, and which of them have a direction."""
    size = lib.sqrt(lib.sum(rows**2, axis=-1))
    known = size > 0  # False for NaN too
    unit = lib.where(known[..., None], rows, 0.0) / lib.where(known, size, 1.0)[..., None]
    return unit, known


def _mean(lib: Any, values: Array, known: Array) -> Array:
    count = lib.sum(lib.where(known, lib.ones_like(values), 0.0), axis=-1)
    return lib.sum(lib.where(known, values, 0.0), axis=-1) / lib.where(count > 0, count, 1.0)
