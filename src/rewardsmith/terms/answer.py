r"""Answers: found, normalised, and compared with a reference.

One rule against hedging holds for all of them: **every answer that a completion marks must be right**.  The
last one is the answer; another one that differs from it makes the completion wrong, because otherwise listing
many candidates would pay.  Only what follows the thought is looked at.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ..core.term import term
from .texts import Floats, after_thought, one_of, per_text

FINDS = ("boxed", "tags", "number", "whole")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TAGS = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_UNSIGNED = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)?(?:\.[0-9]+)?(?:(?<=[0-9])[eE][+-]?[0-9]+)?"
_NUMBER = re.compile(rf"(?<![\w.])[+-]?(?=\.?[0-9]){_UNSIGNED}(?:\s*/\s*[0-9]+(?:\.[0-9]+)?)?(?:\s*\\?%)?")
_FRACTION = re.compile(r"([+-]?)\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SPACE = re.compile(r"(?<![^\W_]) | (?![^\W_])|(?<=[^\W\d_]) (?=[0-9])|(?<=[0-9]) (?=[^\W\d_])")
_DROPPED = re.compile(r"\\left|\\right|\\[!,;: ]|\\displaystyle|~")
_WRAPPED = re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s*\{([^{}]*)\}")
_MATH = "Hendrycks et al. 2021, 'Measuring Mathematical Problem Solving With the MATH Dataset' (string form)"


@term(unit="1", low=0.0, high=1.0, source=_MATH)
def exact_answer(completion: Any, reference: Any, *, find: str = "boxed", fold_case: bool = False) -> Floats:
    r"""1 where every answer found equals the reference after normalisation, else 0.

    Args:
        find: ``boxed`` (``\boxed{...}``), ``tags`` (``<answer>...</answer>``), ``number`` (the last number) or
            ``whole`` (the completion after its thought).  No answer found is 0.
        fold_case: upper and lower case are one.

    NaN where the completion is None or the reference is None or blank.  Normalisation: spaces, ``$``, a final
    full stop, sizes and spacing of LaTeX, ``\text{}``, and the commas of 1,234 are dropped; ``\dfrac`` is
    ``\frac``.  With ``number`` only the last number counts, so "3 or 4" is 4: prefer marked answers.

    Source: Hendrycks et al. 2021, "Measuring Mathematical Problem Solving With the MATH Dataset".
    Differs from the paper: several answers that differ are wrong; there, the last box counts whatever stands
    before.

    Example:
        >>> texts = [r"\boxed{\dfrac{1}{2}}", r"\boxed{1}, or \boxed{\frac12}", "half"]
        >>> exact_answer({"completion": texts, "reference": [r"$\frac{1}{2}$"] * 3}).tolist()
        [1.0, 0.0, 0.0]
    """
    one_of(find, "exact_answer find", FINDS)

    def score(text: str, expected: str) -> float | None:
        wanted = normal_form(expected, fold_case)
        if not wanted:
            return None
        found = find_answers(text, find)
        return float(bool(found) and all(normal_form(answer, fold_case) == wanted for answer in found))

    return per_text(score, completion=completion, reference=reference)


@term(unit="1", low=0.0, high=1.0)
def numeric_answer(
    completion: Any,
    reference: Any,
    *,
    absolute: float = 1e-9,
    relative: float = 1e-6,
    find: str = "boxed",
    percent: str = "value",
) -> Floats:
    r"""1 where every answer found is a number x with |x - r| <= max(absolute, relative |r|), else 0.

    Args:
        find: as for ``exact_answer``.
        percent: ``value``: 12% is 0.12, and not 12; ``ignore``: the sign is dropped, so 12% is 12.

    Reads 1,234.5, 1e-3, 3/4, ``\frac{3}{4}``, -.5, $7 and 12\%.  NaN where the completion is None or the
    reference is no number.

    Example:
        >>> batch = {"completion": [r"\boxed{0.75}", r"\boxed{75\%}", r"\boxed{75}"], "reference": ["3/4"] * 3}
        >>> numeric_answer(batch).tolist()
        [1.0, 1.0, 0.0]
        >>> loose = numeric_answer(find="number", relative=0.05)
        >>> loose({"completion": ["about 3.1"], "reference": ["3.14"]}).tolist()
        [1.0]
    """
    one_of(find, "numeric_answer find", FINDS)
    one_of(percent, "numeric_answer percent", ("value", "ignore"))

    def score(text: str, expected: str) -> float | None:
        wanted = read_number(expected, percent)
        if wanted is None:
            return None
        numbers = [read_number(answer, percent) for answer in find_answers(text, find)]
        allowed = max(absolute, relative * abs(wanted))
        return float(bool(numbers) and all(x is not None and abs(x - wanted) <= allowed for x in numbers))

    return per_text(score, completion=completion, reference=reference)


def find_answers(text: str, find: str) -> list[str]:
    """Every answer that the completion marks, in order; empty where there is none."""
    answer = after_thought(text)
    if answer is None:
        return []
    if find == "boxed":
        return _boxes(answer)
    if find == "tags":
        return [match.group(1) for match in _TAGS.finditer(answer)]
    if find == "number":
        return [match.group() for match in _NUMBER.finditer(_plain_signs(answer))][-1:]
    return [answer]


def boxed_answers(text: str) -> list[str]:
    r"""The contents of every ``\boxed{...}`` after the thought, braces balanced.

    Example:
        >>> boxed_answers(r"\boxed{\frac{1}{2}} or \boxed{x")
        ['\\frac{1}{2}']
    """
    return find_answers(text, "boxed")


def _boxes(text: str) -> list[str]:
    found: list[str] = []
    end = 0
    for match in _BOXED.finditer(text):
        if match.start() < end:  # a box inside a box is part of it
            continue
        depth = 1
        for place in range(match.end(), len(text)):
            depth += (text[place] == "{") - (text[place] == "}")
            if depth == 0:
                found.append(text[match.end() : place])
                end = place
                break
        else:
            break  # never closed: no later box can be
    return found


def normal_form(answer: str, fold_case: bool = False) -> str:
    r"""The text by which answers are compared.

    Example:
        >>> normal_form(r"$\dfrac{1}{2}$."), normal_form(r"\text{Paris}"), normal_form("1,234")
        ('\\frac{1}{2}', 'Paris', '1234')
    """
    text = _plain_signs(answer).strip()
    text = text[:-1].rstrip() if text.endswith(".") else text
    while len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip()
    text = _WRAPPED.sub(r"\1", _DROPPED.sub("", text))
    text = re.sub(r"\\[dt]frac", r"\\frac", text)
    text = re.sub(r"\\frac\s*([0-9])\s*([0-9])", r"\\frac{\1}{\2}", text)
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", text)
    # one space stays between two letters or two digits, else none: "New York", "1 2"; "x + 1" is "x+1"
    text = _SPACE.sub("", re.sub(r"\s+", " ", text))
    return text.casefold() if fold_case else text


def _plain_signs(text: str) -> str:
    return text.replace("\u2212", "-").replace("\u00a0", " ")


def read_number(text: str, percent: str = "value") -> float | None:
    r"""The number that a text is; None where it is more or less than one finite number.

    Example:
        >>> [read_number(t) for t in ("1,234.5", r"-\frac{3}{4}", "12\\%", "7 apples", "1/0")]
        [1234.5, -0.75, 0.12, None, None]
    """
    plain = normal_form(text).replace("\\$", "").replace("$", "").replace("\\%", "%").strip()
    scale = 0.01 if plain.endswith("%") and percent == "value" else 1.0
    plain = plain.removesuffix("%").strip()
    if match := _FRACTION.fullmatch(plain):
        sign = -1.0 if match.group(1) == "-" else 1.0
        plain, scale = f"{match.group(2)}/{match.group(3)}", scale * sign
    above, slash, below = plain.partition("/")
    parts = [_float(above), _float(below) if slash else 1.0]
    if parts[0] is None or not parts[1]:
        return None
    value = scale * parts[0] / parts[1]
    return value if math.isfinite(value) else None


def _float(text: str) -> float | None:
    text = text.strip()
    if not re.fullmatch(rf"[+-]?(?=\.?[0-9]){_UNSIGNED}", text):
        return None
    return float(text.replace(",", ""))
