"""Isolate: a grader in a process of its own, which is ended where it does not come back.

The process is forked, so any callable will do.  Forking a process with threads is safe as long as the grader
uses no lock or device that another thread held at that moment; a grader that gets stuck is ended at its
deadline like any other.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ...core.arrays import is_array, to_numpy
from ...core.errors import BadInput
from ...core.samples.worker import die_with

Grader = Callable[[Mapping[str, Any]], Any]
# A completion that leaves a mark, and does nothing else, where the grader runs it in its own process.
MARK = "rewardsmith_audit_was_here"
CANARY = f"__import__('sys').modules.setdefault('{MARK}', __import__('sys'))"
PATIENCE = 12  # calls that do not come back, before nothing more is asked
START_SECONDS = 60.0  # for the first call in a new process
MOST_BYTES = 2 << 30  # what a grader may allocate beyond what is there


@dataclass(frozen=True)
class Reply:
    """What a grader said of one completion.

    Args:
        score: NaN where it had no verdict, raised, or did not come back.
        seconds: that it took.
        failure: one line where it raised.
        late: it was ended at the deadline.
        ran: the completion was run as a program (see ``CANARY``).
    """

    score: float
    seconds: float
    failure: str = ""
    late: bool = False
    ran: bool = False


class Isolated:
    """A grader in its own process; use as a context manager.

    Args:
        grader: from a batch to one number for each sample, None or NaN for no verdict.
        deadline: seconds for one call.
        warm: a batch that each new process grades first, without a deadline to speak of: a first call imports,
            compiles and starts workers.
    """

    def __init__(self, grader: Grader, deadline: float, warm: Mapping[str, Any] | None = None) -> None:
        if not hasattr(os, "fork"):
            raise BadInput("audit", sys.platform, "a system with fork", "graders run in a process of their own")
        self.grader, self.deadline, self.warm = grader, deadline, warm
        self.late = 0
        self._process: Any = None
        self._connection: Connection | None = None

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def each(self, batches: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """What it says of batches of one sample, one after the other.

        After three in a row that did not come back, or twelve in all, the rest is not asked.
        """
        replies: list[Reply] = []
        while len(replies) < len(batches) and self.late < PATIENCE:
            connection = self._open()
            with contextlib.suppress(BrokenPipeError):
                connection.send(list(batches[len(replies) :]))
            for _ in range(len(batches) - len(replies)):
                begun = time.perf_counter()
                if not connection.poll(self.deadline):
                    replies.append(Reply(math.nan, time.perf_counter() - begun, late=True))
                    self.late += 1
                    self.close()
                    break
                try:
                    values, seconds, failure, ran = connection.recv()
                except (EOFError, ConnectionError):
                    died = f"ended its process (exit code {self._exit_code()})"
                    replies.append(Reply(math.nan, time.perf_counter() - begun, died))
                    self.close()
                    break
                replies.append(Reply(values[0] if values else math.nan, seconds, failure, ran=ran))
            if len(replies) >= 3 and all(reply.late for reply in replies[-3:]):
                break
        missing = len(batches) - len(replies)
        return replies + [Reply(math.nan, math.nan, late=True)] * missing

    def whole(self, batch: Mapping[str, Any]) -> list[float] | None:
        """What it says of a batch as a whole; None where it fails or does not come back."""
        connection = self._open()
        connection.send([batch])
        if not connection.poll(max(60.0, self.deadline)):
            self.close()
            return None
        try:
            values, _, failure, _ = connection.recv()
        except (EOFError, ConnectionError):
            self.close()
            return None
        return None if failure else values

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _exit_code(self) -> int | None:
        self._process.join(1.0)
        return self._process.exitcode

    def _open(self) -> Connection:
        if self._connection is None:
            context = multiprocessing.get_context("fork")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(self.grader, ours, theirs, os.getpid()))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of libraries that run threads here: see the top of this file
                self._process.start()
            theirs.close()
            self._connection = ours
            self._warm_up(ours)
        return self._connection

    def _warm_up(self, connection: Connection) -> None:
        if self.warm is None:
            return
        with contextlib.suppress(BrokenPipeError):
            connection.send([self.warm])
        with contextlib.suppress(EOFError, ConnectionError):
            if connection.poll(max(START_SECONDS, self.deadline)):
                connection.recv()
                return
        # it does not even come back from this, or died of it: the next call says so
        self.warm = None
        self.close()
        self._open()


def _serve(grader: Grader, parents: Connection, connection: Connection, parent: int) -> None:
    """The life of the process: grade what comes, one reply for each batch."""
    die_with(parent)
    parents.close()
    _quiet()
    _bound_memory()
    try:
        while True:
            for batch in connection.recv():
                begun = time.perf_counter()
                values, failure = _graded(grader, batch)
                ran = sys.modules.pop(MARK, None) is not None
                connection.send((values, time.perf_counter() - begun, failure, ran))
    except (EOFError, ConnectionError, KeyboardInterrupt):
        os._exit(0)


def _graded(grader: Grader, batch: Mapping[str, Any]) -> tuple[list[float], str]:
    count = len(batch["completion"])
    try:
        return numbers(grader(batch), count), ""
    except BaseException as problem:  # whatever a user's grader raises, SystemExit too, is what is reported
        where = traceback.extract_tb(problem.__traceback__)[-1]
        said = " ".join(str(problem).split())[:300]
        return [], f"{type(problem).__name__}: {said} ({os.path.basename(where.filename)}:{where.lineno})"


def numbers(values: Any, count: int) -> list[float]:
    """The scores as floats, NaN for None.

    Raises:
        BadInput: not one number for each sample.
    """
    given: Iterable[Any] = to_numpy(values).ravel().tolist() if is_array(values) else [values]
    if isinstance(values, (list, tuple)):
        given = values
    found = np.array([math.nan if value is None else float(value) for value in given])
    if len(found) != count:
        raise BadInput("result of the grader", f"{len(found)} numbers", f"{count}, one for each completion")
    return found.tolist()


def _quiet() -> None:
    """What a grader prints would stand among our results."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _bound_memory() -> None:
    """A grader that evaluates 9**9**9**9 shall raise, not take the machine with it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_BYTES, hard))
