r"""Alignment testbeds: enumerated answers with a known gold reward, so that every number is an exact sum.

A policy is a table of log-probabilities ``(M, A)``: M prompts, A answers.  Log-linear policies
``log_softmax(reference_logp + features @ w)`` generalise from the pairs they saw to answers they did not,
which a table of free logits cannot; ``optimize.bandit.Arms`` holds either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..feedback.annotator import Annotator

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
FLATTERY = 3  # the token of ``seq`` that pays once


@dataclass(frozen=True)
class Pairs:
    """N comparisons: numbers of a prompt and of two answers to it, ``(N,)`` each, and labels when given.

    A label is P(the first is preferred): 1, 0, 0.5 for a tie, NaN for a pair nobody labelled.
    """

    prompt: Whole
    first: Whole
    second: Whole
    label: Floats

    def __len__(self) -> int:
        return len(self.prompt)


@dataclass(frozen=True, eq=False)
class AlignBed:
    """One world, as ``seq``, ``lin`` and ``game`` make it.

    Args:
        reference_logp: ``(M, A)`` log-probabilities of the policy that training starts from.
        gold: ``(M, A)`` what the answers are really worth.
        features: ``(M, A, F)`` what a log-linear policy or reward model sees; None where there is nothing.
        tokens: ``(A, T)`` the answers as sequences; None where they are not.
        skew: ``(A, A)`` antisymmetric logits of preference, where preferences are not differences of gold.
    """

    reference_logp: Floats
    gold: Floats
    features: Floats | None = None
    tokens: Whole | None = None
    skew: Floats | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.reference_logp)
        if len(shape) != 2 or np.shape(self.gold) != shape or shape[1] < 2:
            received = f"reference {shape}, gold {np.shape(self.gold)}"
            raise BadInput("AlignBed", received, "both (prompts, answers), two answers or more")
        if not np.allclose(np.exp(self.reference_logp).sum(-1), 1):
            raise BadInput("AlignBed.reference_logp", "rows that do not sum to 1", "log-probabilities")
        if self.features is not None and self.features.shape[:2] != shape:
            raise BadInput("AlignBed.features", f"shape {self.features.shape}", f"{shape} in front")
        if self.skew is not None and not (
            self.skew.shape == (shape[1], shape[1]) and np.allclose(self.skew, -self.skew.T)
        ):
            raise BadInput("AlignBed.skew", f"shape {self.skew.shape}", "antisymmetric (answers, answers)")

    @property
    def prompts(self) -> int:
        """M."""
        return self.gold.shape[0]

    @property
    def answers(self) -> int:
        """A."""
        return self.gold.shape[1]

    def gap(self, prompt: Any, first: Any, second: Any) -> Floats:
        """By how much the first answer is better, in logits of preference; what an ``Annotator`` labels."""
        if self.skew is not None:
            return self.skew[first, second]
        return self.gold[prompt, first] - self.gold[prompt, second]

    def preferences(self, temperature: float = 1.0) -> Floats:
        """``P[m, i, j]``, the probability that i is preferred to j, ``(M, A, A)``; 1/2 on the diagonal."""
        gap = self.gold[:, :, None] - self.gold[:, None, :] if self.skew is None else self.skew[None]
        return np.broadcast_to(0.5 + 0.5 * np.tanh(0.5 * gap / temperature), (self.prompts, *gap.shape[1:]))

    def value(self, log_policy: Floats) -> float:
        """Mean gold reward of a policy ``(M, A)``, exactly."""
        return float(np.sum(np.exp(log_policy) * self.gold, axis=-1).mean())

    def win_rate(self, log_policy: Floats, log_rival: Floats | None = None, temperature: float = 1.0) -> float:
        """Probability that an answer of the policy is preferred to one of the rival (the reference)."""
        rival = np.exp(self.reference_logp if log_rival is None else log_rival)
        wins = np.einsum("ma,mab,mb->m", np.exp(log_policy), self.preferences(temperature), rival)
        return float(wins.mean())

    def pairs(
        self, count: int, rng: np.random.Generator, annotator: Annotator | None = None, log_policy: Any = None
    ) -> Pairs:
        """Two different answers to a uniformly drawn prompt, N times, and what the annotator says of them.

        Args:
            annotator: NaN labels without one.
            log_policy: ``(M, A)`` that the answers are drawn from; the reference by default.  A prompt whose
                row is NaN is never asked.
        """
        chances = np.exp(self.reference_logp if log_policy is None else np.asarray(log_policy, np.float64))
        asked = np.flatnonzero(~np.isnan(chances).any(-1))
        if count < 1 or not len(asked) or chances.shape != self.gold.shape:
            raise BadInput("pairs", f"{count} from {chances.shape}", f"1 or more, from {self.gold.shape}")
        prompt = asked[rng.integers(len(asked), size=count)]
        first, second = two_different(chances, prompt, rng)
        gap = self.gap(prompt, first, second)
        label = np.full(count, np.nan) if annotator is None else annotator.label(gap, rng)
        return Pairs(prompt, first, second, label)


def seq(
    seed: int,
    length: int = 5,
    vocabulary: int = 4,
    flattery: float = 2.0,
    excess: float = 2.5,
    contexts: int = 1,
) -> AlignBed:
    """All sequences of a few tokens, judged by a reward that log-linear models cannot represent.

    ``gold = 0.5 (standardised linear part) + flattery min(n, 1) - excess max(n - 1, 0)``, where n counts the
    flattering token 3: one pays, more do harm.  References avoid it, so that pairs drawn from them show that
    it pays, and what a linear learner extrapolates from that is wrong.

    Args:
        length, vocabulary: of the sequences; features are position unigrams and, times 1/2, bigram counts.
        excess: ``-flattery`` makes gold linear in the features, so that nothing can be misjudged.
        contexts: M prompts with three numbers each, to which the linear part is sensitive; features are then
            the products with 1 and these numbers.

    Example:
        >>> bed = seq(0)
        >>> bed.gold.shape, bed.features.shape, round(float(np.exp(bed.reference_logp).sum()), 12)
        ((1, 1024), (1, 1024, 36), 1.0)
    """
    if length < 2 or vocabulary <= FLATTERY or contexts < 1 or vocabulary**length > 2**16:
        received = f"length={length}, vocabulary={vocabulary}, contexts={contexts}"
        allowed = (
            f"2 or more tokens of {FLATTERY + 1} or more kinds, 1 or more contexts, 65536 sequences at most"
        )
        raise BadInput("seq", received, allowed)
    rng = np.random.default_rng(seed)
    tokens = np.array(list(product(range(vocabulary), repeat=length)), np.int64)
    one_hot = np.eye(vocabulary)[tokens]
    bigrams = np.einsum("atv,atw->avw", one_hot[:, :-1], one_hot[:, 1:])
    phi = np.concatenate([one_hot.reshape(len(tokens), -1), 0.5 * bigrams.reshape(len(tokens), -1)], axis=1)
    count = (tokens == FLATTERY).sum(1)
    theta, tilt = rng.normal(size=phi.shape[1]), 0.3 * rng.normal(size=phi.shape[1])
    features = np.broadcast_to(phi, (1, *phi.shape))
    if contexts > 1:
        known = np.column_stack([np.ones(contexts), rng.normal(size=(contexts, 3))])
        theta = np.concatenate([theta, rng.normal(size=3 * phi.shape[1])])
        features = np.einsum("mc,af->macf", known, phi).reshape(contexts, len(tokens), -1)
    linear = features @ theta
    linear = (linear - linear.mean(-1, keepdims=True)) / linear.std(-1).mean()
    gold = 0.5 * linear + flattery * np.minimum(count, 1) - excess * np.maximum(count - 1, 0)
    reference = np.broadcast_to(_log_softmax(phi @ tilt - 2.0 * count), gold.shape)
    return AlignBed(np.array(reference), gold, features, tokens)


def lin(seed: int, answers: int = 200, features: int = 8, norm: float = 2.0) -> AlignBed:
    """Answers with random features ``(1, A, F)`` and a gold reward that is linear in them; uniform reference.

    ``gold = features @ theta`` with ``|theta| = norm`` in a random direction, features standard normal.

    Example:
        >>> bed = lin(0)
        >>> theta = np.linalg.lstsq(bed.features[0], bed.gold[0])[0]
        >>> round(float(np.linalg.norm(theta)), 6)
        2.0
    """
    rng = np.random.default_rng(seed)
    phi, theta = rng.normal(size=(1, answers, features)), rng.normal(size=features)
    gold = phi @ (norm * theta / np.linalg.norm(theta))
    return AlignBed(np.full((1, answers), -np.log(answers)), gold, phi)


def game(seed: int, answers: int = 50, scale: float = 2.0) -> AlignBed:
    """A preference without any order: ``P = sigmoid((B - B^T) / sqrt 2)`` with ``B ~ scale N(0, 1)``.

    Gold is the mean of each answer's logits of preference against the others, the part that an order explains.
    The reference is uniform.

    Example:
        >>> bed = game(0)
        >>> bool(np.allclose(bed.preferences()[0] + bed.preferences()[0].T, 1))
        True
    """
    matrix = scale * np.random.default_rng(seed).normal(size=(answers, answers))
    skew = (matrix - matrix.T) / np.sqrt(2)
    return AlignBed(np.full((1, answers), -np.log(answers)), skew.mean(1)[None], skew=skew)


def two_different(chances: Floats, rows: Whole, rng: np.random.Generator) -> tuple[Whole, Whole]:
    """Two draws without replacement for each of N rows of a table of probabilities ``(M, A)``."""
    edges = np.cumsum(chances, axis=-1)
    draw, total = rng.random((2, len(rows))), edges[rows, -1]
    first = _at(edges, rows, draw[0] * total)
    mass, before = chances[rows, first], edges[rows, first] - chances[rows, first]
    # the second lands in what the first left, and skips the gap
    place = draw[1] * (total - mass)
    second = _at(edges, rows, np.where(place >= before, place + mass, place))
    # rounding may land on the first itself
    return first, np.where(second == first, (first + 1) % chances.shape[1], second)


def _at(edges: Floats, rows: Whole, place: Floats) -> Whole:
    found = np.zeros(len(rows), np.int64)
    for row in np.unique(rows):
        mine = rows == row
        found[mine] = np.searchsorted(edges[row], place[mine], side="right")
    return np.minimum(found, edges.shape[1] - 1)


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())
