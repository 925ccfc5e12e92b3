"""Screen: what refuses a program before it costs a training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from ...core.algebra import Reward
from ...core.arrays import Batch
from .refusal import Refusal

if TYPE_CHECKING:
    from ...measure.distance.coverage import Coverage
    from ...measure.exploit.known import Known
    from ...tasks import Task

COVERAGE = 4_000  # steps


@dataclass(frozen=True)
class Episode:
    """A recorded episode: named fields ``(L, ...)``, and whether it succeeded (success >= 0.5)."""

    batch: Batch
    success: bool


@dataclass(frozen=True)
class Evidence:
    """What screens may look at.

    Args:
        task: whose rewards are judged.
        steps: recorded steps of it, ``(N,)``; never with success.
        accepted: programs that passed before, with their normalised values at ``steps``.
        drafts: all programs of the same round.
        episodes: recorded episodes of trained policies with their verdicts; empty unless the method sees
            ``score``.
        exploits: recorded exploits of the task.
    """

    task: Task
    steps: Batch
    accepted: tuple[tuple[Reward, Any], ...] = ()
    drafts: tuple[Reward, ...] = ()
    episodes: tuple[Episode, ...] = ()
    exploits: tuple[Known, ...] = ()

    @cached_property
    def coverage(self) -> Coverage:
        """Whole recorded episodes of random policies, for distances; recorded where it is first asked for."""
        return _coverage(self.task)


@runtime_checkable
class Screen(Protocol):
    """A frozen configuration that answers with a refusal or nothing, and never changes a candidate.

    ``kind`` is its name in the files of methods, ``needs`` what the method must see, ``uses`` the parts of the
    evidence that cost something to collect (``episodes``, ``exploits``).
    """

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    uses: ClassVar[tuple[str, ...]]

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        """Judge a program that pays ``values (N,)`` at ``evidence.steps``."""
        ...


@cache
def _coverage(task: Task) -> Coverage:
    from ...measure.distance.coverage import record_coverage

    return record_coverage(task, 0, COVERAGE)
