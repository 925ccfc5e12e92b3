"""check: look at a reward the way code is looked at, before anybody trains on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.algebra import Reward
from ...core.arrays import Batch
from ...core.errors import BadInput
from ...core.fields import Field
from ...tasks import Task
from ..exploit.known import ExploitFolder
from .catalogue import checks as all_checks
from .finding import Finding, Level
from .known import keep_found
from .numeric import INFINITE, RAISES
from .protocol import Check
from .rules import Rules
from .scene import Sample, Scene

Progress = Callable[[str], None]
_ORDER = (Level.ERROR, Level.WARNING, Level.NOTE)


@dataclass(frozen=True)
class CheckReport:
    """What was found, worst first.

    Args:
        reward, task: what was checked, as text.
        findings: worst first.
        ran, left_out: names of the checks that ran, and (name, reason) of those that did not.
        seconds: wall time.
        accepted: findings that the rules of the project accept, with the reasons.
    """

    reward: str
    task: str
    findings: tuple[Finding, ...]
    ran: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    seconds: float
    accepted: tuple[tuple[Finding, str], ...] = ()

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return self._count(Level.ERROR)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return self._count(Level.WARNING)

    def _count(self, level: Level) -> int:
        return sum(finding.severity is level for finding in self.findings)

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "reward": self.reward,
            "task": self.task,
            "errors": self.errors,
            "warnings": self.warnings,
            "findings": [finding.record() for finding in self.findings],
            "accepted": [{**finding.record(), "reason": reason} for finding, reason in self.accepted],
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
    rules: Rules | None = None,
    exploits: ExploitFolder | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Run every check on a reward for a task.

    Args:
        fast: leave out the checks that train policies.
        seed: of everything that is drawn.
        checks: those to run; all if None.
        rules: what this project accepts, and its levels.
        exploits: where exploits are kept and read; ``.rewardsmith/exploits`` if None, and none are added.
        progress: called with the name of each check before it runs.

    Raises:
        BadInput: no reward, or no task, was given.

    Example:
        >>> import rewardsmith as rs
        >>> from rewardsmith import tasks
        >>> check(rs.success * 0.5, tasks.load("cartpole"), fast=True).errors  # doctest: +SKIP
        0
    """
    if not isinstance(reward, Reward):
        raise BadInput("check", type(reward).__name__, "a reward, such as an @rs.term")
    if not isinstance(task, Task):
        raise BadInput("check", type(task).__name__, "a task, such as tasks.load('cartpole')")
    chosen = all_checks() if checks is None else checks
    scene = Scene(reward, task, fast, seed, exploits or ExploitFolder())
    report = _run(scene, task.name, chosen, rules or Rules(), progress)
    if scene.exploits.keep and "known" in report.ran:
        keep_found(scene)
    return report


def check_on(
    reward: Reward,
    batches: Sequence[Batch],
    fields: Iterable[Field] = (),
    *,
    rules: Rules | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Run the checks that need no task on a reward and recorded batches.

    Args:
        batches: experience with every field that the reward reads.
        fields: what is known of these fields: units and bounds.
        rules, progress: as in ``check``.

    Example:
        >>> import numpy as np, rewardsmith as rs
        >>> @rs.term
        ... def root(x):
        ...     return np.sqrt(x)
        >>> [f.code.code for f in check_on(root, [{"x": np.array([-1.0, 0.0, 1.0])}]).findings]
        ['R701']
    """
    if not batches:
        raise BadInput("batches of check_on", "none", "one or more")
    return _run(Sample.of(reward, batches, fields), "", all_checks(), rules or Rules(), progress)


def _run(
    scene: Scene, task: str, checks: Sequence[Check], rules: Rules, progress: Progress | None
) -> CheckReport:
    start = time.perf_counter()
    found: list[Finding] = []
    ran: list[str] = []
    left_out: list[tuple[str, str]] = []
    for each in checks:
        if reason := _left_out(each, scene, found):
            left_out.append((each.name, reason))
            continue
        if progress is not None:
            progress(each.name)
        found += each.find(scene)
        ran.append(each.name)
    left, accepted = rules.judge(found)
    left.sort(key=lambda finding: (_ORDER.index(finding.severity), finding.code.code))
    seconds = time.perf_counter() - start
    text = str(scene.reward)
    return CheckReport(text, task, tuple(left), tuple(ran), tuple(left_out), seconds, tuple(accepted))


def _left_out(check: Check, scene: Scene, found: Sequence[Finding]) -> str:
    """Why a check does not run; empty where it does."""
    if scene.fast and check.trains:
        return "trains policies; run without --fast"
    if check.needs_task and isinstance(scene, Sample):
        return "needs a task"
    if any(finding.code in (INFINITE, RAISES) and finding.severity is Level.ERROR for finding in found):
        return "the reward cannot be evaluated"
    return ""
