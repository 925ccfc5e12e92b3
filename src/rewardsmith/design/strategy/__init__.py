"""Strategies: what to ask for next, given what is known; each published search is one of these."""

from __future__ import annotations

from .archive import Archive as Archive
from .bayes import Bayes as Bayes
from .best import Best as Best
from .evolve import Evolve as Evolve
from .independent import Independent as Independent
from .islands import Islands as Islands
from .protocol import Strategy as Strategy
from .slots import Slots as Slots
from .tree import Tree as Tree

__all__ = [
    "Archive",
    "Bayes",
    "Best",
    "Evolve",
    "Independent",
    "Islands",
    "Slots",
    "Strategy",
    "Tree",
]
