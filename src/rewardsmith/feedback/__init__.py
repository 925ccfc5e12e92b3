"""Feedback: what people or models say about answers, and synthetic annotators who say it."""

from __future__ import annotations

from .annotator import Annotator as Annotator
from .hierarchy import Hierarchy as Hierarchy
from .hierarchy import Undecided as Undecided
from .hierarchy import labels_changed as labels_changed
from .hierarchy import lexicographic_preference as lexicographic_preference
from .person import Answer as Answer
from .person import Lines as Lines
from .person import Oracle as Oracle
from .person import Person as Person
from .person import Question as Question
from .person import Recorded as Recorded
from .person import Shown as Shown
from .person import parse_answer as parse_answer
from .person import parse_person as parse_person

__all__ = [
    "Annotator",
    "Answer",
    "Hierarchy",
    "Lines",
    "Oracle",
    "Person",
    "Question",
    "Recorded",
    "Shown",
    "Undecided",
    "labels_changed",
    "lexicographic_preference",
    "parse_answer",
    "parse_person",
]
