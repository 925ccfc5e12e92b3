"""Pictures of digits judged by a hidden rule of five criteria, and a judge with a bias in place of a model.

A picture is to show the digit that is wanted.  Thirty sentences can be checked on it; five of them are the
hidden rule, the others are patterns of pixels that mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import BadInput
from .digits import INK, load_digits

Floats = np.ndarray[Any, Any]
RULE = (
    "it looks like the digit that is wanted",
    "the amount of ink is moderate",
    "left and right mirror each other",
    "no dot stands alone",
    "the ink is centred",
)
DISTRACTORS = 25
CRITERIA = (*RULE, *(f"pattern{i} shows" for i in range(DISTRACTORS)))
WEIGHTS = np.array([3.0, 2.0, 1.5, 1.0, 1.0])
_PATTERNS = np.random.default_rng(11).normal(size=(64, DISTRACTORS))


@cache
def _templates() -> Floats:
    digits = load_digits()
    return np.stack([digits.images[digits.labels == d].mean(0) for d in range(10)])


@cache
def _medians() -> Floats:
    return np.median(load_digits().images @ _PATTERNS, axis=0)


def fulfilled(images: Floats, wanted: Floats) -> Floats:
    """Which of the 30 ``CRITERIA`` hold, ``(..., 30)`` of 0 and 1, for pictures ``(..., 64)`` in [0, 1]."""
    if images.shape[-1:] != (64,) or images.shape[:-1] != np.shape(wanted):
        raise BadInput("fulfilled", f"images {images.shape}, wanted {np.shape(wanted)}", "(..., 64) and (...)")
    picture = images.reshape(*images.shape[:-1], 8, 8)
    apart = np.sum((images[..., None, :] - _templates()) ** 2, axis=-1)
    total = images.sum(-1)
    ink = np.pad(picture > INK, [(0, 0)] * (picture.ndim - 2) + [(1, 1), (1, 1)])
    around = sum(
        np.roll(ink, (i, j), axis=(-2, -1)).astype(np.int64) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j
    )
    middle = np.arange(8) - 3.5
    size = np.maximum(total, 1e-9)
    x, y = (picture.sum(axis) @ middle / size for axis in (-2, -1))
    mirrored = np.abs(picture - picture[..., ::-1]).sum((-2, -1)) / size
    rule = [
        apart.argmin(-1) == wanted,
        (total > 17.0) & (total < 22.0),
        mirrored < 0.6,
        ~(ink & (around == 0)).any((-2, -1)),
        np.hypot(x, y) < 0.4,
    ]
    return np.concatenate([np.stack(rule, axis=-1), images @ _PATTERNS > _medians()], axis=-1).astype(
        np.float64
    )


def hidden_score(images: Floats, wanted: Floats) -> Floats:
    """What is really wanted, in [0, 1]: the weighted share of the five criteria of the rule."""
    return fulfilled(images, wanted)[..., : len(RULE)] @ WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class Pairs:
    """N pairs of pictures ``(N, 2, 64)`` of wanted digits ``(N,)``."""

    images: Floats
    wanted: Floats

    def swapped(self) -> Pairs:
        """The other order."""
        return Pairs(self.images[:, ::-1], self.wanted)

    def fulfilled(self) -> Floats:
        """Which criteria hold, ``(N, 2, 30)``."""
        return fulfilled(self.images, np.repeat(self.wanted[:, None], 2, axis=1))

    def gap(self) -> Floats:
        """By how much the first is better, ``(N,)``."""
        scores = hidden_score(self.images, np.repeat(self.wanted[:, None], 2, axis=1))
        return scores[:, 0] - scores[:, 1]


def draw_pairs(count: int, rng: np.random.Generator) -> Pairs:
    """Pairs of which one is better: digits, wanted or not, shifted, bolder or fainter, with stray dots."""
    digits, kept, total = load_digits(), list[tuple[Floats, Floats]](), 0
    while total < count:
        wanted = rng.integers(10, size=2 * count)
        any_class = rng.random((2 * count, 2)) < 0.4
        label = np.where(any_class, rng.integers(10, size=any_class.shape), wanted[:, None])
        number = np.bincount(digits.labels, minlength=10)
        place = (rng.random(label.shape) * number[label]).astype(np.int64)
        rows = np.argsort(digits.labels, kind="stable")[(np.cumsum(number) - number)[label] + place]
        picture = digits.images[rows].reshape(-1, 8, 8)
        shift = rng.integers(-1, 2, len(picture))
        picture = np.stack([np.roll(p, s, axis=1) for p, s in zip(picture, shift, strict=True)])
        picture = picture * rng.uniform(0.6, 1.2, (len(picture), 1, 1))
        dots = (rng.random(picture.shape) < 0.02) * rng.uniform(0.3, 1.0, picture.shape)
        made = Pairs(np.clip(np.maximum(picture, dots), 0, 1).reshape(-1, 2, 64), wanted)
        better = made.gap() != 0
        kept.append((made.images[better], wanted[better]))
        total += int(better.sum())
    images, wanted = (np.concatenate(each)[:count] for each in zip(*kept, strict=True))
    return Pairs(images, wanted)


@dataclass(frozen=True)
class StandInJudge:
    """Answers where a language model would (a ``learn.rubric.CriteriaJudge``); every result with it says so.

    Args:
        bias: how often it prefers the first place when it has no criteria.
        care: without criteria it sees each criterion of the rule with this probability, and patterns too.
        misread: how often it takes a criterion wrongly for a picture.
        words: how many criteria it proposes at a time.
    """

    bias: float = 0.15
    care: float = 0.5
    misread: float = 0.03
    words: int = 3

    def propose(self, pairs: Pairs, row: int, first: bool, rng: np.random.Generator) -> list[str]:
        """Some of the criteria that the better one fulfils and the other does not, true or not to the rule."""
        held = self._read(pairs, np.array([row]), rng)[0]
        better, other = (held[0], held[1]) if first else (held[1], held[0])
        apart = np.flatnonzero(better > other)
        chosen = rng.choice(apart, min(self.words, len(apart)), replace=False) if len(apart) else []
        return [CRITERIA[i] for i in chosen]

    def refine(
        self, pairs: Pairs, row: int, first: bool, criteria: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """Another proposal: it looks again."""
        del criteria
        return self.propose(pairs, row, first, rng)

    def compare(self, pairs: Pairs, rows: Any, criteria: Sequence[str], rng: np.random.Generator) -> Floats:
        """By the criteria, or by what it happens to look at, with a bias to the first place."""
        held = self._read(pairs, rows, rng)
        gap = held[:, 0] - held[:, 1]
        if criteria:
            chosen = [CRITERIA.index(each) for each in criteria]
            return 0.5 + 0.5 * np.sign(gap[:, chosen].sum(1))
        looked = gap * (rng.random(gap.shape) < np.where(np.arange(len(CRITERIA)) < len(RULE), self.care, 0.1))
        unsure = rng.integers(2, size=len(gap)).astype(float)
        verdict = np.where(looked.sum(1) == 0, unsure, looked.sum(1) > 0)
        return np.where(rng.random(len(gap)) < self.bias, 1.0, verdict)

    def _read(self, pairs: Pairs, rows: Any, rng: np.random.Generator) -> Floats:
        held = Pairs(pairs.images[rows], pairs.wanted[rows]).fulfilled()
        return np.where(rng.random(held.shape) < self.misread, 1.0 - held, held)


def pixel_features(pairs: Pairs) -> Floats:
    """What a model of pixels sees, ``(N, 128)``: differences of pixels, alone and times the wanted template."""
    apart = pairs.images[:, 0] - pairs.images[:, 1]
    return np.concatenate([apart, apart * _templates()[pairs.wanted]], axis=1)
