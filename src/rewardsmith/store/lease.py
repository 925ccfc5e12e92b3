"""The lease: one writer per run, with a heartbeat and a fencing number.

Whoever writes a run holds its lease and renews it from a thread.  A holder on this machine whose process
is gone is replaced at once; any other after three silent heartbeats.  Clocks jump, so silence that only
the clock shows is confirmed by watching the lease for one and a half heartbeats.  Every new holder gets a
higher fencing number, and a write under an old number is refused: the slow loser cannot do harm.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rewardsmith.core.errors import StoreError
from rewardsmith.store.journal import Journal, leases

HEARTBEAT_SECONDS = 5.0
_SILENT_BEATS = 3.0
_WATCH_BEATS = 1.5


@dataclass(frozen=True)
class Holder:
    """Who holds a lease: machine, process (with its start, as numbers are reused) and a random token."""

    host: str
    pid: int
    started: str
    token: str

    @staticmethod
    def me() -> Holder:
        """Return this process as a holder."""
        return Holder(_host(), os.getpid(), _process_start(os.getpid()) or "", secrets.token_hex(8))

    def alive(self) -> bool | None:
        """Tell whether the process lives; None where only its heartbeat can tell."""
        if self.host != _host():
            return None
        start = _process_start(self.pid)
        return start is not None and (not start or not self.started or start == self.started)

    def __str__(self) -> str:
        machine = self.host.split("/")[0]
        here = " (this very process)" if self.host == _host() and self.pid == os.getpid() else ""
        return f"process {self.pid} on {machine}{here}"


class Lease:
    """A held lease and the thread that renews it.

    Args:
        journal: Where the lease is kept.
        run: The run id.
        period: Seconds between two heartbeats.

    Raises:
        StoreError: Somebody else holds it; the message names the holder.
    """

    def __init__(self, journal: Journal, run: str, period: float = HEARTBEAT_SECONDS) -> None:
        self._journal, self._run, self._period = journal, run, period
        self.holder = Holder.me()
        self.fence = _acquire(journal, run, self.holder, period)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{run}", daemon=True)
        self._thread.start()

    def check(self, connection: sa.Connection) -> None:
        """Refuse, inside a write transaction, if the lease was lost.

        Raises:
            StoreError: Another process took the run over, or this one is a fork of the holder.
        """
        row = connection.execute(sa.select(leases).where(leases.c.run == self._run).with_for_update()).first()
        if row is None or row.fence != self.fence or row.token != self.holder.token:
            by = f" by {_holder(row)}" if row is not None else ""
            raise StoreError(
                f"run {self._run} was taken over{by} after this process missed its heartbeats; "
                "this result was not recorded, the new holder computes it again"
            )
        if row.released:
            raise StoreError(f"run {self._run} is closed; open it again to record")
        if os.getpid() != self.holder.pid:
            raise StoreError(
                f"run {self._run} is held by process {self.holder.pid}; a fork of it cannot record"
            )

    def release(self) -> None:
        """Stop the heartbeat and give the lease back; a second call does nothing."""
        if self._stop.is_set() or os.getpid() != self.holder.pid:
            return
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        with contextlib.suppress(StoreError):  # a dead process is taken over at once, so nothing is lost
            self._update(released=True)

    def _renew(self) -> None:
        while not self._stop.wait(self._period):
            with contextlib.suppress(StoreError):  # a full disk may get room again before the third beat
                if not self._update(beat=time.time(), beats=leases.c.beats + 1):
                    return

    def _update(self, **values: Any) -> bool:
        mine = (leases.c.run == self._run) & (leases.c.token == self.holder.token)
        with self._journal.write() as connection:
            changed = connection.execute(leases.update().where(mine).values(**values))
        return changed.rowcount == 1


def holder_of(connection: sa.Connection, run: str) -> tuple[Holder, bool] | None:
    """Return who holds the lease of a run and whether it lives; None if nobody holds it."""
    row = connection.execute(sa.select(leases).where(leases.c.run == run)).first()
    if row is None or row.released:
        return None
    alive = _holder(row).alive()
    return _holder(row), abs(time.time() - row.beat) <= 2 * row.period if alive is None else alive


def _acquire(journal: Journal, run: str, me: Holder, period: float) -> int:
    watched: tuple[int, int] | None = None
    while True:
        with journal.write() as connection:
            row = connection.execute(sa.select(leases).where(leases.c.run == run).with_for_update()).first()
            verdict = _verdict(row, watched)
            if verdict == "free":
                return _take(connection, run, row, me, period)
        if row is None or verdict == "held":
            raise StoreError(_held(run, row))
        watched = (row.fence, row.beats)
        time.sleep(_WATCH_BEATS * row.period)


def _verdict(row: Any, watched: tuple[int, int] | None) -> str:
    """Return ``free``, ``held`` or ``silent`` (watch it before taking it)."""
    if row is None or row.released or _holder(row).alive() is False:
        return "free"
    if watched is not None:
        return "free" if (row.fence, row.beats) == watched else "held"
    # A beat from the future says as little as one from long ago: the clock was set.
    return "silent" if abs(time.time() - row.beat) > _SILENT_BEATS * row.period else "held"


def _take(connection: sa.Connection, run: str, row: Any, me: Holder, period: float) -> int:
    fence = 1 if row is None else row.fence + 1
    values: dict[str, Any] = {**vars(me), "fence": fence, "period": period, "beat": time.time()}
    values |= {"beats": 0, "released": False}
    if row is None:
        connection.execute(leases.insert().values(run=run, **values))
    else:
        connection.execute(leases.update().where(leases.c.run == run).values(**values))
    return fence


def _held(run: str, row: Any) -> str:
    age = max(0.0, time.time() - row.beat) if row is not None else 0.0
    return (
        f"run {run} is being written by {_holder(row)}, last heartbeat {age:.0f} s ago; "
        "wait for it, stop it, or read the run meanwhile"
    )


def _holder(row: Any) -> Holder:
    return Holder(row.host, row.pid, row.started, row.token)


@functools.cache
def _host() -> str:
    """Name this machine so that two equal names mean one table of processes."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return "/".join(parts)


def _process_start(pid: int) -> str | None:
    """Return when a process started, "" where the system does not say, None if it is gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (PermissionError, OverflowError, OSError):
        return ""
    try:
        # After the name, which is in brackets and may hold anything: state is field 0, start is field 19.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""
