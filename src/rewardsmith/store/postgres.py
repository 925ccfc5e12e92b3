"""A journal in PostgreSQL: for runs folders on a network file system, where SQLite's locks cannot be trusted.

Each run has a schema of its own, with the tables that a SQLite journal has, and its folder holds a small
file, ``journal.json``, that says where: the URL without its password, and the schema.  Array files stay in
the folder.  A write takes the run's advisory lock first, so writers follow one another as in SQLite; a read
sees one snapshot.  Every transaction has a connection of its own: a server that was restarted is found again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event as hooks
from sqlalchemy.exc import ArgumentError, DBAPIError

from rewardsmith.core.errors import BadInput, MissingExtra, StoreError
from rewardsmith.store import files, trouble

ENVIRONMENT = "REWARDSMITH_STORE"
FILE = "journal.json"
DRIVER = "postgresql+psycopg"
LOCK_SECONDS = 10
# A client that hangs in the middle of a write must not keep the others out for ever.
IDLE_SECONDS = 30
CONNECT_SECONDS = 10
_SCHEMA = re.compile(r"rewardsmith_[0-9a-f_]{1,40}")
_asked_for: set[sa.URL] = set()  # what the user of this process has named
_WANTED = f"{DRIVER}://user@host/database"


def parse(text: str) -> sa.URL:
    """The URL of a store.

    Raises:
        BadInput: it is no URL of PostgreSQL.

    Example:
        >>> parse("postgresql://me:secret@db.example/runs")
        postgresql+psycopg://me:***@db.example/runs
    """
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise BadInput("store", "a text that is no URL", _WANTED) from None
    if url.drivername not in ("postgresql", "postgres", DRIVER):
        raise BadInput("store", repr(url.render_as_string(hide_password=True)), _WANTED)
    return url.set(drivername=DRIVER)


def chosen(store: str | None) -> sa.URL | None:
    """Where the journal of a new run goes: what was asked for, else ``$REWARDSMITH_STORE``; None for SQLite.

    Raises:
        BadInput: it is no URL of PostgreSQL, or a password was given where other processes can see it.
    """
    if store is None:
        text = os.environ.get(ENVIRONMENT)
        return parse(text) if text else None
    url = parse(store)
    if url.password is not None:
        why = f"command lines are seen by others; put it in ~/.pgpass, $PGPASSWORD or ${ENVIRONMENT}"
        raise BadInput("store", repr(url.render_as_string(hide_password=True)), "a URL without a password", why)
    _asked_for.add(url)
    return url


def begin_place(folder: Path, run: str, url: sa.URL) -> Path:
    """Choose the schema of a new run and note it in its folder, before anything is made in the database."""
    note = {
        "url": _public(url).render_as_string(),
        "schema": f"rewardsmith_{run}_{secrets.token_hex(4)}",
    }
    path = folder / FILE
    files.write_bytes(path, (json.dumps(note, indent=2) + "\n").encode())
    return path


def open_engine(path: Path, writing_option: str, mode: str) -> sa.Engine:
    """The engine of the journal that a ``journal.json`` describes.

    Args:
        path: the file.
        writing_option: the execution option that marks a connection whose transaction will write.
        mode: as of ``Journal``.

    Raises:
        StoreError: the file is not what was written.
        MissingExtra: psycopg is not installed.
    """
    url, schema = _place(path)
    try:
        engine = sa.create_engine(
            url, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_SECONDS}
        ).execution_options(schema_translate_map={None: schema})
    except ModuleNotFoundError:
        raise MissingExtra("psycopg", "postgres", "a journal in PostgreSQL") from None
    lock = int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], "big", signed=True)

    def begin(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get(writing_option, False):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return
        if mode == "ro":
            raise StoreError(f"{path} is open for reading")
        connection.exec_driver_sql(
            f"SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; "
            f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; "
            f"SELECT pg_advisory_xact_lock({lock})"
        )
        if mode == "rwc":
            connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')

    hooks.listen(engine, "begin", begin)
    return engine


def require_same(folder: Path, store: str) -> None:
    """Refuse to continue a run in another store than it was begun in.

    Raises:
        BadInput: its journal is elsewhere.
    """
    path = folder / FILE
    wanted = _public(parse(store))
    _asked_for.add(wanted)
    if not path.is_file() or _public(_place(path)[0]) != wanted:
        where = repr(_public(_place(path)[0])) if path.is_file() else "a SQLite file in its folder"
        raise BadInput("store", repr(wanted), where, f"run {folder.name} keeps its journal there")


def drop(path: Path) -> None:
    """Remove the schema of a run that was never finished making; without effect where that cannot be done."""
    with contextlib.suppress(StoreError, DBAPIError, MissingExtra):
        url, schema = _place(path)
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
        with engine.begin() as connection:
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')


def _place(path: Path) -> tuple[sa.URL, str]:
    try:
        note = json.loads(path.read_bytes())
        url, schema = parse(note["url"]), note["schema"]
        if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
            raise ValueError("no schema of a run")
    except OSError as error:
        raise trouble.from_os(error, path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise trouble.corrupt(path, f"it does not say where the journal is: {error}") from None
    return _with_password(url), schema


def _with_password(url: sa.URL) -> sa.URL:
    """The URL of ``$REWARDSMITH_STORE``, where it names the same database: that one may have the password."""
    text = os.environ.get(ENVIRONMENT)
    if text:
        given = parse(text)
        if _public(given) == url:
            return given
    if os.environ.get("PGPASSWORD") and not (url in _asked_for or _is_here(url)):
        # The client would send it to whatever server the file names, and the file may be a stranger's.
        raise StoreError(
            f"a run keeps its journal at {url.render_as_string()}, which ${ENVIRONMENT} does not name, and "
            f"$PGPASSWORD would be sent there; if that is your server, set {ENVIRONMENT} to that address"
        )
    return url


def _is_here(url: sa.URL) -> bool:
    """A server of this machine: a socket in a folder, or the loopback interface."""
    if {"hostaddr", "service"} & set(url.query):
        return False
    host = url.host or url.query.get("host") or "localhost"
    named = [host] if isinstance(host, str) else list(host)
    given = url.query.get("host", ())  # it wins over the other
    named += [given] if isinstance(given, str) else list(given)
    return all(each in ("localhost", "127.0.0.1", "::1") or each.startswith("/") for each in named)


def _public(url: sa.URL) -> sa.URL:
    """The URL without its password (``URL.set`` takes None for "as it is")."""
    return sa.URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
