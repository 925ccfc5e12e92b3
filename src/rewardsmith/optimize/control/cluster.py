"""Engines: where the trainings of a population run.

A member's future depends on its own seed and reward only, bit for bit, so an engine changes how long a search
takes and nothing else: it is no part of a run's identity, and a run may be resumed on another one.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, Protocol

from ...core.errors import BadInput, MissingExtra, RewardsmithError
from ..board import Board
from .config import whole
from .devices import CACHE, CORES, cores
from .engine import Progress
from .population import Population
from .shards import ClusterError, Shard, train_shard

RETRIES = 5
PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.25
_STARTS = 3
_LOCAL_STORE_BYTES = 256 * 2**20  # of shared memory; members are small, and containers have little of it
_WANTED = "the address of a running Ray cluster (`ray start --head` prints it), auto, or none for a local one"


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}


class Engine(Protocol):
    """Whatever advances a population."""

    def advance(self, population: Population, steps: int, progress: Progress | None = None) -> Population:
        """What ``population.advance(steps, progress)`` gives."""
        ...


@dataclass(frozen=True)
class Local:
    """This process, on all of its cores."""

    def advance(self, population: Population, steps: int, progress: Progress | None = None) -> Population:
        """As ``Engine.advance``."""
        return population.advance(steps, progress)


@dataclass(frozen=True)
class RayCluster:
    """The workers of a Ray cluster, each with a share of the members.

    A share whose worker dies is trained again, from the state that it had, by another worker: Ray runs the
    task again, and only its result counts.

    Args:
        address: of a running cluster (``host:port``, ``ray://host:port``, ``auto``); None starts one on this
            machine, which ends with this process.
        workers: at most so many shares; None for as many as the cluster has CPUs for.
        cpus_per_worker: CPUs, and threads, of each.

    Raises:
        BadInput: no such cluster.
        MissingExtra: Ray is not installed.

    Example:
        >>> RayCluster(workers=4)
        RayCluster(address=None, workers=4, cpus_per_worker=1)
    """

    address: str | None = None
    workers: int | None = None
    cpus_per_worker: int = 1

    def __post_init__(self) -> None:
        whole("cpus_per_worker", self.cpus_per_worker)
        if self.workers is not None:
            whole("workers", self.workers)

    def advance(self, population: Population, steps: int, progress: Progress | None = None) -> Population:
        """As ``Engine.advance``.

        Raises:
            ClusterError: workers cannot load the task, or one share was lost with its worker again and again.
        """
        whole("steps to advance", steps)
        ray = self.connect()
        parts = population.split(self.size(ray))
        meter = _Meter(_board(ray, ray.get_runtime_context().get_job_id()), [len(part) for part in parts])
        task = ray.remote(_work).options(**self._options())
        packed = [Shard.pack(part, ray.cloudpickle.dumps) for part in parts]
        waiting = [task.remote(shard, steps, meter.sender(i)) for i, shard in enumerate(packed)]
        try:
            found = _gather(ray, waiting, lambda: progress(meter.read(ray)) if progress else None)
        except BaseException:
            # Not ray.cancel: cancelling a task at the moment in which it ends aborts this process (Ray 2.60).
            meter.board.stop.remote(meter.advance)
            raise
        meter.board.forget.remote(meter.advance)
        same = (population.task, population.rewards, population.config)
        return Population.join([Population.from_arrays(arrays, *same) for arrays in found])

    def connect(self) -> Any:
        """Ray, connected; once per process, so a cluster that a script has connected to is used."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError:
            raise MissingExtra("ray", "ray", "training on a cluster") from None
        if ray.is_initialized():
            return ray
        _reachable(self.address)
        if self.address is None:
            cpus = self.cpus_per_worker * (self.workers or max(1, cores() // self.cpus_per_worker))
            _start(ray, cpus)
            return ray
        try:
            ray.init(self.address, **_QUIET)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as problem:
            raise BadInput("address", repr(self.address), _WANTED, _one_line(problem)) from None
        return ray

    def size(self, ray: Any) -> int:
        """How many workers there are.

        Raises:
            BadInput: no node has as many CPUs as a worker takes.
        """
        found = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        if max(found, default=0) < self.cpus_per_worker:
            raise BadInput("cpus_per_worker", self.cpus_per_worker, f"at most {max(found, default=0)}",
                           "no node of the cluster has more")  # fmt: skip
        return self.workers or sum(cpus // self.cpus_per_worker for cpus in found)

    def _options(self) -> dict[str, Any]:
        threads = str(self.cpus_per_worker)
        chosen = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        chosen |= {"JAX_PLATFORMS": "cpu", CORES: threads, "XLA_FLAGS": _flags()}
        if CACHE in os.environ:
            chosen[CACHE] = os.environ[CACHE]
        return {
            "num_cpus": self.cpus_per_worker,
            "max_retries": RETRIES,
            "runtime_env": {"env_vars": chosen},
        }


def named_engine(name: str, address: str | None = None, workers: int | None = None) -> Engine:
    """The engine that a person named: ``local`` or ``ray``.

    Raises:
        BadInput: another name, or an address without ``ray``.

    Example:
        >>> named_engine("ray", "head:6379")
        RayCluster(address='head:6379', workers=None, cpus_per_worker=1)
    """
    if name not in ("local", "ray"):
        raise BadInput("engine", repr(name), "local, ray")
    if name == "ray":
        return RayCluster(address, workers)
    if address is not None or workers is not None:
        raise BadInput("engine", "local, with an address or workers", "--engine ray, or neither")
    return Local()


class _Sender(NamedTuple):
    """How a worker reports: the board, the advance and the shard."""

    board: Any
    advance: str
    shard: int

    def report(self, done: int) -> None:
        """Tell how many iterations are done.  A report that is lost costs nothing but the report."""
        import ray
        from ray.exceptions import RayError

        wanted = True
        with contextlib.suppress(RayError):
            wanted = ray.get(self.board.tell.remote(self.advance, self.shard, done))
        if not wanted:
            raise _NotWanted


class _NotWanted(Exception):
    """Whoever asked for a training has gone."""


@dataclass
class _Meter:
    """Sums up what workers report: iterations done, a mean over the members that never falls."""

    board: Any
    sizes: Sequence[int]
    advance: str = field(default_factory=lambda: secrets.token_hex(4))
    highest: int = 0

    def sender(self, shard: int) -> _Sender:
        return _Sender(self.board, self.advance, shard)

    def read(self, ray: Any) -> int:
        with contextlib.suppress(ray.exceptions.RayError):
            done = ray.get(self.board.read.remote(self.advance), timeout=PATIENCE_SECONDS)
            made = sum(done.get(shard, 0) * size for shard, size in enumerate(self.sizes))
            self.highest = max(self.highest, made // sum(self.sizes))
        return self.highest


@cache
def _board(ray: Any, job: str) -> Any:
    """One board per connection: it is a process, and takes a second to start."""
    del job
    return ray.remote(Board).options(num_cpus=0, max_restarts=-1).remote()


def _work(shard: Shard, steps: int, sender: _Sender) -> Any:
    try:
        sender.report(0)
        return train_shard(shard, steps, sender.report)
    except _NotWanted:
        return {}  # nobody reads it


def _gather(ray: Any, waiting: Sequence[Any], look: Callable[[], None]) -> list[Any]:
    left = list(waiting)
    while left:
        ready, left = ray.wait(left, num_returns=len(left), timeout=_POLL_SECONDS)
        for each in ready:
            _result(ray, each)  # a failure ends the wait for the others
        look()
    return [_result(ray, each) for each in waiting]


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as failed:
        cause = failed.cause if isinstance(failed.cause, BaseException) else failed
        if isinstance(cause, RewardsmithError):
            raise cause from None
        why = f"{type(cause).__name__}: {_one_line(cause)}"
        if isinstance(cause, ImportError):
            why += "; allowed: rewardsmith[control] on every node, in the same version"
        raise ClusterError(f"a worker of the cluster failed: {why}") from None
    except ray.exceptions.RayError as lost:
        raise ClusterError(
            f"trainings were lost with their workers ({type(lost).__name__}: {_one_line(lost)}), also when "
            f"run again {RETRIES} times; what was recorded is kept, continue with --resume"
        ) from None


def _start(ray: Any, cpus: int) -> None:
    """A cluster on this machine.

    On a busy one Ray may give up: it waits 15 s, not to be changed, for a process of its own
    (github.com/ray-project/ray/issues/65983).  So it is tried again.
    """
    os.environ.setdefault("RAY_worker_niceness", "0")  # 15 would let everything else go first
    own = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": _LOCAL_STORE_BYTES}
    for attempt in range(_STARTS):
        try:
            ray.init("local", **own, **_QUIET)
            return
        except Exception as problem:  # it has no kind of its own
            ray.shutdown()
            if attempt == _STARTS - 1:
                raise ClusterError(f"Ray cannot be started on this machine: {_one_line(problem)}") from None


def _one_line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:400]


def _flags() -> str:
    """This process's flags for XLA, without the number of devices, which is the worker's own."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    return " ".join(flag for flag in flags if "xla_force_host_platform_device_count" not in flag)


def _reachable(address: str | None) -> None:
    """Refuse at once what Ray would wait minutes for."""
    found = re.fullmatch(r"(?:ray://)?\[?([^\s/]+?)\]?:(\d+)", address or "")
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), PATIENCE_SECONDS).close()
    except (OSError, OverflowError) as problem:
        raise BadInput("address", repr(address), _WANTED, f"nothing answers there ({problem})") from None
