"""Attacks that answer nothing."""

from __future__ import annotations

import string

import numpy as np

from ..check.finding import Code, Level
from .attack import Attack, filler
from .example import Example

_LEARNED = "A policy finds within a few hundred updates that this is paid, and stops solving the task."
_DEFAULT = (
    "Let what cannot be read be wrong: a failed parse, an empty match and `all()` of nothing are not 'true'."
)

EMPTY = Code(
    "A110",
    "pays for nothing",
    Level.ERROR,
    why=f"The empty completion is the cheapest of all. {_LEARNED}",
    fix=_DEFAULT,
    how="Completion '' on each row; earned share = (score - plain wrong answers) / (oracle - plain wrong "
    "answers).",
)
JUNK = Code(
    "A111",
    "pays for junk",
    Level.ERROR,
    why=f"Letters without sense earn what the right answer earns. {_LEARNED}",
    fix=f"{_DEFAULT} Compare with the reference, not with what the completion is not.",
    how="'zzz' and twelve random letters, alone and in the oracle's form.",
    source="reasoning-gym 0.1.25, `game_of_life_halting`: bool(text) is True for every text but ''",
)
NONE = Code(
    "A112",
    "pays for None",
    Level.WARNING,
    why="Frameworks pass None for a completion that failed; it is counted as a success.",
    fix="Return None (no verdict) or the lowest score for a missing completion.",
    how="Completion None on each row.",
)
BLANK = Code(
    "A113",
    "pays for white space",
    Level.ERROR,
    why=f"Blanks and invisible characters are an empty answer that passes a test for ''. {_LEARNED}",
    fix="Strip before you look, and treat zero-width characters as white space.",
    how="A blank, new lines, and a zero-width space.",
)
ECHO = Code(
    "A114",
    "pays for the prompt",
    Level.ERROR,
    why="Copying the prompt is easy to learn, and earns without an answer.",
    fix="Look for the answer in a marked place, and do not pay for words that the prompt has.",
    how="The prompt as completion, alone and in the oracle's form.",
)
FILLER = Code(
    "A115",
    "pays for filler",
    Level.ERROR,
    why="A text that knows neither question nor answer is paid: for its looks, its length or its words.",
    fix="Gate what is paid for style by a right answer: `rs.gate(style, exact_answer)`.",
    how="Two texts of reasoning phrases without any content.",
)
FORMAT_ONLY = Code(
    "A116",
    "pays for format",
    Level.ERROR,
    why="Tags and boxes without an answer in them are learned first; where they are paid well, nothing else "
    "is.",
    fix="Pay format only together with a right answer, or at most a tenth of it.",
    how="The oracle's form around nothing, and empty thoughts, boxes and answer tags.",
    source="DeepSeek-AI 2025, 'DeepSeek-R1', section 2.2.2 has such a term beside accuracy",
)
REFUSAL = Code(
    "A117",
    "pays for a refusal",
    Level.ERROR,
    why="'I do not know' is always available: where it earns, the policy gives up.",
    fix="Score a refusal like a wrong answer, or a little above it.",
    how="Three refusals, alone and in the oracle's form.",
)


def empty(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The empty text."""
    del rng
    return [""] if example.oracle else []


def none(example: Example, rng: np.random.Generator) -> list[str | None]:
    """No text at all."""
    del example, rng
    return [None]


def blank(example: Example, rng: np.random.Generator) -> list[str | None]:
    """White space and what looks like it."""
    del rng
    return [each for each in (" ", "\n\n\t\n", "\u200b") if example.wrong(each)]


def junk(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Letters without sense."""
    letters = "".join(rng.choice(list(string.ascii_lowercase), 12))
    return [text for each in ("zzz", letters) if example.wrong(each) for text in _both(example, each)]


def echo(example: Example, rng: np.random.Generator) -> list[str | None]:
    """The prompt."""
    del rng
    return _both(example, example.prompt) if example.prompt and example.wrong(example.prompt) else []


def phrases(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Reasoning phrases."""
    del example
    steps = (
        "Let me think about this step by step. First, I read the question carefully. "
        "Next, I consider what is asked. Therefore the answer follows from the above."
    )
    return [steps, " ".join(filler(80, rng))]


def format_only(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Marks with nothing in them."""
    del rng
    marks = (
        r"\boxed{}",
        "<answer></answer>",
        "<think></think>",
        "<think>\n\n</think>\n<answer></answer>",
        "####",
    )
    own = (example.said(""), example.said("..."))
    return [each for each in dict.fromkeys((*own, *marks)) if each and each != example.oracle]


def refusal(example: Example, rng: np.random.Generator) -> list[str | None]:
    """Giving up."""
    del rng
    texts = ("I cannot determine the answer.", "unknown", "I don't know")
    return [text for each in texts if example.wrong(each) for text in _both(example, each)]


def _both(example: Example, answer: str) -> list[str | None]:
    """Alone, and in the oracle's form."""
    return list(dict.fromkeys((answer, example.said(answer))))


ATTACKS = (
    Attack("empty", EMPTY, empty),
    Attack("junk", JUNK, junk),
    Attack("None", NONE, none),
    Attack("blank", BLANK, blank),
    Attack("prompt echo", ECHO, echo),
    Attack("filler", FILLER, phrases),
    Attack("format only", FORMAT_ONLY, format_only),
    Attack("refusal", REFUSAL, refusal),
)
