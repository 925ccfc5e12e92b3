"""A queue of texts that wait for a label, for many learners at once: what was seen, asked, and answered when.

The labeller is slow: it takes a few texts at a time and answers after a while.  What it has not answered, and
what it answered unreadably, has no label (NaN); neither is a no.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Table = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LabelQueue:
    """How texts are taken.

    Args:
        order: ``lifo`` takes what was first seen most recently, ``fifo`` what waits longest.
        batch: texts taken at a time.
        every: steps between two takings.
        latency: steps until the answer is merged.

    Source: Zheng et al., "Online Intrinsic Rewards for Decision Making Agents from Large Language Model
    Feedback", arXiv:2410.23022, whose labeller takes the newest texts.
    """

    order: Literal["lifo", "fifo"] = "lifo"
    batch: int = 5
    every: int = 1000
    latency: int = 1000

    def __post_init__(self) -> None:
        if self.order not in ("lifo", "fifo"):
            raise BadInput("LabelQueue.order", repr(self.order), "lifo or fifo")
        if self.batch < 1 or self.every < 1 or self.latency < 0:
            received = f"batch={self.batch}, every={self.every}, latency={self.latency}"
            raise BadInput("LabelQueue", received, "1 or more texts, 1 or more steps, a latency of 0 or more")


@dataclass(frozen=True, eq=False)
class Labels:
    """What M learners know of W texts.

    Args:
        seen: ``(M, W)`` the step of the first sight, infinite before it.
        asked: ``(M, W)`` the step at which the labeller took it, infinite before.
        answered: ``(M, W)`` bools: an answer was merged, readable or not.
        label: ``(M, W)`` 0 to 1; NaN where there is none.
        version: ``(M,)`` how often something was merged: the stamp of every reward that is made of them.
    """

    seen: Floats
    asked: Floats
    answered: Table
    label: Floats
    version: Table


def no_labels(learners: int, texts: int) -> Labels:
    """Nothing seen, asked or answered."""
    never = np.full((learners, texts), np.inf)
    return Labels(
        never, never, np.zeros(never.shape, bool), np.full(never.shape, np.nan), np.zeros(learners, np.int64)
    )


def see(labels: Labels, text: Table, now: Table, live: Table) -> Labels:
    """Each learner ``(M,)`` that is live sees one text at its own step ``now``."""
    rows = np.flatnonzero(live & np.isinf(labels.seen[np.arange(len(text)), text]))
    if not len(rows):
        return labels
    seen = labels.seen.copy()
    seen[rows, text[rows]] = now[rows]
    return replace(labels, seen=seen)


def ask(queue: LabelQueue, labels: Labels, now: Table, due: Table) -> Labels:
    """The labeller takes ``batch`` waiting texts from each learner that is ``due (M,)``."""
    rows = np.flatnonzero(due)
    waiting = np.isfinite(labels.seen[rows]) & np.isinf(labels.asked[rows])
    if not waiting.any():
        return labels
    age = labels.seen[rows] if queue.order == "fifo" else -labels.seen[rows]
    first = np.argsort(np.where(waiting, age, np.inf), axis=1, kind="stable")[:, : queue.batch]
    asked = labels.asked.copy()
    for row, texts in zip(range(len(rows)), first, strict=True):
        taken = texts[waiting[row, texts]]
        asked[rows[row], taken] = now[rows[row]]
    return replace(labels, asked=asked)


def merge(queue: LabelQueue, labels: Labels, answers: Floats, now: Table) -> Labels:
    """Answers ``(M, W)``, NaN an unreadable one, to what was asked ``latency`` steps ago are merged."""
    ready = (labels.asked + queue.latency <= now[:, None]) & ~labels.answered
    if not ready.any():
        return labels
    label = np.where(ready, answers, labels.label)
    version = labels.version + ready.any(1)
    return Labels(labels.seen, labels.asked, labels.answered | ready, label, version)
