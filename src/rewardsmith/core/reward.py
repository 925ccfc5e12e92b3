"""MOVED: Reward, Transform, Scope live in core/algebra.py; terms in core/term.py. Import from there (this file goes away)."""

from .algebra import Reward as Reward
from .algebra import Scope as Scope
from .algebra import Transform as Transform
from .term import Term as Term
from .term import success as success
from .term import term as term
