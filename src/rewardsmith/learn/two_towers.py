r"""A small image-text encoder that is trained from pairs of pictures and captions, in NumPy.

Pictures go through one hidden layer, captions are bags of words; both end as unit vectors of one space, and a
picture is to find its caption in the batch and the caption its picture (InfoNCE).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..terms.similarity import bag_of_words, words_of

Floats = np.ndarray[Any, np.dtype[np.float64]]
Weights = dict[str, Floats]


@dataclass(frozen=True)
class Contrastive:
    """How the towers are trained: Adam on symmetric InfoNCE.

    Args:
        hidden, width: units of the hidden layer, dimensions of the space.
        steps, batch, rate: of Adam, the rate falling to 0 along a half cosine.
        scale: of the cosines before the softmax, 1 / temperature.
    """

    hidden: int = 64
    width: int = 16
    steps: int = 400
    batch: int = 64
    rate: float = 3e-3
    scale: float = 10.0

    def __post_init__(self) -> None:
        if min(self.hidden, self.width, self.batch) < 1 or self.steps < 0:
            raise BadInput("Contrastive", self, "sizes of at least 1, steps >= 0")
        if not self.rate > 0 or not self.scale > 0:
            raise BadInput("Contrastive", f"rate {self.rate}, scale {self.scale}", "> 0")


@dataclass(frozen=True, eq=False)
class TwoTowers:
    """A trained encoder (an ``ImageTextEncoder``).

    Args:
        vocabulary: the words that it knows; others are not counted.
        weights: ``mean (I,)`` of the pictures, ``inner (I, H)``, ``bias (H,)``, ``outer (H, D)``,
            ``words (V, D)``.
    """

    vocabulary: tuple[str, ...]
    weights: Weights

    def images(self, pixels: Any) -> Floats:
        """``(N, H, W, 3)`` of 0..255 -> ``(N, D)``."""
        return _image_tower(self.weights, grey(pixels))[1]

    def texts(self, texts: Sequence[str]) -> Floats:
        """M sentences -> ``(M, D)``.

        Raises:
            BadInput: a sentence has no word that the encoder knows.
        """
        counts = bag_of_words(texts, self.vocabulary)
        for text, row in zip(texts, counts, strict=True):
            if not row.any():
                raise BadInput("sentence", repr(text), f"words of {', '.join(self.vocabulary)}")
        return counts @ self.weights["words"]


def grey(pixels: Any) -> Floats:
    """Pictures ``(N, H, W, 3)`` of 0..255 as rows ``(N, H W)`` of darkness in [0, 1]."""
    pixels = np.asarray(pixels, np.float64)
    return 1.0 - pixels.mean(-1).reshape(len(pixels), -1) / 255.0


def fit_two_towers(
    pixels: Any, captions: Sequence[str], config: Contrastive, rng: np.random.Generator
) -> TwoTowers:
    """Train on N pictures ``(N, H, W, 3)`` with a caption each.

    Two pictures of a batch with one caption count as wrong for each other, as in CLIP.

    Source: Radford et al., arXiv:2103.00020 (the loss).
    Differs from the paper: the temperature is fixed, and captions are bags of words.
    """
    if len(pixels) != len(captions) or not len(captions):
        raise BadInput("pairs", f"{len(pixels)} pictures, {len(captions)} captions", "as many of each, not 0")
    vocabulary = tuple(sorted({word for text in captions for word in words_of(text)}))
    pictures, counts = grey(pixels), bag_of_words(captions, vocabulary)
    weights = _start(pictures.mean(0), len(vocabulary), config, rng)
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    size = min(config.batch, len(captions))
    for step in range(1, config.steps + 1):
        rows = rng.choice(len(captions), size, replace=False)
        _, slopes = contrastive_loss(weights, pictures[rows], counts[rows], config.scale)
        rate = 0.5 * config.rate * (1.0 + np.cos(np.pi * (step - 1) / config.steps))
        for name, slope in slopes.items():
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.99 * second[name] + 0.01 * slope**2
            move = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.99**step)) + 1e-8)
            weights[name] = weights[name] - rate * move
    return TwoTowers(vocabulary, weights)


def contrastive_loss(weights: Weights, pictures: Floats, counts: Floats, scale: float) -> tuple[float, Weights]:
    r"""Symmetric InfoNCE of one batch of n pairs, and its gradient.

    -1/(2n) \sum_i [log softmax_row(S)_ii + log softmax_column(S)_ii], S = scale * cosines (pictures, captions).
    """
    inner, outer = _image_tower(weights, pictures)
    words = counts @ weights["words"]
    (x, x_size), (y, y_size) = _scaled(outer), _scaled(words)
    similar, n = scale * x @ y.T, len(pictures)
    rows, columns = _softmax(similar, 1), _softmax(similar, 0)
    diagonal = np.arange(n)
    picked = np.log(rows[diagonal, diagonal]) + np.log(columns[diagonal, diagonal])
    slope = scale * (rows + columns - 2.0 * np.eye(n)) / (2.0 * n)
    to_outer, to_words = _unscaled(slope @ y, x, x_size), _unscaled(slope.T @ x, y, y_size)
    to_inner = (to_outer @ weights["outer"].T) * (inner > 0)
    slopes = {
        "inner": (pictures - weights["mean"]).T @ to_inner,
        "bias": to_inner.sum(0),
        "outer": inner.T @ to_outer,
        "words": counts.T @ to_words,
    }
    return float(-picked.mean() / 2.0), slopes


def _start(mean: Floats, words: int, config: Contrastive, rng: np.random.Generator) -> Weights:
    sizes = (len(mean), config.hidden, config.width)
    return {
        "mean": mean,
        "inner": rng.normal(size=sizes[:2]) * np.sqrt(2.0 / sizes[0]),
        "bias": np.zeros(sizes[1]),
        "outer": rng.normal(size=sizes[1:]) * np.sqrt(1.0 / sizes[1]),
        "words": rng.normal(size=(words, sizes[2])),
    }


def _image_tower(weights: Weights, pictures: Floats) -> tuple[Floats, Floats]:
    inner = np.maximum((pictures - weights["mean"]) @ weights["inner"] + weights["bias"], 0.0)
    return inner, inner @ weights["outer"]


def _scaled(vectors: Floats) -> tuple[Floats, Floats]:
    size = np.sqrt(np.sum(vectors**2, axis=-1, keepdims=True)) + 1e-12
    return vectors / size, size


def _unscaled(slope: Floats, direction: Floats, size: Floats) -> Floats:
    """The gradient before the scaling to length 1."""
    return (slope - direction * np.sum(slope * direction, axis=-1, keepdims=True)) / size


def _softmax(values: Floats, axis: int) -> Floats:
    powers = np.exp(values - values.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
