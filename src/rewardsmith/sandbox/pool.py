"""A pool of workers: one for each core, restarted when one dies, gone when this process is."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from ..core.errors import BadInput
from .backend import Backend, NoSandbox, Worker, best
from .jobs import Job, Limits, Outcome, Tier

TRIES = 2  # a job whose sandbox failed gets one more, in a new worker


class Pool:
    """Workers of the strongest back-end that works here.

    Args:
        tier: what it must be able to run.
        limits: of a job that brings none of its own.
        size: workers; by default one for each core.
        allow_unsandboxed: where no back-end works, run the code with the rights of this process after all.
        backend: use this one instead of the best.

    A context manager; workers start when they are needed.  A job whose sandbox failed is tried once more in a
    new worker; what fails then too is ``infrastructure``, counted in ``failures``.

    Raises:
        NoSandbox: nothing here can hold untrusted code.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.sandbox import ArrayJob
        >>> with Pool(size=1) as pool:
        ...     outcome = pool.run(ArrayJob("def double(x): return 2 * x", "double", {"x": np.ones(2)}))
        >>> outcome.status, outcome.arrays[""].tolist()
        ('done', [2.0, 2.0])
    """

    def __init__(
        self,
        tier: Tier = "T1",
        limits: Limits | None = None,
        size: int | None = None,
        allow_unsandboxed: bool = False,
        backend: Backend | None = None,
    ) -> None:
        if size is not None and size < 1:
            raise BadInput("size of a pool", size, "at least 1 worker")
        self.backend = backend or best(tier, allow_unsandboxed)
        self.limits, self.size = limits or Limits(), size or cores()
        self.failures = 0
        self.restarts = 0
        if not self.backend.isolated:
            warnings.warn("untrusted code runs UNSANDBOXED, with all rights of this process", stacklevel=2)
        self._threads = ThreadPoolExecutor(self.size, "sandbox")
        self._own = threading.local()
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closed = False
        _pools.add(self)

    @property
    def stamp(self) -> str:
        """What every outcome is stamped with: the walls of a worker, started if there is none yet."""
        if self._workers:
            return self._workers[-1].stamp
        return self._threads.submit(self._worker).result().stamp

    # ------------------------------------------------------------------ jobs
    def run(self, job: Job, limits: Limits | None = None) -> Outcome:
        """Run one job; from any thread."""
        return self.submit(job, limits).result()

    def map(self, jobs: Iterable[Job], limits: Limits | None = None) -> list[Outcome]:
        """Run many jobs, as many at a time as there are workers; their outcomes in order."""
        waiting = [self.submit(job, limits) for job in jobs]
        return [future.result() for future in waiting]

    def submit(self, job: Job, limits: Limits | None = None) -> Future[Outcome]:
        """Put one job in line."""
        return self._threads.submit(self._run, job, limits or self.limits)

    def _run(self, job: Job, limits: Limits) -> Outcome:
        # In a thread of the pool: a worker ends with the thread that started it, and these live until close().
        found: Outcome | None = None
        for _ in range(TRIES):
            try:
                found = self._worker().run(job, limits)
            except NoSandbox as error:
                found = Outcome("infrastructure", "", reason=str(error.reasons[0][1]))
            if found.status != "infrastructure":
                return found
        with self._lock:
            self.failures += 1
        assert found is not None
        return replace(found, reason=f"{found.reason}, {TRIES} times")

    def _worker(self) -> Worker:
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None or not worker.alive:
            if worker is not None:
                worker.close()
            new = self.backend.open(self.limits)
            with self._lock:
                self.restarts += worker is not None
                self._workers = [other for other in self._workers if other is not worker] + [new]
            self._own.worker = worker = new
        return worker

    # ------------------------------------------------------------------ the end
    @property
    def closed(self) -> bool:
        """True after ``close()``, and in a process that was forked from the pool's."""
        return self._closed or os.getpid() != self._process

    def close(self) -> None:
        """End all workers; running jobs come to their end first."""
        if os.getpid() != self._process:
            return
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ---------------------------------------------------------------------- the pool of this process
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_shared: dict[Tier, Pool] = {}
_chosen: list[Pool] = []
_guard = threading.Lock()


def shared(tier: Tier) -> Pool:
    """The pool that rewards use: that of ``using(...)``, else one for this process, opened when first needed.

    Raises:
        NoSandbox: nothing here can hold untrusted code.
    """
    with _guard:
        if _chosen and tier in _chosen[-1].backend.tiers and not _chosen[-1].closed:
            return _chosen[-1]
        if tier not in _shared or _shared[tier].closed:
            same = (pool for pool in _shared.values() if tier in pool.backend.tiers and not pool.closed)
            _shared[tier] = next(same, None) or Pool(tier)
        return _shared[tier]


@contextmanager
def using(pool: Pool) -> Generator[Pool]:
    """Within this block rewards use the given pool: other limits, another size, or the override.

    It holds for the whole process, other threads included: of blocks that overlap the one entered last counts.

    Example:
        >>> with Pool(limits=Limits(wall=1.0), size=1) as pool, using(pool):
        ...     shared("T1") is pool
        True
    """
    _chosen.append(pool)
    try:
        yield pool
    finally:
        _chosen.remove(pool)


def _after_fork() -> None:
    global _guard
    _guard = threading.Lock()  # another thread may have held it
    _shared.clear()


os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _close_all() -> None:
    for pool in tuple(_pools):
        pool.close()
