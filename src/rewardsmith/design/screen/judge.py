"""Judge: one program before all screens of a method, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.algebra import Reward
from .duplicate import normal
from .protocol import Evidence, Screen
from .refusal import Refusal
from .valid import run


@dataclass(frozen=True)
class Screened:
    """A verdict, and the normalised values ``(N,)`` by which later duplicates are found (None if refused)."""

    refusal: Refusal | None
    values: Any = None


def judge(program: Reward, screens: Sequence[Screen], evidence: Evidence) -> Screened:
    """The first refusal of a program: it does not run, or a screen refuses it, in the order of the screens."""
    values, refusal = run(program, evidence.steps)
    for screen in screens if refusal is None else ():
        refusal = screen.judge(program, values, evidence)
        if refusal is not None:
            break
    return Screened(refusal, normal(values) if refusal is None else None)
