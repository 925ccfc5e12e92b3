"""The side outside of a zygote: starts it, and runs one job after the other in it."""

from __future__ import annotations

import functools
import json
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

from .backend import Backend, NoSandbox, Reason
from .exchange import Ended, Exchange
from .jobs import ArrayJob, Job, Limits, Outcome
from .verdict import outcome, packed

_BOOT = 60.0  # seconds until a zygote must have loaded NumPy
_GRACE = 10.0  # seconds beyond a job's own limit after which the zygote itself is taken for dead
_MOST = 1 << 14


class Started(NamedTuple):
    """A running process that serves jobs.

    Args:
        hello: what it said of itself.
        errors: what it writes to its standard error.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    hello: Mapping[str, Any]
    errors: IO[bytes]


def start(command: Sequence[str], environment: Mapping[str, str], name: str, remedy: str = "") -> Started:
    """Start a zygote and wait until it is ready.

    Args:
        remedy: what may help where it does not start.

    Raises:
        NoSandbox: it ended or said nothing; with what it wrote.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
    try:
        process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,  # an interrupt from the keyboard is for us to answer
        )
    except OSError as error:
        ours.close()
        errors.close()
        raise NoSandbox(
            "T1", [(name, Reason(f"{command[0]} does not start: {error.strerror}", remedy))]
        ) from None
    finally:
        theirs.close()
    ours.settimeout(_BOOT)
    try:
        return Started(process, ours, json.loads(ours.recv(_MOST)), errors)
    except (OSError, ValueError):
        ours.close()
        process.kill()
        process.wait()
        said = _last_line(errors)
        raise NoSandbox("T1", [(name, Reason(said or "it ended without a word", remedy))]) from None


def _last_line(errors: IO[bytes]) -> str:
    with errors:
        errors.seek(0)
        lines = errors.read(_MOST).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def guarded(started: Started, name: str, stamp: str, limits: Limits) -> ZygoteWorker:
    """A worker whose walls were seen to hold when it started.

    Raises:
        NoSandbox: they do not.
    """
    worker = ZygoteWorker(started, stamp, limits)
    leak = started.hello["leak"]
    if leak:
        worker.close()
        raise NoSandbox("T1", [(name, Reason(f"the walls do not hold: a job could {leak}"))])
    return worker


@functools.cache
def opens(backend: type[Backend]) -> Reason | None:
    """None where a worker of the back-end really starts here; tried once."""
    try:
        backend().open(Limits()).close()
    except NoSandbox as error:
        return error.reasons[0][1]
    return None


def other_machine() -> Reason | None:
    """Why system calls cannot be filtered on this machine: the filter is of numbers of one kind of it."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return None
    return Reason(f"it is for Linux on x86-64, this is {platform.system()} on {platform.machine()}")


class ZygoteWorker:
    """A ``Worker`` that forks one child of a loaded process for each job."""

    def __init__(self, started: Started, stamp: str, limits: Limits) -> None:
        self.stamp = stamp
        self._started, self._limits = started, limits
        self._open = True

    @property
    def alive(self) -> bool:
        """False after it died or was closed."""
        return self._open and self._started.process.poll() is None

    @property
    def pid(self) -> int:
        """Its outermost process."""
        return self._started.process.pid

    def run(self, job: Job, limits: Limits | None = None) -> Outcome:
        """Run one job."""
        limits = limits or self._limits
        began = time.monotonic()
        kind = "arrays" if isinstance(job, ArrayJob) else "program"
        request = {"kind": kind, "wall": limits.wall, "cpu": limits.cpu, "memory": limits.memory}
        try:
            with Exchange(self._started.control, packed(job), limits.output) as exchange:
                ended = exchange.run(request, began + limits.wall + _GRACE)
        except OSError as error:
            ended = Ended(failure=f"the sandbox does not answer: {error.strerror or error}")
        if ended.told is None:
            self.close()
        return outcome(job, limits, ended, self.stamp, time.monotonic() - began)

    def close(self) -> None:
        """End the zygote and everything in it."""
        if not self._open:
            return
        self._open = False
        self._started.control.close()
        self._started.process.kill()
        self._started.process.wait()
        self._started.errors.close()
