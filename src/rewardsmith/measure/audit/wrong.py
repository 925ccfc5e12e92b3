"""Attacks with an answer that is wrong: near the right one, somebody else's, or one that only looks right."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from ..check.finding import Code, Level
from .attack import Attack, filler
from .example import Example

NEAR = Code(
    "A150",
    "pays for a near miss",
    Level.ERROR,
    why="A wrong answer of the right look earns what the right one earns, so guessing the look is enough.",
    fix="Compare exactly, or with a tolerance that is far below the distance of different answers; keep the "
    "sign.",
    how="The number plus and minus one, its sign changed, two digits swapped, or one character changed.",
)
OTHER = Code(
    "A151",
    "pays for another answer",
    Level.ERROR,
    why="The answer to another prompt is paid: the grader checks the kind of answer, not the answer.",
    fix="Compare with the reference of the row; look whether the reference arrives at all.",
    how="Answers of other rows in the oracle's form; the lowest of them is the floor of the earned share, so "
    "this is found where some of them are paid.",
)
FOLDED = Code(
    "A153",
    "folds what differs",
    Level.WARNING,
    why="4 with a raised 2 is 16 to a reader and 42 after NFKC: text that says something else is paid.",
    fix="Normalise only what means the same (spaces, dashes), and refuse other characters.",
    how="Digits of the answer as superscripts; rows whose answer ends in two digits.",
)
LOOKALIKE = Code(
    "A154",
    "pays for look-alikes",
    Level.NOTE,
    why="What looks like the answer is not its text: a parser behind will not read it, and policies drift into "
    "characters that nobody types.",
    fix="Compare the characters as they are.",
    how="Letters of other scripts that look alike, full-width digits, and zero-width characters inside.",
)
PART = Code(
    "A155",
    "pays for a part",
    Level.ERROR,
    why="The first character earns what the whole answer earns.",
    fix="Compare whole answers; a test `completion in reference` is the wrong way round.",
    how="The first character, the last one, and the first half, in the oracle's form and alone.",
)
LONG = Code(
    "A171",
    "pays for length",
    Level.ERROR,
    why="A long wrong answer earns what a right one earns, so length is what will be learned.",
    fix="Gate what is paid for length by a right answer; bound it.",
    how="600 words without content before a wrong answer, and the wrong answer 50 times.",
    source="Singhal et al. 2023, 'A Long Way to Go: Investigating Length Correlations in RLHF', "
    "arXiv:2310.03716",
)

_ALIKE = dict(zip("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ", strict=True))
_RAISED = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))


def near_answers(example: Example, rng: np.random.Generator) -> list[str]:
    """Wrong answers close to the right one.

    Example:
        >>> near_answers(Example("", "42"), np.random.default_rng(0))
        ['43', '41', '-42', '24']
    """
    answer = example.answer
    found: list[str] = []
    if re.fullmatch(r"-?\d{1,15}", answer):
        number = int(answer)
        found += [str(number + 1), str(number - 1), str(-number)]
    found += [*_swapped(answer), *_changed(answer, rng)]
    return [each for each in dict.fromkeys(found) if example.wrong(each)][:4]


def near(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Answers close to the right one."""
    return [example.said(each) for each in near_answers(example, rng)]


def other(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Answers of other rows."""
    del rng
    return [example.said(each) for each in example.others[:2]]


def folded(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Raised digits, which a normal form lowers."""
    del rng
    if not re.search(r"\d\d$", example.answer):
        return []
    return [example.said(example.answer[:-1] + _RAISED[example.answer[-1]])]


def lookalike(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Characters that only look right."""
    del rng
    answer = example.answer
    letters = "".join(_ALIKE.get(c, c) for c in answer)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in answer)
    hidden = f"{answer[:1]}\u200b{answer[1:]}" if len(answer) > 1 else ""
    return [example.said(each) for each in dict.fromkeys((letters, wide, hidden)) if each and each != answer]


def part(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The beginning or the end of the answer."""
    del rng
    answer = example.answer
    pieces = dict.fromkeys((answer[:1], answer[-1:], answer[: len(answer) // 2]))
    parts = [each for each in pieces if each.strip() and example.wrong(each)]
    return list(dict.fromkeys(text for each in parts for text in (each, example.said(each))))


def long_wrong(example: Example, rng: np.random.Generator) -> list[str | None]:
    """A wrong answer after many words, and many times."""
    wrong = [*example.others[:1], *near_answers(example, rng)][:1]
    if not wrong:
        return []
    said = example.said(wrong[0])
    return [" ".join([*filler(600, rng), said]), "\n".join([said] * 50)]


def _swapped(answer: str) -> list[str]:
    """Two neighbours swapped that differ."""
    for i in range(len(answer) - 1):
        a, b = answer[i], answer[i + 1]
        if a != b and a.isalnum() and b.isalnum():
            return [answer[:i] + b + a + answer[i + 2 :]]
    return []


def _changed(answer: str, rng: np.random.Generator) -> list[str]:
    """One letter or digit changed into another of its kind."""
    places = [i for i, c in enumerate(answer) if unicodedata.category(c) in ("Nd", "Ll", "Lu") and c.isascii()]
    if not places:
        return [f"{answer}x"] if answer else []
    i = int(rng.choice(places))
    first, size = ("0", 10) if answer[i].isdigit() else ("a", 26) if answer[i].islower() else ("A", 26)
    return [answer[:i] + chr(ord(first) + (ord(answer[i]) - ord(first) + 1) % size) + answer[i + 1 :]]


ATTACKS = (
    Attack("near miss", NEAR, near),
    Attack("another row's answer", OTHER, other),
    Attack("raised digits", FOLDED, folded),
    Attack("look-alikes", LOOKALIKE, lookalike),
    Attack("a part of it", PART, part),
    Attack("long and wrong", LONG, long_wrong),
)
