"""The journal: the tables of a run and the transactions on them.

SQLAlchemy Core; SQLite in WAL mode with ``synchronous=FULL``, so that a commit that returned survives a
power cut (if the disk honours a flush), or PostgreSQL (``postgres``).
SQLite does not checksum its pages, so every row carries the SHA-256 of its content (``seal``).
"""

from __future__ import annotations

import functools
import math
import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as hooks
from sqlalchemy.exc import DBAPIError

from rewardsmith.core.errors import StoreError
from rewardsmith.store import canonical, postgres, trouble

SCHEMA = 1
FINISHED = "finished"
BUSY_SECONDS = 10.0
_WRITING = "rewardsmith_writing"

_metadata = sa.MetaData()
schema = sa.Table("rewardsmith_schema", _metadata, sa.Column("version", sa.Integer, nullable=False))
runs = sa.Table(
    "runs",
    _metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("opened", sa.Float, nullable=False),
    sa.Column("updated", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # open, stopped or finished
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("best", sa.Float),
)
events = sa.Table(
    "events",
    _metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("key", sa.String(512), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("arrays", sa.Text, nullable=False),
    sa.Column("timing", sa.Text, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
    sa.UniqueConstraint("run", "key"),
)
checkpoints = sa.Table(
    "checkpoints",
    _metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(512), nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("meta", sa.Text, nullable=False),
    sa.Column("arrays", sa.Text, nullable=False),
    sa.Column("seal", sa.String(64), nullable=False),
)
leases = sa.Table(
    "leases",
    _metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("period", sa.Float, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),
    sa.Column("beats", sa.Integer, nullable=False),
    sa.Column("released", sa.Boolean, nullable=False),
)


@dataclass(frozen=True)
class Event:
    """One thing that happened in a run.

    Attributes:
        sequence: 1, 2, 3, ... without gaps.
        kind: What sort of thing (``candidate``, ``evaluation``, ...).
        key: Its name, unique in the run.
        payload: Its content.
        files: ``{"file", "sha256", "content", "names"}`` of its array file, empty without arrays.
        timing: Measured seconds and rates; never compared.
        time: Seconds since 1970 at which it was recorded; never compared.
    """

    sequence: int
    kind: str
    key: str
    payload: dict[str, Any]
    files: dict[str, Any]
    timing: dict[str, Any]
    time: float

    @property
    def content(self) -> tuple[int, str, str, str, str]:
        """What two equal runs have in common: everything but times and the container of the arrays."""
        digest = self.files.get("content", "")
        return self.sequence, self.kind, self.key, canonical.encode(self.payload), digest


def seal(*parts: object) -> str:
    """Return the checksum of a row."""
    return canonical.sha256("\x1f".join(repr(part) for part in parts))


class Journal:
    """The tables above, in a SQLite file or in a schema of PostgreSQL.

    Args:
        path: The SQLite file, or the ``journal.json`` that says where the schema is.
        mode: ``rw`` to write an existing journal, ``ro`` to read it, ``rwc`` to make it.
    """

    def __init__(self, path: Path, mode: str = "rw") -> None:
        self.path = path
        self.writable = mode != "ro"
        if path.name == postgres.FILE:
            self._engine = postgres.open_engine(path, _WRITING, mode)
            return
        self._engine = sa.create_engine("sqlite://", creator=functools.partial(_connect, path, mode),
                                        poolclass=sa.QueuePool)  # fmt: skip
        hooks.listen(self._engine, "begin", _begin)

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        """Open one consistent view for reading; errors come out as ``StoreError``."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            raise trouble.from_database(error, self.path) from error

    @contextmanager
    def write(self) -> Generator[sa.Connection]:
        """Open a write transaction, the only one at a time; it is durable when the block has ended."""
        try:
            options = {_WRITING: True}
            with self._engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            raise trouble.from_database(error, self.path) from error

    def make_tables(self) -> None:
        """Create the tables of the current schema version."""
        with self.write() as connection:
            _metadata.create_all(connection)
            connection.execute(schema.insert().values(version=SCHEMA))

    def check_schema(self) -> None:
        """Refuse a journal of a newer version, and a file that is no journal.

        Raises:
            StoreError: As said.
        """
        with self.read() as connection:
            versions = connection.execute(sa.select(schema.c.version)).scalars().all()
        if len(versions) != 1:
            raise trouble.corrupt(self.path, f"{len(versions)} schema versions instead of one")
        if not isinstance(versions[0], int) or versions[0] > SCHEMA:
            raise StoreError(
                f"{self.path} was written by a newer rewardsmith (schema {versions[0]}; this one reads "
                f"up to {SCHEMA}); upgrade with: pip install -U rewardsmith"
            )

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def read_events(connection: sa.Connection, run: str, path: Path, **where: Any) -> Iterator[Event]:
    """Yield the events of a run in order, each with its checksum verified.

    Args:
        connection: A transaction.
        run: The run id.
        path: The journal, for the error.
        where: Columns that must have a value (``key=...``, ``kind=...``), or ``after=sequence``.

    Raises:
        StoreError: A row is not what was written.
    """
    after = where.pop("after", 0)
    query = sa.select(events).where(events.c.run == run, events.c.sequence > after)
    for column, value in where.items():
        query = query.where(events.c[column] == value)
    for row in connection.execute(query.order_by(events.c.sequence)):
        yield _event(row, path)


def append_event(connection: sa.Connection, run: str, texts: dict[str, str], time: float) -> Event:
    """Add an event at the end and return it.

    Args:
        connection: A write transaction.
        run: The run id.
        texts: The columns ``kind``, ``key``, ``payload``, ``arrays``, ``timing``.
        time: Seconds since 1970.
    """
    last = sa.select(sa.func.max(events.c.sequence)).where(events.c.run == run)
    sequence = (connection.execute(last).scalar() or 0) + 1
    row: dict[str, Any] = {"run": run, "sequence": sequence, **texts, "time": time}
    row["seal"] = _event_seal(row)
    connection.execute(events.insert().values(**row))
    return _make_event(
        {**row, **{name: canonical.decode(texts[name]) for name in ("payload", "arrays", "timing")}}
    )


def update_run(connection: sa.Connection, event: Event) -> None:
    """Bring the row that lists of runs show up to date with a new event."""
    changes: dict[str, Any] = {"updated": event.time}
    best = event.payload.get("best")
    if isinstance(best, (int, float)) and not isinstance(best, bool):
        changes["best"] = None if math.isnan(best) else float(best)
    if event.kind == FINISHED:
        changes |= {"state": "finished", "reason": ""}
    connection.execute(runs.update().values(**changes))


def require_same(run: str, known: Event, kind: str, payload: str, content: str) -> int:
    """Return the sequence of an event that is recorded again.

    Args:
        run: The run id.
        known: What was recorded.
        kind: The kind given now.
        payload: The encoded payload given now.
        content: The digest of the arrays given now.

    Raises:
        StoreError: It is not the same.
    """
    new = {"kind": kind, "payload": payload, "arrays": content}
    old = {
        "kind": known.kind,
        "payload": canonical.encode(known.payload),
        "arrays": known.files.get("content", ""),
    }
    differing = " and ".join(what for what in new if new[what] != old[what])
    if differing:
        raise StoreError(
            f"run {run} has recorded {known.key!r} with another {differing}; "
            "a record never changes: use another key"
        )
    return known.sequence


def _event_seal(row: Any) -> str:
    columns = ("run", "sequence", "kind", "key", "payload", "arrays", "timing", "time")
    return seal(*(row[column] for column in columns))


def _event(row: sa.Row[Any], path: Path) -> Event:
    fields = dict(row._mapping)  # pyright: ignore[reportPrivateUsage]  (SQLAlchemy's public name for it)
    if _event_seal(fields) != fields["seal"]:
        raise trouble.corrupt(path, f"event {fields['sequence']} fails its checksum")
    texts = {name: decoded(fields[name], path) for name in ("payload", "arrays", "timing")}
    return _make_event({**fields, **texts})


def decoded(text: Any, path: Path) -> dict[str, Any]:
    """The mapping in a column of a journal, which anybody may have written.

    Raises:
        StoreError: it is no mapping of JSON.
    """
    try:
        value = canonical.decode(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise trouble.corrupt(path, f"a row is no JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise trouble.corrupt(path, "a row is no mapping")
    return value


def _make_event(row: dict[str, Any]) -> Event:
    named = ("sequence", "kind", "key", "payload", "arrays", "timing", "time")
    return Event(*(row[name] for name in named))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    if mode == "ro" and not _may_share(path):
        # WAL readers need the -shm file, which a read-only folder cannot hold.  Without a -wal file
        # nothing is pending, and SQLite may read the file as it lies.
        uri = f"{path.absolute().as_uri()}?immutable=1"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
    if mode != "ro":
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    return connection


def _may_share(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return os.access(path.parent, os.W_OK) or (wal.exists() and wal.stat().st_size > 0)


def _begin(connection: sa.Connection) -> None:
    # Taking the write lock at once, instead of on the first change, is what lets busy_timeout work.
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
