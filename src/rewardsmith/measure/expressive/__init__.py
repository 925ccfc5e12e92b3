"""Which objectives a formalism can state: certificates, witnesses and the table of 17 formalisms."""

from __future__ import annotations

from .catalogue import WITNESSES as WITNESSES
from .catalogue import Entry as Entry
from .catalogue import relation_table as relation_table
from .feasible import Expressible as Expressible
from .formalisms import CONTAINS as CONTAINS
from .formalisms import FORMALISMS as FORMALISMS
from .formalisms import is_expressible as is_expressible
from .witnesses import Evidence as Evidence
from .witnesses import Witness as Witness
from .world import World as World

__all__ = [
    "CONTAINS",
    "FORMALISMS",
    "WITNESSES",
    "Entry",
    "Evidence",
    "Expressible",
    "Witness",
    "World",
    "is_expressible",
    "relation_table",
]
