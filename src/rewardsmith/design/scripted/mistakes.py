"""Replies that cannot be used, as real models send them."""

from __future__ import annotations

import json
import re

import numpy as np

from ..propose.prompts import code_fence
from .read import Understood


def spoil(code: str, prompt: Understood, rng: np.random.Generator) -> str:
    """A reply with one mistake, drawn from those that models make."""
    kind = int(rng.integers(5))
    if kind == 4:
        return (
            "I would pay the agent for coming nearer to the goal." if not prompt.json else '{"thoughts": "?"}'
        )
    wrong = (_unfinished, _unknown, _loop, _infinite)[kind](code)
    if prompt.json:
        return json.dumps({"thoughts": "", "program": wrong})
    return f"Here is the reward.\n\n{code_fence(wrong)}"


def _unfinished(code: str) -> str:
    """The last closing bracket is missing (or one too many opens)."""
    at = max(code.rfind("}"), code.rfind(")"))
    return code[:at] + code[at + 1 :] if at >= 0 else f"({code}"


def _unknown(code: str) -> str:
    """A name that there is not."""
    if "return" in code:
        return re.sub(r"return\b", "return progress_to_goal +", code, count=1)
    return f"progress_to_goal + {code}"


def _loop(code: str) -> str:
    """Code that goes over the steps one by one."""
    head, _, body = code.rpartition("    return ")
    if not head:
        return f"total = 0.0\nfor step in range(10):\n    total += {code}\nreturn total"
    return f"{head}    for step in range(10):\n        progress_to_goal += step\n    return {body}"


def _infinite(code: str) -> str:
    """A division by zero."""
    if "    return {" in code:
        return code.replace("    return {", '    return {\n        "bonus": 1.0 / 0.0,', 1)
    return f"({code}) / 0.0"


def spoil_numbers(prompt: Understood, rng: np.random.Generator) -> str:
    """A setting of parameters with one mistake: unknown, out of bounds, no number, no JSON, nothing set."""
    name, _, high = prompt.parameters[int(rng.integers(len(prompt.parameters)))]
    wrong = (
        json.dumps({"progress_to_goal": 1.0}),
        json.dumps({name: 10.0 * abs(high) + 1.0}),
        json.dumps({name: "as much as possible"}),
        f"I would set {name} as high as possible.",
        "{}",
    )
    return wrong[int(rng.integers(len(wrong)))]
