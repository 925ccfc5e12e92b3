"""Feedback: what people or models say about answers, and synthetic annotators who say it."""

from __future__ import annotations

from .annotator import Annotator as Annotator
from .hierarchy import Hierarchy as Hierarchy
from .hierarchy import Undecided as Undecided
from .hierarchy import labels_changed as labels_changed
from .hierarchy import lexicographic_preference as lexicographic_preference

__all__ = [
    "Annotator",
    "Hierarchy",
    "Undecided",
    "labels_changed",
    "lexicographic_preference",
]
