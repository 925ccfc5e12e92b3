"""Sandboxed: what holds the Python of a search, and its stamp in the journal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ..store import Run
from .config import Design


@contextmanager
def sandboxed(config: Design, run: Run) -> Generator[None]:
    """Where rewards may be Python, the pool that runs them, and its stamp in the journal."""
    if config.resolved.writing.language != "python":
        yield
        return
    from ..sandbox import Pool, using

    with Pool("T1", allow_unsandboxed=config.unsandboxed) as pool, using(pool):
        run.record("sandbox", "sandbox", {"tier": "T1"}, timing={"stamp": pool.stamp})
        yield
