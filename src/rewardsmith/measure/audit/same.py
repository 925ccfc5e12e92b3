r"""Relations: changes of the right completion under which the verdict should stay."""

from __future__ import annotations

import re

import numpy as np

from ..check.finding import Code, Level
from .attack import Relation, filler
from .example import Example

WHITE_SPACE = Code(
    "A140",
    "white space decides",
    Level.WARNING,
    why="A right answer is refused for a blank that nobody sees; the policy is taught tokens, not answers.",
    fix="Strip the completion and the reference before they are compared.",
    how="A blank before, a new line behind, and both; the score must stay within a tenth.",
)
CASE = Code(
    "A141",
    "case decides",
    Level.WARNING,
    why="It was declared that case does not matter, and it does.",
    fix="Fold case on both sides (`exact_answer(fold_case=True)`).",
    how="The answer in upper and in lower case; only where declared.",
)
LATEX = Code(
    "A142",
    "notation decides",
    Level.WARNING,
    why="Equal formulas are paid differently, so the policy learns the notation of the reference.",
    fix="Compare formulas, not texts (`math_answer`), or normalise LaTeX on both sides.",
    how=r"The answer in dollars, in \text{}, with \dfrac for \frac, and a number with .0; only where declared.",
)
FULL_STOP = Code(
    "A143",
    "a full stop decides",
    Level.WARNING,
    why="It was declared that a final full stop does not matter, and it does.",
    fix="Drop it on both sides.",
    how="A full stop behind the completion; only where declared.",
)
PADDING = Code(
    "A170",
    "padding pays",
    Level.WARNING,
    why="The same right answer earns more with more words, so completions grow for the whole training.",
    fix="Do not pay for length, or bound it (`length_band`, `Cosine`).",
    how="100 and 600 words without content before the right completion, and the right completion 20 times; "
    "more than a tenth above the plain one is reported.",
    source="Singhal et al. 2023, 'A Long Way to Go: Investigating Length Correlations in RLHF', "
    "arXiv:2310.03716",
)


def spaced(example: Example, rng: np.random.Generator) -> list[str | None]:
    """White space around it."""
    del rng
    return [f" {example.oracle}", f"{example.oracle}\n", f"\n\n{example.oracle}  "]


def cased(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Upper and lower case."""
    del rng
    forms = dict.fromkeys((example.answer.upper(), example.answer.lower()))
    return [example.said(each) for each in forms if each != example.answer]


def notated(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Other notations of the same."""
    del rng
    answer = example.answer
    forms = [
        f"${answer}$",
        rf"\text{{{answer}}}" if answer.isalpha() else "",
        answer.replace(r"\frac", r"\dfrac"),
    ]
    forms += [f"{answer}.0"] if re.fullmatch(r"-?\d+", answer) else []
    return [example.said(each) for each in dict.fromkeys(forms) if each and each != answer]


def stopped(example: Example, rng: np.random.Generator) -> list[str | None]:
    """A full stop behind it."""
    del rng
    return [f"{example.oracle}."]


def padded(example: Example, rng: np.random.Generator) -> list[str | None]:
    """More words, and the same again."""
    texts = [" ".join([*filler(count, rng), example.oracle]) for count in (100, 600)]
    return [*texts, "\n".join([example.oracle] * 20)]


RELATIONS = (
    Relation("white space", WHITE_SPACE, spaced),
    Relation("case", CASE, cased, declared=True),
    Relation("notation", LATEX, notated, declared=True),
    Relation("full stop", FULL_STOP, stopped, declared=True),
    Relation("padding", PADDING, padded, more_only=True),
)
