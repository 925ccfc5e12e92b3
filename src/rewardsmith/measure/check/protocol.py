"""Check: one thing that is looked for; a file of this folder each, listed in ``catalogue.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .finding import Code, Finding
from .scene import Scene


@dataclass(frozen=True)
class Check:
    """A function from a scene to findings, with the codes it may use.

    Args:
        name: of the file.
        codes: what it may find.
        find: yields findings; never changes the scene; a reward that raises is the affair of ``numeric``.
        trains: whether it trains policies, which ``--fast`` leaves out.
        needs_task: whether it asks the task for anything; without a task only the others run.
    """

    name: str
    codes: tuple[Code, ...]
    find: Callable[[Scene], Iterable[Finding]]
    trains: bool = False
    needs_task: bool = True
