"""check: look at a reward the way code is looked at, before anybody trains on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.algebra import Reward
from ...tasks import Task
from .catalogue import checks as all_checks
from .finding import Finding, Level
from .numeric import INFINITE, RAISES
from .protocol import Check
from .scene import Scene

_ORDER = (Level.ERROR, Level.WARNING, Level.NOTE)


@dataclass(frozen=True)
class CheckReport:
    """What was found, worst first.

    Args:
        reward, task: what was checked, as text.
        findings: worst first.
        ran, left_out: names of the checks that ran, and (name, reason) of those that did not.
        seconds: wall time.
    """

    reward: str
    task: str
    findings: tuple[Finding, ...]
    ran: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Level.ERROR for finding in self.findings)

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "reward": self.reward,
            "task": self.task,
            "errors": self.errors,
            "findings": [finding.record() for finding in self.findings],
            "ran": list(self.ran),
            "left_out": dict(self.left_out),
            "seconds": round(self.seconds, 2),
        }


def check(
    reward: Reward,
    task: Task,
    *,
    fast: bool = False,
    seed: int = 0,
    checks: Sequence[Check] | None = None,
    progress: Callable[[str], None] | None = None,
) -> CheckReport:
    """Run every check on a reward for a task.

    Args:
        fast: leave out the checks that train policies.
        seed: of everything that is drawn.
        checks: those to run; all if None.
        progress: called with the name of each check before it runs.

    Example:
        >>> import rewardsmith as rs
        >>> from rewardsmith import tasks
        >>> check(rs.success * 0.5, tasks.load("cartpole"), fast=True).errors  # doctest: +SKIP
        0
    """
    start = time.perf_counter()
    scene = Scene(reward, task, fast, seed)
    found: list[Finding] = []
    ran: list[str] = []
    left_out: list[tuple[str, str]] = []
    for each in all_checks() if checks is None else checks:
        if fast and each.trains:
            left_out.append((each.name, "trains policies; run without --fast"))
        elif any(finding.code in (INFINITE, RAISES) for finding in found):
            left_out.append((each.name, "the reward cannot be evaluated"))
        else:
            if progress is not None:
                progress(each.name)
            found += each.find(scene)
            ran.append(each.name)
    found.sort(key=lambda finding: (_ORDER.index(finding.severity), finding.code.code))
    seconds = time.perf_counter() - start
    return CheckReport(str(reward), task.name, tuple(found), tuple(ran), tuple(left_out), seconds)
