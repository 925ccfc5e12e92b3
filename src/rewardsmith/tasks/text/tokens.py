"""A 12-token answer task: several checkable signals, one of them hackable, and a known truth.

A policy is a table of logits ``(M, 12, 6)`` for M policies at once.  A response is what stands before the
first STOP.  It is truly good when its last answer token is RIGHT and its length is in a range that no
signal states exactly.  The four signals ("primitives") are what a reward designer can check:

    outcome   the last answer is RIGHT, but the check is wrong with probability ``noise``
    format    the first token is FORMAT and the response stops before its tenth token
    steps     two to four STEP tokens
    loose     RIGHT appears and the answer is ten tokens or longer: easy to check, and farmed by rambling
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput, RewardsmithError
from ...core.fields import Field
from ...program.parse import parse

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

LENGTH = 12
STOP, STEP, RIGHT, WRONG, FORMAT, FILL = range(6)
PRIMITIVES = ("outcome", "format", "steps", "loose")
FIELDS = tuple(Field(name) for name in PRIMITIVES)
# Each primitive is 1 + OFFSET or OFFSET, so that a division is defined.
OFFSET = 1e-6


def combinations() -> Floats:
    """All values of the four primitives, ``(16, 4)``: row i has the bits of i, first primitive lowest."""
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    return bits.astype(np.float64) + OFFSET


def tabulate(text: str) -> Floats | None:
    """An expression over the primitives on all their values, ``(16,)``; None where it is not a reward.

    Not a reward: it does not parse, reads no primitive, divides by 0 or has no value somewhere.
    """
    try:
        reward = parse(text, FIELDS)
        values = np.asarray(reward(dict(zip(PRIMITIVES, combinations().T, strict=True))), dtype=np.float64)
    except RewardsmithError:
        return None
    return values if np.isfinite(values).all() else None


@dataclass(frozen=True)
class Tokens:
    """One setting of the task; ``Tokens.shifted()`` is out of distribution."""

    shortest: int = 4
    longest: int = 6
    noise: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest < LENGTH or not 0 <= self.noise <= 0.5:
            raise BadInput("token task", self, f"0 <= shortest <= longest < {LENGTH}, noise 0 to 0.5")

    @classmethod
    def shifted(cls) -> Tokens:
        """Longer answers are wanted and the outcome check is wrong more often."""
        return cls(shortest=6, longest=8, noise=0.35)

    def truth(self, tokens: Ints) -> Bools:
        """Really good, per response; ``tokens`` has the shape ``(..., 12)``."""
        length = lengths(tokens)
        return last_answer_right(tokens) & (self.shortest <= length) & (length <= self.longest)

    def primitives(self, tokens: Ints, rng: np.random.Generator) -> Ints:
        """The row of ``combinations()`` that each response shows, with the noise of the check."""
        length, before = lengths(tokens), _before_stop(tokens)
        steps = ((tokens == STEP) & before).sum(-1)
        flip = rng.random(length.shape) < self.noise
        signals = (
            last_answer_right(tokens) ^ flip,
            (tokens[..., 0] == FORMAT) & (length < 10),
            (steps >= 2) & (steps <= 4),
            ((tokens == RIGHT) & before).any(-1) & (length >= 10),
        )
        return sum((signal.astype(np.int64) << i for i, signal in enumerate(signals)), np.zeros_like(length))

    def train(
        self,
        tables: Floats,
        rng: np.random.Generator,
        steps: int = 100,
        batch: int = 24,
        learning_rate: float = 2.0,
    ) -> Floats:
        """REINFORCE with a standardised batch: final logits ``(M, 12, 6)`` for reward tables ``(M, 16)``."""
        tables = np.asarray(tables, dtype=np.float64)
        if tables.ndim != 2 or tables.shape[1] != 16 or not np.isfinite(tables).all():
            raise BadInput("reward tables", f"shape {tables.shape}", "(M, 16) finite numbers")
        logits = np.zeros((len(tables), LENGTH, 6))
        for _ in range(steps):
            tokens = sample(logits, batch, rng)
            reward = np.take_along_axis(tables, self.primitives(tokens, rng), -1)
            spread = reward.std(-1, keepdims=True)
            advantage = (reward - reward.mean(-1, keepdims=True)) / np.maximum(spread, 1e-12) * (spread > 1e-12)
            logits = logits + learning_rate * policy_gradient(logits, tokens, advantage)
        return logits

    def score(self, logits: Floats, rng: np.random.Generator, count: int = 200) -> Floats:
        """Share of truly good responses of each policy, ``(M,)``, estimated on ``count`` of them."""
        return self.truth(sample(logits, count, rng)).mean(-1)


def lengths(tokens: Ints) -> Ints:
    """Tokens before the first STOP; 12 where there is none."""
    stopped = tokens == STOP
    return np.where(stopped.any(-1), stopped.argmax(-1), LENGTH)


def last_answer_right(tokens: Ints) -> Bools:
    """The last answer token before the first STOP is RIGHT; False without an answer."""
    answers = ((tokens == RIGHT) | (tokens == WRONG)) & _before_stop(tokens)
    last = LENGTH - 1 - answers[..., ::-1].argmax(-1)
    return answers.any(-1) & (np.take_along_axis(tokens, last[..., None], -1)[..., 0] == RIGHT)


def sample(logits: Floats, count: int, rng: np.random.Generator) -> Ints:
    """``(M, count, 12)`` tokens."""
    cumulative = probabilities(logits).cumsum(-1)[:, None, :, :-1]
    return (rng.random((len(logits), count, LENGTH))[..., None] > cumulative).sum(-1)


def probabilities(logits: Floats) -> Floats:
    """Softmax over tokens."""
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def policy_gradient(logits: Floats, tokens: Ints, advantage: Floats) -> Floats:
    """Mean over the batch of ``A * d log pi / d logits``; tokens after the first STOP do not count."""
    used = np.arange(LENGTH) <= lengths(tokens)[..., None]
    weight = advantage[..., None] * used
    chosen = np.stack([(weight * (tokens == token)).sum(1) for token in range(6)], -1)
    return (chosen - probabilities(logits) * weight.sum(1)[..., None]) / tokens.shape[1]


def _before_stop(tokens: Ints) -> Bools:
    return np.arange(LENGTH) < lengths(tokens)[..., None]
