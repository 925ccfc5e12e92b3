"""check: findings about a reward on a task, before anybody trains on it."""

from __future__ import annotations

from .catalogue import checks as checks
from .catalogue import codes as codes
from .finding import Code as Code
from .finding import Example as Example
from .finding import Finding as Finding
from .finding import Level as Level
from .protocol import Check as Check
from .rules import Rules as Rules
from .rules import find_rules as find_rules
from .rules import read_rules as read_rules
from .run import CheckReport as CheckReport
from .run import check as check
from .run import check_on as check_on
from .scene import Scene as Scene

__all__ = [
    "Check",
    "CheckReport",
    "Code",
    "Example",
    "Finding",
    "Level",
    "Rules",
    "Scene",
    "check",
    "check_on",
    "checks",
    "codes",
    "find_rules",
    "read_rules",
]
