"""Policy gradient over the tokens of a sequence: one score at the end, credited to tokens in several ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Credit = Callable[[Any, Floats], Floats]


class SequenceScore(Protocol):
    """Scores of sequences of which only some tokens are kept."""

    def __call__(self, tokens: Any, kept: Any) -> Any:
        """``(..., L)`` tokens and bools -> ``(...)``."""
        ...


@dataclass(frozen=True)
class NeededTokens:
    """The share of ``needed`` tokens that are there, in any place, minus 1 where ``forbidden`` is.

    Args:
        needed: different tokens.
        forbidden: a token, or -1 for none.

    Example:
        >>> tokens = np.array([0, 1, 5])
        >>> float(NeededTokens((0, 1), 3)(tokens, np.ones(3, bool)))
        1.0
    """

    needed: tuple[int, ...] = (0, 1, 2)
    forbidden: int = 3

    def __call__(self, tokens: Any, kept: Any) -> Any:
        there = [((tokens == wanted) & kept).any(-1) for wanted in self.needed]
        return np.mean(there, axis=0) - ((tokens == self.forbidden) & kept).any(-1)


@dataclass(frozen=True)
class TokenGradient:
    """How a table of L x V logits learns by REINFORCE with returns-to-go.

    Args:
        length, vocabulary: L and V.
        updates, samples: steps, and sequences for each.
        learning_rate: of gradient ascent on the mean over sequences.
    """

    length: int = 10
    vocabulary: int = 8
    updates: int = 60
    samples: int = 8
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        if (
            min(self.length, self.vocabulary, self.updates) < 1
            or self.samples < 2
            or not self.learning_rate > 0
        ):
            raise BadInput("TokenGradient", repr(self), "1 or more, 2 samples or more, a rate above 0")


def at_the_end(tokens: Any, scores: Floats) -> Floats:
    """The score is paid with the last token, ``(B, L)``."""
    paid = np.zeros(np.shape(tokens))
    paid[:, -1] = scores
    return paid


def evenly(tokens: Any, scores: Floats) -> Floats:
    """Every token gets the same share, ``(B, L)``."""
    return np.broadcast_to(scores[:, None] / np.shape(tokens)[1], np.shape(tokens)).copy()


def learn_tokens(
    score: SequenceScore, credit: Credit, config: TokenGradient, seed: int
) -> tuple[Floats, Floats]:
    """Mean score of each update ``(updates,)``, and the final policy ``(L, V)``.

    The advantage of a token is its return-to-go minus the mean of the other sequences' at its place.

    Args:
        score: of whole sequences; what the curve shows.
        credit: tokens ``(B, L)`` and scores ``(B,)`` -> rewards ``(B, L)``.
    """
    rng, theta = np.random.default_rng(seed), np.zeros((config.length, config.vocabulary))
    places, curve = np.arange(config.length), np.zeros(config.updates)
    for update in range(config.updates):
        policy = _softmax(theta)
        draws = rng.random((config.samples, config.length, 1))
        tokens = np.minimum((policy.cumsum(-1) <= draws).sum(-1), config.vocabulary - 1)
        scores = np.asarray(score(tokens, np.ones(tokens.shape, dtype=bool)), np.float64)
        curve[update] = scores.mean()
        ahead = credit(tokens, scores)[:, ::-1].cumsum(1)[:, ::-1]
        advantage = (ahead - ahead.mean(0)) * config.samples / (config.samples - 1)
        push = np.zeros(theta.shape)
        np.add.at(push, (np.broadcast_to(places, tokens.shape), tokens), advantage)
        theta = theta + config.learning_rate / config.samples * (push - advantage.sum(0)[:, None] * policy)
    return curve, _softmax(theta)


def _softmax(theta: Floats) -> Floats:
    weights = np.exp(theta - theta.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)
