"""check: findings about a reward on a task, before anybody trains on it."""

from __future__ import annotations

from .finding import Code as Code
from .finding import Example as Example
from .finding import Finding as Finding
from .finding import Level as Level
from .run import CheckReport as CheckReport
from .run import check as check

__all__ = ["CheckReport", "Code", "Example", "Finding", "Level", "check"]
