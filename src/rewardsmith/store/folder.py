"""Making a run folder, whole or not at all, and opening the journal in it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rewardsmith.core.errors import StoreError
from rewardsmith.store import canonical, files, journal, listing, postgres, trouble
from rewardsmith.store.journal import Journal
from rewardsmith.store.lease import Lease

_NEW = ".new-"


def make(folder: Path, config: Mapping[str, Any], url: sa.URL | None = None) -> None:
    """Make the folder of a new run, with its journal in SQLite or in the PostgreSQL database of a URL.

    It is made under another name and renamed when whole, so a run folder always has a sound journal; of
    several processes that make the same run one wins and the others find it made.

    Raises:
        StoreError: The disk or the database refuses.
    """
    building = folder.with_name(f"{_NEW}{os.getpid()}-{secrets.token_hex(4)}-{folder.name}")
    try:
        building.mkdir(parents=True)
        _remove_abandoned(folder)
        place = postgres.begin_place(building, folder.name, url) if url else building / listing.JOURNAL
        book = Journal(place, "rwc")
        try:
            book.make_tables()
            now = time.time()
            times = {"created": now, "opened": now, "updated": now}
            row = {"run": folder.name, "config": canonical.encode(config, "config"), **times}
            with book.write() as connection:
                connection.execute(journal.runs.insert().values(**row, state="open", reason=""))
        finally:
            book.close()
        for name in ("arrays", "checkpoints"):
            (building / name).mkdir()
        files.sync_folder(building)
        with contextlib.suppress(FileExistsError):
            _rename(building, folder)
        files.sync_folder(folder.parent)
    except OSError as error:
        raise trouble.from_os(error, folder) from error
    finally:
        _remove(building)


def open_journal(folder: Path, mode: str) -> Journal:
    """Open the journal of a run folder.

    Raises:
        StoreError: It is corrupt, of a newer version, or may not be used.
    """
    book = Journal(listing.journal_of(folder) or folder / listing.JOURNAL, mode)
    try:
        book.check_schema()
    except StoreError:
        book.close()
        raise
    return book


def take(book: Journal, folder: Path, heartbeat: float) -> Lease | None:
    """Take the lease of the run in a journal; None if the run is finished.

    Raises:
        StoreError: Another process is writing it, or the disk refuses.
    """
    with book.read() as connection:
        row, status = listing.row_and_status(connection, book.path)
    if status == "finished":
        return None
    if not os.access(folder, os.W_OK):
        raise trouble.read_only(folder, "no right to write")
    lease = Lease(book, row.run, heartbeat)
    try:
        with book.write() as connection:
            lease.check(connection)
            values = {"state": "open", "reason": "", "opened": time.time()}
            open_still = journal.runs.c.state != "finished"
            changed = connection.execute(journal.runs.update().where(open_still).values(**values)).rowcount
    except StoreError:
        lease.release()
        raise
    if not changed:  # its last holder finished it while we waited
        lease.release()
        return None
    return lease


def let_go(book: Journal, lease: Lease | None) -> None:
    """Release the lease and close the journal."""
    if lease is not None:
        lease.release()
    book.close()


def _rename(building: Path, folder: Path) -> None:
    try:
        os.rename(building, folder)
    except OSError as error:
        if listing.journal_of(folder) is not None:
            raise FileExistsError from error
        if folder.is_dir() and any(folder.iterdir()):
            raise trouble.corrupt(folder, f"the folder has no {listing.JOURNAL}") from error
        raise


def _remove_abandoned(folder: Path) -> None:
    """Remove half-made folders of this run whose maker is gone."""
    for left in folder.parent.glob(f"{_NEW}*-{folder.name}"):
        pid = left.name.removeprefix(_NEW).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            _remove(left)
        except (OSError, ValueError, OverflowError):
            continue


def _remove(building: Path) -> None:
    """Remove what was made and not renamed; nothing if it was."""
    if (building / postgres.FILE).is_file():
        postgres.drop(building / postgres.FILE)
    shutil.rmtree(building, ignore_errors=True)
