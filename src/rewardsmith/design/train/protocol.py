"""Trainer: what stands behind ``training.kind`` of a method, and what it needs of the search."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ...optimize.control.cluster import Engine
from ...store import Run
from ..race import Race, Result


@dataclass(frozen=True)
class Site:
    """Where a race takes place.

    Args:
        run: whose journal it is recorded in.
        engine: where its trainings run.
        progress: is told how far they are.
        span: notes how long the work under a key takes.
    """

    run: Run
    engine: Engine
    progress: Callable[[dict[str, Any]], None]
    span: Callable[[str], AbstractContextManager[None]]


class Trainer(Protocol):
    """Turns the candidates of a race into standings."""

    def train(self, race: Race, site: Site) -> Result:
        """Train and judge, or read back what was recorded under the race's key."""
        ...
