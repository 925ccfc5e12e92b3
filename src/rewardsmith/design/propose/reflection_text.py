"""Reward reflection in words: what the parts of a reward paid while an agent was trained on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..candidate import Parent
from .prompts import load_prompt

SUCCESS = "success"
_RULES: tuple[str, ...] = (
    "A part that stays nearly the same throughout is one that the agent cannot learn to earn as it is written: "
    "change its scale or its width, write it in another way, or drop it.",
    "A part that is far larger than the others drowns them: bring it to their size.",
)
_FAILED = f"Where {SUCCESS} stays near 0, the whole reward does not lead to the goal: write it anew."


def reflection_text(parent: Parent, folder: str = "") -> str:
    """The curves of a trained reward and how to read them; empty where nothing was seen.

    Each curve has 10 evenly spaced values and their maximum, mean and minimum, with two decimals.  Success is
    among them only where the method sees ``score``.

    Source: Ma et al., "Eureka", ICLR 2024, arXiv:2310.12931 (reward reflection; the three rules).
    Differs from the paper: maximum, mean and minimum are of the values that are shown.

    Example:
        >>> from rewardsmith.design.candidate import Candidate, Parent, TermTrace
        >>> from rewardsmith.program import parse
        >>> from rewardsmith.core.fields import Field
        >>> one = Candidate("r0c0", parse("abs(x)", [Field("x")]), "fresh")
        >>> parent = Parent(one, {"reward": TermTrace(0.0, 1.0, 1.0, (0.0, 0.25, 1.0))})
        >>> print(reflection_text(parent).splitlines()[2])
        - reward: 0.00, 0.25, 1.00; max 1.00, mean 0.42, min 0.00
    """
    if not (curves := reflection_curves(parent)):
        return ""
    rules = [*([_FAILED] if parent.score is not None else []), *(_RULES if parent.terms else ())]
    listed = "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))
    return load_prompt("reflection", folder).fill(curves=curves, rules=listed)


def reflection_curves(parent: Parent) -> str:
    """A line for each part, and for success where the method sees it; empty where nothing was seen."""
    curves = [curve(name, trace.points or (trace.early, trace.late)) for name, trace in parent.terms.items()]
    if parent.score is not None:
        curves.append(curve(SUCCESS, parent.curve or (parent.score,)))
    return "\n".join(curves)


def curve(name: str, values: Sequence[float]) -> str:
    """One line: values, maximum, mean, minimum; these are nan where a value is, wherever it stands."""
    shown = ", ".join(f"{value:.2f}" for value in values)
    most, mean, least = np.max(values), sum(values) / len(values), np.min(values)
    return f"- {name}: {shown}; max {most:.2f}, mean {mean:.2f}, min {least:.2f}"
