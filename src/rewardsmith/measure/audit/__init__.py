"""audit: attacks on text rewards and verifiers, each a small function, and what they earn."""

from __future__ import annotations

from .attack import Attack as Attack
from .attack import Relation as Relation
from .catalogue import attacks as attacks
from .catalogue import codes as codes
from .catalogue import relations as relations
from .example import FORMS as FORMS
from .example import Example as Example
from .example import arithmetic as arithmetic
from .example import as_completed as as_completed
from .example import batch_of as batch_of
from .example import examples_of as examples_of
from .example import in_form as in_form
from .isolate import Grader as Grader
from .run import Audit as Audit
from .run import AuditReport as AuditReport
from .run import audit as audit
from .verdict import Result as Result

__all__ = [
    "FORMS",
    "Attack",
    "Audit",
    "AuditReport",
    "Example",
    "Grader",
    "Relation",
    "Result",
    "arithmetic",
    "as_completed",
    "attacks",
    "audit",
    "batch_of",
    "codes",
    "examples_of",
    "in_form",
    "relations",
]
