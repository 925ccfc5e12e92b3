"""Triples without labels: what was done is the instruction, a near miss that was really executed the rival."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from ..core.errors import BadInput

Way = TypeVar("Way")


@dataclass(frozen=True)
class Triples(Generic[Way]):
    """Instructions, ways that fulfil them, and ways that do not.

    Args:
        intents, good, bad: of the same length.
        nothing: trajectories that achieved nothing to name.
        still: near misses that fulfilled the instruction after all, and were dropped.
    """

    intents: tuple[str, ...]
    good: tuple[Way, ...]
    bad: tuple[Way, ...]
    nothing: int
    still: int

    @property
    def histogram(self) -> dict[str, int]:
        """How often each instruction is there, the most common first."""
        return dict(Counter(self.intents).most_common())


def make_triples(
    ways: Sequence[Way],
    describe: Callable[[Way], str | None],
    perturb: Callable[[Way, np.random.Generator], Way],
    rng: np.random.Generator,
    tries: int = 3,
    most: float = 0.8,
) -> Triples[Way]:
    """Name what each trajectory achieved, change it a little, and keep it where it then fails.

    Args:
        describe: the instruction that a trajectory fulfils, or None.
        perturb: another trajectory, some actions changed and executed anew.
        tries: near misses per trajectory until one fails.
        most: share of one instruction that is too much: the explorer then teaches little else.

    Raises:
        BadInput: no triple, or one instruction above ``most``.

    Source: Chen et al., "Scaling Autonomous Agents via Automatic Reward Modeling and Planning",
    arXiv:2502.12130.
    """
    found: list[tuple[str, Way, Way]] = []
    nothing, still = 0, 0
    for way in ways:
        intent = describe(way)
        if intent is None:
            nothing += 1
            continue
        for _ in range(tries):
            other = perturb(way, rng)
            if describe(other) != intent:
                found.append((intent, way, other))
                break
            still += 1
    if not found:
        raise BadInput(
            "make_triples", f"{len(ways)} trajectories, none with a near miss", "an explorer that gets on"
        )
    intents, good, bad = (tuple(each) for each in zip(*found, strict=True))
    triples = Triples(intents, good, bad, nothing, still)
    name, count = next(iter(triples.histogram.items()))
    if count > most * len(intents):
        raise BadInput(
            "explorer", f"{count} of {len(intents)} are {name!r}", f"at most {most:.0%} of one instruction"
        )
    return triples


def other_intents(triples: Triples[Way], rng: np.random.Generator) -> tuple[Way, ...]:
    """For each instruction a way that fulfils another one: the easy rivals of near misses."""
    chosen: list[Way] = []
    for intent in triples.intents:
        others = [i for i, name in enumerate(triples.intents) if name != intent]
        if not others:
            raise BadInput("other_intents", "one instruction only", "at least two")
        chosen.append(triples.good[int(rng.choice(others))])
    return tuple(chosen)


def best_of(scores: Any) -> np.ndarray[Any, Any]:
    """The number of the best of each row ``(M, N)``, the first of equals; NaN (no verdict) is never chosen.

    Example:
        >>> best_of([[1.0, 3.0, 3.0], [np.nan, -1.0, -2.0]]).tolist()
        [1, 1]
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or np.isnan(scores).all(axis=1).any():
        raise BadInput("scores", f"shape {scores.shape}", "(M, N), at least one verdict in each row")
    return np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1)
