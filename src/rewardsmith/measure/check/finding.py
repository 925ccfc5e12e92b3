"""What a check says: a finding, its code and its level."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import BadInput


class Level(enum.StrEnum):
    """An error will be exploited or breaks a training, a warning costs learning, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Example:
    """One reward that triggers a finding, and its sound twin: documentation shows them, tests run them.

    Args:
        task: a shipped task.
        bad, sound: a program such as ``"-abs(angle)"``, or the text of a Python file that defines ``reward``.
        fast: whether the check finds it without training.
    """

    task: str
    bad: str
    sound: str
    fast: bool = True


@dataclass(frozen=True)
class Code:
    """One kind of finding; ``rewardsmith explain CODE`` and the documentation print it.

    Args:
        code: letter and three digits, never used again for something else.
        title: two or three words, as in a list of findings.
        level: what a finding of this kind is unless its evidence says otherwise.
        why: why it matters, in a sentence or two.
        fix: what usually fixes it.
        how: how it is measured, with thresholds and their units.
        source: a publication or a known case, where there is one.
        example: a reward that triggers it, with its sound twin.
    """

    code: str
    title: str
    level: Level
    why: str
    fix: str
    how: str
    source: str = ""
    example: Example | None = None

    def __post_init__(self) -> None:
        if len(self.code) != 4 or not self.code[0].isupper() or not self.code[1:].isdigit():
            raise BadInput("code", repr(self.code), "a capital letter and three digits")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Args:
        code: the kind.
        message: one line with what was measured, in words a user understands.
        part: the term it is about, or None for the whole reward.
        evidence: what proves it, as JSON values: numbers, a state by field names, a loop as a list of states.
        level: overrides the level of the code.
        episode: what happened, to be filmed: observations ``(L, O)``, or None.
    """

    code: Code
    message: str
    part: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])
    level: Level | None = None
    episode: Any = field(default=None, compare=False, repr=False)

    @property
    def severity(self) -> Level:
        """The level that counts."""
        return self.level or self.code.level

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "code": self.code.code,
            "title": self.code.title,
            "level": str(self.severity),
            "part": self.part,
            "message": self.message,
            "evidence": dict(self.evidence),
            "why": self.code.why,
            "fix": self.code.fix,
        }
