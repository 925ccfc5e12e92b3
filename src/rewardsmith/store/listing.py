"""Finding runs: the runs folder, what lies in it, and which one a person means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.store import canonical, postgres, trouble
from rewardsmith.store.journal import Journal, decoded, events, runs
from rewardsmith.store.lease import holder_of

JOURNAL = "journal.sqlite"
ENVIRONMENT = "REWARDSMITH_RUNS"
_SHOWN = 8


@dataclass(frozen=True)
class RunRecord:
    """What a list of runs shows of one.

    Attributes:
        id: The run id.
        path: Its folder.
        task: ``task`` of its configuration.
        method: ``method`` of its configuration.
        status: ``running``, ``finished``, ``stopped``, ``dead`` (its process is gone) or ``unreadable``.
        reason: Why it stopped or cannot be read.
        started: Seconds since 1970.
        updated: Seconds since 1970 of the last event.
        events: How many events it has.
        best: The last ``best`` that an event's payload had, None if none had.
    """

    id: str
    path: Path
    task: str = ""
    method: str = ""
    status: str = "unreadable"
    reason: str = ""
    started: float = 0.0
    updated: float = 0.0
    events: int = 0
    best: float | None = None


def runs_folder(root: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of runs: the given one, else ``$REWARDSMITH_RUNS``, else ``./runs``."""
    return Path(root if root is not None else os.environ.get(ENVIRONMENT) or "runs")


def journal_of(folder: Path) -> Path | None:
    """The journal of a run folder, or the file that says where it is; None if this is no run folder."""
    places = (folder / JOURNAL, folder / postgres.FILE)
    return next((path for path in places if path.is_file()), None)


def list_runs(root: str | os.PathLike[str] | None = None) -> tuple[RunRecord, ...]:
    """Return a record of every run in a folder, the last used first; a damaged run is listed as such.

    Args:
        root: The runs folder; default as in ``runs_folder``.
    """
    records = [_record(folder) for folder in _folders(runs_folder(root))]
    return tuple(sorted(records, key=lambda record: (record.updated, record.id), reverse=True))


def find_run(root: str | os.PathLike[str] | None, spec: str | os.PathLike[str]) -> Path:
    """Return the folder of the run that a person means.

    Args:
        root: The runs folder.
        spec: A run id, the beginning of one, the path of a run folder, or ``latest``.

    Raises:
        BadInput: There is no such run, or there are several; the message says what exists.
    """
    base, text = runs_folder(root), os.fspath(spec)
    present = [folder.name for folder in _folders(base)]
    if text == "latest" and present:
        readable = [record.path for record in list_runs(base) if record.status != "unreadable"]
        return readable[0] if readable else base / present[0]
    if text in present:
        return base / text
    if text and journal_of(Path(text)) is not None:
        return Path(text)
    if os.sep in text or Path(text).is_dir() or text in ("", ".", ".."):
        raise BadInput("run", repr(text), f"a folder that holds {JOURNAL}", "this is not a run folder")
    matches = [name for name in present if name.startswith(text)]
    if len(matches) == 1:
        return base / matches[0]
    if matches:
        raise BadInput("run", repr(text), f"one of {_some(matches)}", "the prefix is ambiguous")
    allowed = f"latest, a prefix, a path, or one of {_some(present)}" if present else "a path to a run folder"
    raise BadInput("run", repr(text), allowed, "no such run" if present else f"there are no runs in {base}")


def row_and_status(connection: sa.Connection, path: Path) -> tuple[Any, str]:
    """Return the ``runs`` row of a journal that holds one run, and the run's status.

    Raises:
        StoreError: There is not exactly one run, or its id is not the hash of its configuration.
    """
    found = connection.execute(sa.select(runs)).all()
    if len(found) != 1 or canonical.sha256(found[0].config)[:12] != found[0].run:
        raise trouble.corrupt(path, "its configuration does not match its run id")
    row, held = found[0], holder_of(connection, found[0].run)
    if row.state == "finished":
        return row, "finished"
    if held is not None:
        return row, "running" if held[1] else "dead"
    return row, "stopped"


def _record(folder: Path) -> RunRecord:
    path = journal_of(folder) or folder / JOURNAL
    try:
        journal = Journal(path, "ro")
        try:
            journal.check_schema()
            with journal.read() as connection:
                row, status = row_and_status(connection, path)
                count = connection.execute(sa.select(sa.func.count()).select_from(events)).scalar() or 0
        finally:
            journal.close()
        config = decoded(row.config, path)
    except StoreError as error:
        return RunRecord(folder.name, folder, reason=str(error))
    given = config.get("method")
    named = (config.get("task"), given.get("name") if isinstance(given, dict) else given)
    task, method = (value if isinstance(value, str) else "" for value in named)
    return RunRecord(
        row.run, folder, task, method, status, row.reason, row.created, row.updated, count, row.best
    )


def _folders(base: Path) -> list[Path]:
    if not base.is_dir():
        return []
    inside = (entry for entry in base.iterdir() if not entry.name.startswith("."))
    return sorted(entry for entry in inside if journal_of(entry) is not None)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
