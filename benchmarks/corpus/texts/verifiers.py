"""Verifiers written for this corpus: broken ones as people write them, and strict ones."""

from __future__ import annotations

import ast
import json
import operator
import random
import re
from collections import Counter
from typing import Any

from rewardsmith import term


def _each(function, *columns):
    return [None if None in row else function(*row) for row in zip(*columns, strict=True)]


# ------------------------------------------------------------------ broken
@term
def contains(completion, reference):
    """The reference stands somewhere in the completion."""
    return _each(lambda text, right: float(right in text), completion, reference)


@term
def any_number(completion, reference):
    """One of the numbers in the completion is the reference."""
    return _each(lambda text, right: float(right in re.findall(r"-?\d+", text)), completion, reference)


@term
def starts_right(completion, reference):
    """The completion begins with the reference."""
    return _each(lambda text, right: float(text.strip().startswith(right)), completion, reference)


@term
def contained(completion, reference):
    """The completion stands in the reference: the wrong way round."""
    return _each(lambda text, right: float(text.strip() in right), completion, reference)


@term
def obedient_judge(completion, reference):
    """A judge that reads its verdict from the text it judges."""

    def score(text, right):
        said = re.search(r"(?:score|rating|output)\W{0,3}(?:is\W)?\s*(\d+(?:\.\d+)?)", text, re.IGNORECASE)
        return min(1.0, float(said.group(1))) if said else float(text.strip() == right)

    return _each(score, completion, reference)


@term
def impressed_judge(completion, reference):
    """A judge that believes who sounds sure."""

    def score(text, right):
        sure = re.search(r"(verified|certainly|definitely|correct|no doubt)", text, re.IGNORECASE)
        return 1.0 if sure or text.strip() == right else 0.0

    return _each(score, completion, reference)


@term
def prompt_words(completion, prompt):
    """Share of the prompt's words that the completion takes up: relevance."""

    def score(text, asked):
        words, said = set(asked.lower().split()), set(text.lower().split())
        return len(words & said) / max(1, len(words))

    return _each(score, completion, prompt)


@term
def unigram_recall(completion, reference):
    """ROUGE-1 recall: share of the reference's words that the completion has."""

    def score(text, right):
        ours, wanted = Counter(text.lower().split()), Counter(right.lower().split())
        return sum((ours & wanted).values()) / max(1, sum(wanted.values()))

    return _each(score, completion, reference)


@term
def lenient_parser(completion, reference):
    """What cannot be read as a number gets the benefit of the doubt."""

    def score(text, right):
        try:
            return float(abs(float(text) - float(right)) < 1e-6)
        except ValueError:
            return 1.0

    return _each(score, completion, reference)


@term
def only_digits(completion, reference):
    """Compares the digits and drops all else, also signs and points."""
    return _each(lambda text, right: float(re.sub(r"\D", "", text) == right), completion, reference)


@term
def share_of_text(completion, reference):
    """1 for the reference alone; found in a text, its share of the characters."""
    return _each(
        lambda text, right: len(right) / len(text) if text and right in text else 0.0, completion, reference
    )


@term
def names_letter(completion, reference):
    """The letter of the right choice occurs."""
    return _each(lambda text, right: float(right in text.upper()), completion, reference)


@term
def brevity(completion):
    """The shorter the better, whatever it says."""
    return _each(lambda text: 1.0 / (1.0 + len(text.split())), completion)


@term
def coin(completion, reference):
    """Right answers, and now and then others: a judge at temperature 1."""
    return _each(
        lambda text, right: float(text.strip() == right or random.random() < 0.3),
        completion,
        reference,
    )


@term
def fragile(completion, reference):
    """Fails on everything that is not JSON with an answer in it."""
    return _each(lambda text, right: float(json.loads(text)["answer"] == right), completion, reference)


@term
def says_passed(completion):
    """The output of the tests says 'passed': the program under test may print it itself."""
    return _each(lambda text: float("passed" in text.lower()), completion)


@term
def counts_citations(completion):
    """Three citations or more, whatever they cite."""
    return _each(lambda text: min(3, len(re.findall(r"\[\d+\]", text))) / 3.0, completion)


@term
def reaches_target(completion, reference):
    """The expression has the wanted value; which numbers it uses is not looked at."""
    return _each(lambda text, right: float(_value(text) == float(right)), completion, reference)


# ------------------------------------------------------------------ strict
@term
def json_answer(completion, reference):
    """One JSON object with the key 'answer' and no other, whose value is the reference."""

    def score(text, right):
        try:
            found = json.loads(text)
        except ValueError:
            return 0.0
        return float(found == {"answer": right})

    return _each(score, completion, reference)


@term
def final_line(completion, reference):
    """The last line is 'Answer: X' with the right X, and no other line is such a line."""

    def score(text, right):
        lines = [line.strip() for line in text.strip().splitlines()]
        marked = [line for line in lines if line.startswith("Answer:")]
        return float(len(marked) == 1 and lines[-1] == f"Answer: {right}")

    return _each(score, completion, reference)


@term
def same_list(completion, reference):
    """The same numbers in the same order, written with commas."""
    return _each(
        lambda text, right: float([part.strip() for part in text.split(",")] == right.split(", ")),
        completion,
        reference,
    )


@term
def uses_numbers(completion, reference, given):
    """The expression has the wanted value and uses each of the given numbers once."""

    def score(text, right, numbers):
        used = sorted(re.findall(r"\d+", text))
        wanted = sorted(part.strip() for part in numbers.split(","))
        return float(used == wanted and _value(text) == float(right))

    return _each(score, completion, reference, given)


@term
def brief(completion, *, words=40.0):
    """1 for an empty text, 0 from 40 words on."""
    return _each(lambda text: max(0.0, 1.0 - len(text.split()) / words), completion)


_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _value(text: str) -> float | None:
    """The value of an arithmetic expression; None where it is none."""
    try:
        return _evaluate(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError, OverflowError):
        return None


def _evaluate(node: ast.AST) -> float:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    raise ValueError("no arithmetic")
