"""Proposing: asks, and those who answer them with programs."""

from __future__ import annotations

from .ask import OPERATORS as OPERATORS
from .ask import Ask as Ask
from .ask import Draft as Draft
from .ask import Writer as Writer

__all__ = ["OPERATORS", "Ask", "Draft", "Writer"]
