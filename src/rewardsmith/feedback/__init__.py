"""Feedback: what people or models say about answers, and synthetic annotators who say it."""

from __future__ import annotations

from .annotator import Annotator as Annotator

__all__ = ["Annotator"]
