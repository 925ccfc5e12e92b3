"""What a run has to tell: its events and arrays in the order in which the page shows them.

Everything may be missing, because a report may be asked for while the run goes on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]
CONTROLS = ("zero", "sparse", "native", "naive")


@dataclass(frozen=True)
class Candidate:
    """One proposed reward and what became of it.

    ``success`` is None where it was never trained, NaN where the training had no verdict.
    """

    id: str
    round: int
    text: str
    operator: str
    parents: tuple[str, ...]
    screened: Mapping[str, Any] | None
    success: float | None
    seeds: tuple[float, ...] = ()
    finished: bool = True  # False: dropped before the end of its training
    fitted: Mapping[str, Any] | None = None  # how its numbers were fitted before it was trained
    sees: tuple[str, ...] = ()  # the fields that its agents see, where they were chosen


@dataclass(frozen=True)
class Story:
    """A run, read once."""

    id: str
    status: str
    config: dict[str, Any]
    task: dict[str, Any]
    candidates: tuple[Candidate, ...]
    selected: tuple[dict[str, Any], ...]
    trained: tuple[dict[str, Any], ...]
    controls: dict[str, Any]
    controls_arrays: dict[str, Numbers]
    final: dict[str, Any]
    final_arrays: dict[str, Numbers]
    film: dict[str, Any]
    film_arrays: dict[str, Numbers]
    finished: dict[str, Any]
    prompts: dict[str, Any]
    writer: dict[str, Any]
    answers: tuple[dict[str, Any], ...]
    advice: tuple[dict[str, Any], ...]
    sandbox: str
    spans: tuple[tuple[str, float, float], ...] = field(default=())

    @property
    def winner(self) -> str | None:
        """Id of the winner; of the best so far while there is no winner."""
        if self.final.get("id"):
            return str(self.final["id"])
        last = self.selected[-1] if self.selected else {}
        return str(last["incumbent"]) if last.get("incumbent") else None

    @property
    def sees(self) -> tuple[str, ...]:
        """The fields that the winner's agents see; empty where they see the task's observation."""
        return next((each.sees for each in self.candidates if each.id == self.winner), ())

    def field(self, name: str) -> dict[str, Any]:
        """What the task says of a field; empty if nothing."""
        return next((row for row in self.task.get("fields") or () if row.get("name") == name), {})


def read(run: Any) -> Story:
    """Read a run of the store, finished or not."""
    events: dict[str, list[Any]] = {}
    for event in run.events():
        events.setdefault(event.kind, []).append(event)

    def only(kind: str) -> dict[str, Any]:
        found = events.get(kind)
        return dict(found[-1].payload) if found else {}

    def arrays(kind: str) -> dict[str, Numbers]:
        found = events.get(kind)
        return dict(run.arrays(found[-1].key)) if found else {}

    trained = tuple(dict(event.payload) for event in events.get("trained", []))
    proposed = [event.payload for event in events.get("proposed", [])]
    return Story(
        id=run.id,
        status=run.status,
        config=dict(run.config),
        task=only("task"),
        candidates=_candidates(proposed, trained),
        selected=tuple(dict(event.payload) for event in events.get("selected", [])),
        trained=trained,
        controls=only("controls"),
        controls_arrays=arrays("controls"),
        final=only("final"),
        final_arrays=arrays("final"),
        film=only("film"),
        film_arrays=arrays("film"),
        finished=only("finished"),
        prompts=only("prompts"),
        writer=writer_of(proposed),
        answers=tuple(dict(event.payload) for event in events.get("answer", [])),
        advice=tuple(dict(event.payload) for event in events.get("advice", [])),
        sandbox=str(events["sandbox"][-1].timing.get("stamp", "")) if "sandbox" in events else "",
        spans=tuple(
            (str(event.payload.get("stage", "")), _seconds(event, "wall_s"), _seconds(event, "cpu_s"))
            for event in events.get("clock", [])
        ),
    )


def writer_of(proposed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is said of the writer, the last time; what the selection proposes has none."""
    return next((dict(each) for each in reversed(proposed) if each.get("writer")), {})


def verdicts(values: Any) -> Numbers:
    """Per-seed numbers as an array; None and NaN are 'no verdict'."""
    return np.array(
        [math.nan if v is None else float(v) for v in (() if values is None else values)], dtype=float
    )


def mean_of(values: Any) -> float:
    """The mean of the seeds that have a verdict; NaN if none has."""
    known = verdicts(values)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else math.nan


def cost_of(payload: dict[str, Any], name: str) -> float:
    """What a stage used: recorded under ``cost``, or beside the results."""
    value = (payload.get("cost") or payload).get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _candidates(proposed: list[Any], trained: tuple[dict[str, Any], ...]) -> tuple[Candidate, ...]:
    # A later stage trains longer or on fresher seeds, so its numbers replace the earlier ones.
    seeds: dict[str, list[float]] = {}
    dropped: set[str] = set()
    for payload in trained:
        stage: dict[str, list[float]] = {}
        for member in payload.get("members") or ():
            value = member.get("success")
            stage.setdefault(str(member.get("id")), []).append(math.nan if value is None else float(value))
        for standing in payload.get("standings") or ():  # also those that were dropped early
            stage[str(standing.get("id"))] = list(verdicts(standing.get("success")))
            if not standing.get("finished", True):
                dropped.add(str(standing.get("id")))
        seeds.update(stage)
    found: list[Candidate] = []
    for payload in proposed:
        for row in payload.get("candidates") or ():
            name = str(row.get("id"))
            found.append(
                Candidate(
                    name,
                    int(payload.get("round", 0)),
                    str(row.get("text", "")),
                    str(row.get("operator", "")),
                    tuple(str(parent) for parent in row.get("parents") or ()),
                    row.get("screened"),
                    mean_of(seeds[name]) if name in seeds else None,
                    tuple(seeds.get(name, ())),
                    name not in dropped,
                    row.get("fitted"),
                    tuple(str(name) for name in row.get("observation") or ()),
                )
            )
    return tuple(found)


def _seconds(event: Any, name: str) -> float:
    value = {**event.payload, **event.timing}.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan
