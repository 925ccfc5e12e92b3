"""Scene: a reward on a task, with the experience that several checks look at, recorded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np

from ...core.algebra import Reward, Scope
from ...core.arrays import Batch
from ...core.fields import Field
from ...tasks import Task
from ...tasks.record import record_episodes, record_steps
from ..exploit.attack import attack
from ..exploit.known import ExploitFolder
from ..exploit.search import Ranking, rank
from .probes import probe_fields, probe_observations
from .trace import Trace, trace

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Scene:
    """What is checked, on what.

    Args:
        reward: the reward under test.
        task: what it is for.
        fast: leave out whatever trains.
        seed: of everything that is drawn.
        exploits: where known exploits are kept.

    Nothing here judges: checks do.  Batches hold every field of the task, and ``success`` (per step), which a
    check may read because it judges a reward and proposes none.
    """

    reward: Reward
    task: Task
    fast: bool = True
    seed: int = 0
    exploits: ExploitFolder = field(default_factory=ExploitFolder)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """What a reward may read here, by name: units and bounds."""
        return {field.name: field for field in self.task.table()}

    # ------------------------------------------------------------------ experience
    @cached_property
    def steps(self) -> dict[str, Numbers]:
        """Steps ``(N,)`` of random actions, held for 1 to 16 steps.  For step rewards only."""
        found = record_steps(self.task, self.seed)
        half = (
            len(found["terminated"]) // 2
        )  # the other half is perturbed, also beyond the bounds of its fields
        return self.task.with_success({name: value[:half] for name, value in found.items()})

    @cached_property
    def episodes(self) -> tuple[dict[str, Numbers], ...]:
        """Whole episodes of random actions, each with the leading shape ``(1, L)``."""
        return tuple(self.task.with_success(one) for one in record_episodes(self.task, self.seed, 16))

    @cached_property
    def probes(self) -> dict[str, Numbers]:
        """Steps ``(N,)`` that may never happen: observations and actions anywhere within their bounds, with
        corners, zeros and ends of episodes; derived fields fit their observation.  For step rewards only.
        """
        return self.task.with_success(probe_observations(self.task, self.steps, self.seed))

    @cached_property
    def wide(self) -> dict[str, Numbers]:
        """Steps ``(N,)`` in which every field is drawn for itself within its bounds, often beside the numbers
        it is compared with: what pays nothing here pays nothing anywhere.  For step rewards only.
        """
        return probe_fields(self.fields, self.probes, self.trace.critical, self.seed)

    @property
    def by_step(self) -> bool:
        """Whether single steps can be judged; otherwise only whole episodes."""
        return self.reward.scope is Scope.STEP and self.reward.fields <= set(self.steps)

    @cached_property
    def batches(self) -> tuple[dict[str, Numbers], ...]:
        """What any reward can be evaluated on: the steps where it judges steps, and the episodes."""
        return (self.steps, *self.episodes) if self.by_step else self.episodes

    @cached_property
    def ranking(self) -> Ranking:
        """Behaviour of many kinds, of trained attackers too where not ``fast``, and what the reward pays it."""
        more = () if self.fast else attack(self.reward, self.task, self.seed)
        return rank(self.reward, self.task, self.seed, more)

    # ------------------------------------------------------------------ the reward
    @cached_property
    def trace(self) -> Trace:
        """How the leaves of the reward use their fields: units, comparisons, targets."""
        return trace(self.reward, self.batches[0], self.fields)

    def shares(self, batch: Batch) -> dict[str, Numbers]:
        """What every part pays, as float arrays of the batch's leading shape."""
        return {name: np.asarray(value, float) for name, value in self.reward.terms(copied(batch)).items()}

    def values(self, batch: Batch) -> Numbers:
        """What the reward pays, as a float array of the batch's leading shape."""
        return np.asarray(self.reward(copied(batch)), float)

    def unchecked(self, batch: Batch) -> tuple[Numbers, dict[str, Numbers]]:
        """Values and shares, where infinity is no error but a number to look at."""
        with np.errstate(all="ignore"):
            shares, _ = self.reward.share(copied(batch), self.reward.init(batch))
        parts = {name: np.asarray(value, float) for name, value in shares.parts.items()}
        return np.asarray(shares.total, float), parts

    def gathered(self, batches: Iterable[Batch]) -> tuple[Numbers, dict[str, Numbers]]:
        """Values and shares of several batches, each in one row; steps that are not finite are left out."""
        totals: list[Numbers] = []
        rows: list[dict[str, Numbers]] = []
        for batch in batches:
            total, parts = self.unchecked(batch)
            known = np.isfinite(total.ravel())
            totals.append(total.ravel()[known])
            rows.append({name: np.broadcast_to(v, total.shape).ravel()[known] for name, v in parts.items()})
        names = list(dict.fromkeys(name for row in rows for name in row))
        return np.concatenate(totals), {
            name: np.concatenate([row.get(name, 0.0 * total) for row, total in zip(rows, totals, strict=True)])
            for name in names
        }


@dataclass(frozen=True)
class Sample(Scene):
    """A reward on given batches, without a task: only checks with ``needs_task=False`` can look at it.

    Args:
        given: the batches; one of the leading shape ``(N,)`` first where the reward judges steps.
        table: what is known of their fields.
    """

    given: tuple[dict[str, Any], ...] = ()
    table: tuple[Field, ...] = ()

    @staticmethod
    def of(reward: Reward, batches: Iterable[Batch], table: Iterable[Field] = ()) -> Sample:
        """The usual way to make one."""
        given = tuple(dict(batch) for batch in batches)
        return Sample(reward, cast(Task, None), given=given, table=tuple(table))

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {field.name: field for field in self.table}

    @cached_property
    def steps(self) -> dict[str, Numbers]:
        return self.given[0]

    @cached_property
    def episodes(self) -> tuple[dict[str, Numbers], ...]:
        return self.given

    @cached_property
    def probes(self) -> dict[str, Numbers]:
        return self.given[0]

    @cached_property
    def wide(self) -> dict[str, Numbers]:
        return self.given[0]

    @cached_property
    def batches(self) -> tuple[dict[str, Numbers], ...]:
        return self.given


def copied(batch: Batch) -> dict[str, Any]:
    """A batch whose arrays a reward may spoil without harm to others."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in batch.items()}


def state_at(batch: Mapping[str, Any], names: Iterable[str], index: Any) -> dict[str, Any]:
    """One step of a batch by field names, as JSON values: evidence that a reader understands."""
    found: dict[str, Any] = {}
    for name in names:
        if not isinstance(batch[name], np.ndarray):  # texts
            found[name] = batch[name][index[0] if isinstance(index, tuple) else index]
            continue
        value = np.asarray(batch[name])[index]
        found[name] = np.round(value, 6).tolist() if np.asarray(value).dtype.kind in "fiub" else str(value)
    return found
