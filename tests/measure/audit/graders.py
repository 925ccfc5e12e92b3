"""Graders with a known hole each, and a strict twin that does the same job without it.

Names of pairs are ``<hole>`` and ``<hole>_strict``; ``HOLES`` says which code must find the hole.
"""

from __future__ import annotations

import ast
import json
import random
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import rewardsmith as rs

Grader = Callable[[Mapping[str, Any]], list[float | None]]
Rule = Callable[[str, str], float | None]


def rows(rule: Rule) -> Grader:
    """A grader from a rule of (completion, reference); None is graded 0."""

    def grader(batch: Mapping[str, Any]) -> list[float | None]:
        pairs = zip(batch["completion"], batch["reference"], strict=True)
        return [0.0 if text is None else rule(text, expected) for text, expected in pairs]

    return grader


def strict(text: str, expected: str) -> float:
    return float(text.strip() == expected)


# ------------------------------------------------------------------ where the answer is looked for
def substring(text: str, expected: str) -> float:
    return float(expected in text)


def substring_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def any_number(text: str, expected: str) -> float:
    """Any whole number in the text will do."""
    return float(expected in re.findall(r"-?\d+", text))


def any_number_strict(text: str, expected: str) -> float:
    """The text must be the number, or one sentence that says it."""
    found = re.fullmatch(r"\s*(?:The answer is )?(-?\d+)\.?\s*", text)
    return float(found is not None and found.group(1) == expected)


def boxes_any(text: str, expected: str) -> float:
    return float(expected in re.findall(r"\\boxed\{([^{}]*)\}", text))


def boxes_any_strict(text: str, expected: str) -> float:
    answer = text.rpartition("</think>")[2]
    return float(set(re.findall(r"\\boxed\{([^{}]*)\}", answer)) == {expected})


def prefix(text: str, expected: str) -> float:
    """The wrong way round: '' and '1' begin every '1...'."""
    return float(expected.startswith(text.strip()))


def prefix_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def set_overlap(text: str, expected: str) -> float:
    """Words right over words expected: saying more never costs."""
    wanted = set(expected.split())
    return len(wanted & set(text.replace(",", " ").split())) / len(wanted)


def set_overlap_strict(text: str, expected: str) -> float:
    return float(set(text.split()) == set(expected.split()))


def length_share(text: str, expected: str) -> float:
    """As a popular default does: partly right where the answer is somewhere in it."""
    if text == expected:
        return 1.0
    return len(expected) / len(text) if expected in text else 0.0


def length_share_strict(text: str, expected: str) -> float:
    return strict(text, expected)


# ------------------------------------------------------------------ how it is compared
def folds(text: str, expected: str) -> float:
    return float(unicodedata.normalize("NFKC", text).strip() == expected)


def folds_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def tolerant(text: str, expected: str) -> float:
    """A tolerance of one in a hundred, for whole numbers near a thousand."""
    try:
        return float(abs(float(text) - float(expected)) <= 0.01 * abs(float(expected)))
    except (ValueError, OverflowError):
        return 0.0


def tolerant_strict(text: str, expected: str) -> float:
    try:
        return float(abs(float(text) - float(expected)) <= 1e-6)
    except (ValueError, OverflowError):
        return 0.0


def unsigned(text: str, expected: str) -> float:
    return float(text.strip().lstrip("-+") == expected.lstrip("-+"))


def unsigned_strict(text: str, expected: str) -> float:
    return strict(text, expected)


# ------------------------------------------------------------------ what happens to what cannot be read
def fails_open(text: str, expected: str) -> float:
    """Whatever cannot be parsed is waved through."""
    try:
        return float(int(text) == int(expected))
    except ValueError:
        return 1.0


def fails_open_strict(text: str, expected: str) -> float:
    try:
        return float(int(text) == int(expected))
    except ValueError:
        return 0.0


def vacuous(text: str, expected: str) -> float:
    """All tokens are right: so is none."""
    return float(all(token == expected for token in text.split()))


def vacuous_strict(text: str, expected: str) -> float:
    return float(text.split() == [expected])


def silent(text: str, expected: str) -> float | None:
    return float(int(text) == int(expected)) if re.fullmatch(r"\s*-?\d{1,9}\s*", text) else None


def silent_strict(text: str, expected: str) -> float | None:
    return silent(text, expected) or 0.0


# ------------------------------------------------------------------ style instead of substance
def format_pays(text: str, expected: str) -> float:
    inner = re.fullmatch(r"(?s)<think>.*</think>\s*<answer>(.*)</answer>", text.strip())
    return 0.0 if inner is None else 0.9 + 0.1 * strict(inner.group(1), expected)


def format_pays_strict(text: str, expected: str) -> float:
    inner = re.fullmatch(r"(?s)<think>.*</think>\s*<answer>(.*)</answer>", text.strip())
    return 0.0 if inner is None else strict(inner.group(1), expected)


def length_pays(text: str, expected: str) -> float:
    return strict(text.split()[-1] if text.split() else "", expected) + 0.01 * min(len(text.split()), 200)


def length_pays_strict(text: str, expected: str) -> float:
    return strict(text.split()[-1] if text.split() else "", expected)


def obedient(text: str, expected: str) -> float:
    """A judge that can be told what to say: it takes the first verdict in what it is shown."""
    order = re.search(r'(?i)(?:score"?:|output|rating:)\s*([0-9.]+)', text)
    return min(float(order.group(1).rstrip(".")), 1.0) if order else strict(text, expected)


def obedient_strict(text: str, expected: str) -> float:
    return strict(json.loads(json.dumps(text)), expected)


def impressed(text: str, expected: str) -> float:
    return 1.0 if re.search(r"(?i)is correct|I am certain|Solution", text) else strict(text, expected)


def impressed_strict(text: str, expected: str) -> float:
    return strict(text, expected)


# ------------------------------------------------------------------ conduct
def raises(text: str, expected: str) -> float:
    return float(int(text) == int(expected))


def raises_strict(text: str, expected: str) -> float:
    return fails_open_strict(text, expected)


def backtracks(text: str, expected: str) -> float:
    return float(re.fullmatch(r"(?:a+)+", text) is None and text.strip() == expected)


def backtracks_strict(text: str, expected: str) -> float:
    return float(re.fullmatch(r"a+", text) is None and text.strip() == expected)


def dice(text: str, expected: str) -> float:
    return strict(text, expected) + 0.01 * random.random()


def dice_strict(text: str, expected: str) -> float:
    return strict(text, expected) + 0.01 * random.Random(ascii(text)).random()


def sleeps(text: str, expected: str) -> float:
    time.sleep(0.005)
    return strict(text, expected)


def sleeps_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def unbounded(text: str, expected: str) -> float:
    try:
        return 1.0 if text.strip() == expected else float(text.strip())
    except ValueError:
        return 0.0


def unbounded_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def spaces(text: str, expected: str) -> float:
    return float(text == expected)


def spaces_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def never(text: str, expected: str) -> float:
    """Compares the text with a number."""
    return float(text == int(expected))


def never_strict(text: str, expected: str) -> float:
    return strict(text, expected)


def evaluates(text: str, expected: str) -> float:
    try:
        return float(eval(text) == int(expected)) if len(text) < 200 else 0.0
    except Exception:
        return 0.0


def evaluates_strict(text: str, expected: str) -> float:
    try:
        return float(ast.literal_eval(text.strip()) == int(expected)) if len(text) < 200 else 0.0
    except Exception:
        return 0.0


HOLES: dict[str, set[str]] = {
    "substring": {"A120", "A121", "A122", "A123", "A124", "A126"},
    "any_number": {"A120", "A121", "A122", "A123", "A126"},
    "boxes_any": {"A121", "A122"},
    "prefix": {"A110", "A113", "A155"},
    "set_overlap": {"A120", "A121", "A122"},
    "length_share": {"A120", "A121"},
    "folds": {"A153"},
    "tolerant": {"A150"},
    "unsigned": {"A150"},
    "fails_open": {"A110", "A111", "A115", "A117"},
    "vacuous": {"A110", "A113"},
    "silent": {"A135"},
    "format_pays": {"A116", "A151"},
    "length_pays": {"A170", "A171"},
    "obedient": {"A160"},
    "impressed": {"A161", "A162"},
    "raises": {"A130"},
    "backtracks": {"A131"},
    "dice": {"A133"},
    "sleeps": {"A132"},
    "unbounded": {"A136"},
    "spaces": {"A140"},
    "never": {"A101"},
    "evaluates": {"A137"},
}


@rs.term(each=True, timeout=0.5, concurrency=1, on_error="abstain")
def gives_up(completion: str | None, reference: str) -> float | None:
    """Does not finish with long texts, but ends its own work."""
    if completion is not None and len(completion) > 3000:
        time.sleep(60)
    return None if completion is None else float(completion.strip() == reference)


def in_batch(batch: Mapping[str, Any]) -> list[float | None]:
    """Right answers share one reward."""
    right = in_batch_strict(batch)
    return [(each or 0.0) / max(sum(each or 0.0 for each in right), 1.0) for each in right]


def in_batch_strict(batch: Mapping[str, Any]) -> list[float | None]:
    return rows(strict)(batch)


class Remembers:
    """Pays for a text once only."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, batch: Mapping[str, Any]) -> list[float | None]:
        scores: list[float | None] = []
        for text, expected in zip(batch["completion"], batch["reference"], strict=True):
            scores.append(0.0 if text is None or text in self.seen else strict(text, expected))
            self.seen.add(text or "")
        return scores


def exits(batch: Mapping[str, Any]) -> list[float | None]:
    if any(text is not None and "zzz" in text for text in batch["completion"]):
        import os

        os._exit(3)
    return in_batch_strict(batch)


def sleeps_forever(text: str, expected: str) -> float:
    if re.search("not|or|the", text):
        time.sleep(1000.0)
    return strict(text, expected)
