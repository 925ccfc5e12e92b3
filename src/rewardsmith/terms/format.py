"""Format: is the completion laid out as asked?"""

from __future__ import annotations

import json
from typing import Any

from ..core.term import term
from .answer import boxed_answers
from .texts import Floats, after_thought, code_blocks, per_text

_OPEN, _CLOSE = "<think>", "</think>"
_ANSWER_OPEN, _ANSWER_CLOSE = "<answer>", "</answer>"
_R1 = "DeepSeek-AI 2025, 'DeepSeek-R1', section 2.2.2 (format reward)"


@term(unit="1", low=0.0, high=1.0, source=_R1)
def think_format(completion: Any, *, answer_tags: bool = False, opened: bool = False) -> Floats:
    """1 where the completion is one closed thought and then an answer that is not blank, else 0.

    ``<think>`` ... ``</think>`` ..., each tag exactly once, nothing before the first.  With ``answer_tags``
    what follows must be ``<answer>`` ... ``</answer>`` and nothing else.  ``opened``: the prompt ends with
    ``<think>``, so the completion starts inside the thought.

    Source: DeepSeek-AI 2025, "DeepSeek-R1", section 2.2.2.
    Differs from the paper: a blank answer is not paid, and each tag may occur once only.

    Example:
        >>> think_format({"completion": ["<think>2 + 2</think>4", "4", "<think>2 + 2</think>", None]}).tolist()
        [1.0, 0.0, 0.0, nan]
    """

    def score(text: str) -> float:
        text = (_OPEN if opened else "") + text.strip()
        if text.count(_OPEN) != 1 or text.count(_CLOSE) != 1 or not text.startswith(_OPEN):
            return 0.0
        answer = text.partition(_CLOSE)[2].strip()
        if answer_tags:
            if answer.count(_ANSWER_OPEN) != 1 or answer.count(_ANSWER_CLOSE) != 1:
                return 0.0
            if not (answer.startswith(_ANSWER_OPEN) and answer.endswith(_ANSWER_CLOSE)):
                return 0.0
            answer = answer[len(_ANSWER_OPEN) : -len(_ANSWER_CLOSE)].strip()
        return float(bool(answer))

    return per_text(score, completion=completion)


@term(unit="1", low=0.0, high=1.0)
def has_boxed(completion: Any) -> Floats:
    r"""1 where ``\boxed{...}`` with something in it stands outside the thought, else 0.

    Example:
        >>> has_boxed({"completion": [r"so \boxed{4}", r"<think>\boxed{4}</think> four", r"\boxed{}"]}).tolist()
        [1.0, 0.0, 0.0]
    """
    return per_text(lambda text: float(any(a.strip() for a in boxed_answers(text))), completion=completion)


@term(unit="1", low=0.0, high=1.0, source="RFC 8259")
def json_valid(completion: Any, *, fenced: bool = False) -> Floats:
    """1 where the completion (after the thought) is one JSON value and nothing else, else 0.

    ``NaN`` and ``Infinity`` are no JSON.  With ``fenced`` the value may stand in the only code block of the
    completion.

    Source: RFC 8259.

    Example:
        >>> json_valid({"completion": ['{"a": 1}', "{'a': 1}", 'Sure: {"a": 1}', "NaN"]}).tolist()
        [1.0, 0.0, 0.0, 0.0]
    """
    return per_text(lambda text: float(json_value(text, fenced)[0]), completion=completion)


def json_value(text: str, fenced: bool) -> tuple[bool, Any]:
    """Whether the completion is one JSON value, and the value."""
    answer = after_thought(text)
    if answer is None:
        return False, None
    if fenced and len(blocks := code_blocks(answer)) == 1:
        answer = blocks[0][1]
    try:
        return True, json.loads(answer, parse_constant=_refuse)
    except (ValueError, RecursionError):  # nested thousands deep: no parser of the reader would take it
        return False, None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
