"""Screen: what refuses a program before it costs a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from ...core.algebra import Reward
from ...core.arrays import Batch
from .refusal import Refusal


@dataclass(frozen=True)
class Episode:
    """A recorded episode: named fields ``(L, ...)``, and whether it succeeded (success >= 0.5)."""

    batch: Batch
    success: bool


@dataclass(frozen=True)
class Evidence:
    """What screens may look at.

    Args:
        steps: recorded steps of the task, ``(N,)``; never with success.
        ending, discount: of the task.
        accepted: programs that passed before, with their normalised values at ``steps``.
        episodes: recorded episodes of trained policies with their verdicts; empty unless the method sees
            ``score``.
        drafts: the other programs of the same round.
    """

    steps: Batch
    ending: str
    discount: float
    accepted: tuple[tuple[Reward, Any], ...] = ()
    episodes: tuple[Episode, ...] = ()
    drafts: tuple[Reward, ...] = field(default=())


@runtime_checkable
class Screen(Protocol):
    """A frozen configuration that answers with a refusal or nothing, and never changes a candidate.

    ``kind`` is its name in the files of methods, ``needs`` what the method must see.
    """

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    def judge(self, program: Reward, values: Any, evidence: Evidence) -> Refusal | None:
        """Judge a program that pays ``values (N,)`` at ``evidence.steps``."""
        ...
