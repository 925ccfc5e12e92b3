"""Doubts: how few of the other samples of a round have each part of a program (URDP)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.algebra import Reward
from ..core.arrays import Batch
from ..core.errors import RewardsmithError
from ..program import Program, tree
from .propose.ask import Draft
from .screen import Consensus
from .screen.consensus import parts_paid, uncertainty
from .screen.protocol import Screen
from .screen.refusal import Refusal

Verdict = tuple[Draft, Refusal | None]


def part_doubts(program: Reward, others: Sequence[Reward], steps: Batch, alike: float) -> dict[str, float]:
    """``U(r_i)``, 0 to 1, of each part: the share of the others without a part like it; nothing without others.

    Args:
        others: the other samples of the round.
        steps: recorded steps at which parts are compared.
        alike: correlation from which two parts count as the same.

    Source: Yang et al., "Uncertainty-aware reward design process", TMLR 2025.
    Differs from the paper: see ``Consensus``.
    """
    theirs = [list(_paid(other, steps).values()) for other in others]
    if not theirs:
        return {}
    return {name: uncertainty(paid, theirs, alike) for name, paid in _paid(program, steps).items()}


def doubted(found: Sequence[Verdict], screens: Sequence[Screen], steps: Batch) -> list[Verdict]:
    """The drafts of a round with the doubts of their parts, where a method compares samples (``consensus``).

    Other numbers for a program say nothing new of its parts: it keeps the doubts of its parent.
    """
    screen = next((each for each in screens if isinstance(each, Consensus)), None)
    if screen is None:
        return list(found)
    samples = [draft.program for draft, _ in found if draft.program is not None and not draft.ask.numbers]
    answered: list[Verdict] = []
    for draft, refusal in found:
        if draft.ask.numbers:
            doubts = dict(draft.ask.parents[0].candidate.doubts)
        elif draft.program is not None:
            others = [each for each in samples if each is not draft.program]
            doubts = part_doubts(draft.program, others, steps, screen.alike)
        else:
            doubts = dict[str, float]()
        answered.append((replace(draft, doubts=doubts), refusal))
    return answered


def number_doubts(program: Program, names: Sequence[str], doubts: Mapping[str, float]) -> list[float]:
    r"""The doubt of each number: that of its part; on a line that several parts use, of the least doubtful one.

    0 for a part of which nothing is known.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> text = "def reward(a, b):\n    s = 2 * a\n    return {'x': s, 'y': 3 * b - s}"
        >>> program = parse(text, [Field("a"), Field("b")])
        >>> number_doubts(program, ["program.s.c0", "program.y.c0"], {"x": 0.2, "y": 0.9})
        [0.2, 0.9]
    """
    users: dict[str, set[str]] = {}
    for part, expr in program.parts:
        for owner in {part, *_locals(expr, dict(program.bindings))}:
            users.setdefault(owner, set()).add(part)
    return [min(doubts.get(part, 0.0) for part in users[name.split(".")[-2]]) for name in names]


def _locals(expr: tree.Expr, bindings: Mapping[str, tree.Expr]) -> set[str]:
    direct = {node.name for node in tree.walk(expr) if isinstance(node, tree.Local)}
    return direct.union(*(_locals(bindings[name], bindings) for name in direct))


def _paid(program: Reward, steps: Batch) -> dict[str, np.ndarray[Any, Any]]:
    try:
        return parts_paid(program, steps)
    except RewardsmithError:  # it is refused, and has no parts to compare
        return {}
