"""Refusal: why a candidate is not trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a candidate is not trained: a code, and one line with the numbers."""

    code: str
    why: str

    def record(self) -> dict[str, str]:
        """As the journal stores it."""
        return {"code": self.code, "why": self.why}
