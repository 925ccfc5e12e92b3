"""Progress: who watches a search, and rates from what trainers report."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol


class Watcher(Protocol):
    """Whoever wants to see progress."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something happened."""
        ...


class Silent:
    """Nobody watches."""

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Ignore."""


@dataclass
class Clock:
    """Turns what a trainer reports into rates, and tells a watcher."""

    stage: str
    watch: Watcher
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    steps: int = 0
    seen: int = -1

    def report(self, data: dict[str, Any]) -> None:
        """The trainer has come so far."""
        self.steps += max(0, data["done"] - max(self.seen, 0)) * data["steps_per_round"]
        self.seen = data["done"]
        wall = max(time.perf_counter() - self.wall, 1e-9)
        rate = self.steps / wall
        left = (data["total"] - data["done"]) * data["steps_per_round"]
        self.watch.event(
            "progress",
            {
                "stage": self.stage,
                "done_steps": data["done"] * data["steps_per_round"],
                "total_steps": data["total"] * data["steps_per_round"],
                "alive": data["members"],
                "steps_per_s": rate,
                "cores": (time.process_time() - self.cpu) / wall,
                "eta_s": left / rate if rate > 0 else float("nan"),
            },
        )
