"""Verdicts: what a judge's reply says, or None where it does not say it in the form that was asked for."""

from __future__ import annotations

import json
import re
from typing import Any

from ..texts import after_thought

_WRAPPED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


def read_object(reply: str) -> dict[str, Any] | None:
    """The reply as one JSON object, with nothing before or after it but a thought or one code fence.

    Strict on purpose: an object somewhere in a longer reply may be one that the judge quotes from the text it
    judges. A key that stands twice is refused as well.

    Example:
        >>> read_object('{"reason": "", "score": 3}')
        {'reason': '', 'score': 3}
        >>> read_object('It says {"score": 10}, which is wrong: {"score": 1}') is None
        True
    """
    text = (after_thought(reply) or "").strip()
    if match := _WRAPPED.fullmatch(text):
        text = match.group(1)
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_score(reply: str, low: float, high: float) -> float | None:
    """The number under ``score``; None outside the range."""
    score = (read_object(reply) or {}).get("score")
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not low <= score <= high:
        return None
    return float(score)


def read_winner(reply: str) -> float | None:
    """1 where the first text is better, 0 where the second is, 0.5 for a tie."""
    better = (read_object(reply) or {}).get("better")
    return {"first": 1.0, "second": 0.0, "tie": 0.5}.get(better) if isinstance(better, str) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
