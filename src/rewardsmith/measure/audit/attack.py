"""Attack: a completion that must not be paid; Relation: a change of the right one that must not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..check.finding import Code
from .example import Example

Make = Callable[[Example, np.random.Generator], Sequence[str | None]]


@dataclass(frozen=True)
class Attack:
    """A way to answer that does not deserve the reward.

    Args:
        name: two or three words.
        code: its finding; the level of the code is the worst that this attack can be.
        make: the completions for one example, none where it does not apply; a pure function of example and rng.
        needs_all: the attacker does not know which of the completions is the right one (the place of the answer
            in a list), so what counts is the lowest score; otherwise he takes the best.
    """

    name: str
    code: Code
    make: Make
    needs_all: bool = False


@dataclass(frozen=True)
class Relation:
    """A change of the right completion under which the score should stay.

    Args:
        name: two or three words; relations with ``declared`` are looked at only if asked for by this name.
        code: its finding.
        make: the changed completions.
        declared: only where the grader promises it.
        more_only: less is all right, more is not (padding).
    """

    name: str
    code: Code
    make: Make
    declared: bool = False
    more_only: bool = False


_WORDS = (
    "so we look at what is given and think about it again because there may be something that was not seen at "
    "first while each part of this matters to the whole and nothing here is said without any reason"
)


def filler(count: int, rng: np.random.Generator) -> list[str]:
    """Words without content."""
    words = _WORDS.split()
    return [words[i] for i in rng.integers(0, len(words), count)]
