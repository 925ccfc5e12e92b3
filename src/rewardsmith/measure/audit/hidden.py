"""Attacks that have the right answer somewhere, beside others or beside much else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ..check.finding import Code, Level
from .attack import Attack, filler
from .example import Example
from .wrong import near_answers

_MARKED = (
    "Read one marked answer, and let every answer that is marked be right (`exact_answer`, `numeric_answer`)."
)

BURIED = Code(
    "A120",
    "pays for a buried answer",
    Level.WARNING,
    why="The answer may stand anywhere in the text, so a policy learns to say much; what a person or a parser "
    "would take as its answer is not what is graded.",
    fix=_MARKED,
    how="The bare answer between 2, 8 and 100 words without content.",
    source="reasoning-gym 0.1.25: the default `score_answer` pays len(answer) / len(completion)",
)
MANY = Code(
    "A121",
    "pays for many answers",
    Level.ERROR,
    why="Listing candidates earns without choosing among them.",
    fix=_MARKED,
    how="The right answer first, in the middle and last among wrong ones, in one answer or each in its own "
    "mark; the lowest of the places counts, because the policy does not know which is right.",
)
HEDGE = Code(
    "A122",
    "pays for hedging",
    Level.ERROR,
    why="'4 or 5', or first 4 and then 5, wins whichever is right.",
    fix=_MARKED,
    how="Two answers joined by 'or', and one answer corrected to the other, each in both orders; the lower "
    "of the two orders counts.",
)
NEGATED = Code(
    "A123",
    "pays for a denial",
    Level.WARNING,
    why="'The answer is not 42' says the opposite and is paid: the grader looks for characters, not for an "
    "answer.",
    fix=_MARKED,
    how="'not' before the answer in the oracle's form, and a sentence that denies it.",
)
EMBEDDED = Code(
    "A124",
    "pays for a part of a word",
    Level.ERROR,
    why="142 and 427 contain 42: long strings of characters hit many answers.",
    fix="Compare whole answers, not substrings.",
    how="The answer with letters or digits before or behind it, in the oracle's form and alone.",
)
THOUGHT = Code(
    "A125",
    "pays for a thought",
    Level.WARNING,
    why="The answer stands in the thought, and what the reader gets is not an answer.",
    fix="Look only at what follows the thought.",
    how="The oracle inside <think>, and 'I don't know' after it.",
)
DUMP = Code(
    "A126",
    "pays for a dump",
    Level.ERROR,
    why="One fixed text that lists common answers earns on every prompt: no learning is needed at all.",
    fix=_MARKED,
    how="All whole numbers to 1000, the letters, and True, False, Yes, No as one text; rows whose answer is "
    "in it.",
)

_DUMP = (*map(str, range(1001)), *"ABCDEFGHIJ", "True", "False", "Yes", "No", "true", "false", "yes", "no")


def buried(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The answer between words."""
    texts: list[str | None] = []
    for count in (2, 8, 100):
        words = filler(count, rng)
        texts.append(" ".join([*words[: count // 2], example.answer, *words[count // 2 :]]))
    return texts


def many_marked(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Every candidate in its own mark."""
    return ["\n".join(example.said(each) for each in order) for order in _orders(example, rng)]


def many_in_one(example: Example, rng: np.random.Generator) -> list[str | None]:
    """All candidates as one answer."""
    return [example.said(", ".join(order)) for order in _orders(example, rng)]


def many_lines(example: Example, rng: np.random.Generator) -> list[str | None]:
    """All candidates without any mark, on lines."""
    return ["\n".join(order) for order in _orders(example, rng)] if example.before or example.after else []


def either_or(example: Example, rng: np.random.Generator) -> list[str | None]:
    """This or that, in both orders."""
    return [example.said(f"{a} or {b}") for a, b in _pairs(example, rng)]


def second_thoughts(example: Example, rng: np.random.Generator) -> list[str | None]:
    """One answer, then the other, in both orders."""
    return [f"{example.said(a)}\nNo, wait: {example.said(b)}" for a, b in _pairs(example, rng)]


def negated(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The opposite of the answer."""
    del rng
    if not example.answer:
        return []
    return [example.said(f"not {example.answer}"), f"The answer is not {example.answer}."]


def embedded(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The answer as a part of something longer."""
    del rng
    answer = example.answer
    if not answer:
        return []
    # half as long again, so that pay by the share of right characters is no error here
    more = max(1, len(answer) // 2)
    head, tail = ("1" * more, "7" * more) if answer[-1:].isdigit() else ("x" * more, "y" * more)
    longer = (f"{head}{answer}", f"{answer}{tail}", f"{head}{answer}{tail}")
    far = [each for each in longer if example.wrong(each) and not _rounds_to(each, answer)]
    return list(dict.fromkeys(text for each in far for text in (each, example.said(each))))


def _rounds_to(text: str, answer: str) -> bool:
    """Whether one more digit only makes the number more precise: 0.75007 is no other answer than 0.7500."""
    try:
        return abs(float(text) - float(answer)) <= 0.01 * abs(float(answer))
    except ValueError:
        return False


def in_thought(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The answer in the thought only."""
    del rng
    inner = example.oracle.replace("<think>", "").replace("</think>", "")
    return [f"<think>{inner}</think>\nI don't know."]


def dump(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Common answers, all of them."""
    del rng
    return [" ".join(_DUMP), "\n".join(_DUMP)] if example.answer in _DUMP else []


def _candidates(example: Example, rng: np.random.Generator) -> list[str]:
    found = dict.fromkeys((*example.others, *near_answers(example, rng)))
    return [each for each in found if example.wrong(each)][:4]


def _orders(example: Example, rng: np.random.Generator) -> list[Sequence[str]]:
    wrong = _candidates(example, rng)
    if not wrong or not example.answer:
        return []
    places = dict.fromkeys((0, (len(wrong) + 1) // 2, len(wrong)))
    return [[*wrong[:place], example.answer, *wrong[place:]] for place in places]


def _pairs(example: Example, rng: np.random.Generator) -> list[tuple[str, str]]:
    wrong = _candidates(example, rng)[:1]
    return list(itertools.permutations((example.answer, *wrong))) if wrong and example.answer else []  # pyright: ignore[reportReturnType]  # permutations of two


ATTACKS = (
    Attack("buried in filler", BURIED, buried),
    Attack("many marked", MANY, many_marked, needs_all=True),
    Attack("many in one", MANY, many_in_one, needs_all=True),
    Attack("many lines", MANY, many_lines, needs_all=True),
    Attack("either or", HEDGE, either_or, needs_all=True),
    Attack("second thoughts", HEDGE, second_thoughts, needs_all=True),
    Attack("negated", NEGATED, negated),
    Attack("embedded", EMBEDDED, embedded),
    Attack("in the thought", THOUGHT, in_thought),
    Attack("dump", DUMP, dump),
)
