"""A run on disk: what was asked for, what happened, and what came out.

A run folder holds ``journal.sqlite`` (the truth), or ``journal.json``, which says where in PostgreSQL the
journal is; ``arrays/`` and ``checkpoints/`` (array files whose checksums the journal has); ``events.jsonl``
and ``tensorboard/`` (mirrors of the journal).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.store import canonical, checkpoints, files, journal, listing, mirror, postgres, trouble
from rewardsmith.store import folder as folders
from rewardsmith.store import tensorboard as board
from rewardsmith.store.checkpoints import Checkpoint
from rewardsmith.store.journal import FINISHED, Event, Journal
from rewardsmith.store.lease import HEARTBEAT_SECONDS, Lease
from rewardsmith.store.mirror import Mirror
from rewardsmith.store.reader import Reader


class Run(Reader):
    """One run, open for reading or for writing; use ``Run.create``, ``Run.open`` or ``Run.resume``.

    As a context manager it gives the lease back at the end, and notes an exception as the reason why the
    run stopped.

    Example:
        >>> import tempfile
        >>> root = tempfile.mkdtemp()
        >>> with Run.create(root, {"task": "pendulum", "seed": 0}) as run:
        ...     _ = run.record("score", "candidate-1", {"success": 0.5, "best": 0.5})
        ...     _ = run.finish({"winner": "candidate-1"})
        >>> Run.open(root, "latest").done("candidate-1")["success"]
        0.5
    """

    def __init__(self, folder: Path, book: Journal, lease: Lease | None, tensorboard: bool) -> None:
        super().__init__(folder, book)
        self._lease = lease
        self._ended = self.finished is not None
        self._lock = threading.RLock()
        self._mirrors = self._make_mirrors(tensorboard) if lease else ()
        # A run that was dropped without close() must not look alive as long as its process lives.
        self._finalizer = weakref.finalize(self, folders.let_go, book, lease)
        self._finalizer.atexit = False

    @classmethod
    def create(
        cls,
        root: str | os.PathLike[str] | None,
        config: Mapping[str, Any],
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        tensorboard: bool = True,
        store: str | None = None,
    ) -> Run:
        """Make the run of a configuration and open it for writing, or continue it if it exists.

        Args:
            root: The runs folder; None for ``$REWARDSMITH_RUNS`` or ``./runs``.
            config: The resolved configuration; its hash is the run id.
            heartbeat: Seconds between two renewals of the lease.
            tensorboard: Mirror scalars to a TensorBoard file.
            store: ``postgresql+psycopg://...`` keeps the journal of a new run in that database; None for
                ``$REWARDSMITH_STORE``, else in a SQLite file in the run's folder.

        Raises:
            BadInput: The configuration is not JSON, or the store is no URL of PostgreSQL.
            StoreError: The disk or the database refuses, or another process is writing this run.
        """
        if not isinstance(config, Mapping):
            raise BadInput("config", f"a {type(config).__name__}", "a mapping")
        folder = listing.runs_folder(root) / canonical.run_id(config)
        if listing.journal_of(folder) is None:
            folders.make(folder, config, postgres.chosen(store))
        elif store is not None:
            postgres.require_same(folder, store)
        return cls._write(folder, heartbeat, tensorboard)

    @classmethod
    def open(cls, root: str | os.PathLike[str] | None, spec: str | os.PathLike[str] = "latest") -> Run:
        """Open a run for reading, also while it is being written.

        Args:
            root: The runs folder; None for ``$REWARDSMITH_RUNS`` or ``./runs``.
            spec: A run id, the beginning of one, the path of a run folder, or ``latest``.

        Raises:
            BadInput: No such run, several, or not a run folder.
            StoreError: The journal is corrupt or of a newer version.
        """
        folder = listing.find_run(root, spec)
        return cls(folder, folders.open_journal(folder, "ro"), None, False)

    @classmethod
    def resume(
        cls,
        root: str | os.PathLike[str] | None,
        spec: str | os.PathLike[str] = "latest",
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        tensorboard: bool = True,
    ) -> Run:
        """Open an existing run for writing; arguments and errors as in ``open`` and ``create``."""
        return cls._write(listing.find_run(root, spec), heartbeat, tensorboard)

    @classmethod
    def _write(cls, folder: Path, heartbeat: float, tensorboard: bool) -> Run:
        book = folders.open_journal(folder, "rw")
        lease = None
        try:
            lease = folders.take(book, folder, heartbeat)
            run = cls(folder, book, lease, tensorboard)
            if lease is not None:
                run._clean()
        except BaseException:
            folders.let_go(book, lease)
            raise
        return run

    def record(
        self,
        kind: str,
        key: str,
        payload: Mapping[str, Any],
        arrays: Mapping[str, Any] | None = None,
        *,
        timing: Mapping[str, Any] | None = None,
    ) -> int:
        """Write one event durably and return its sequence number.

        Recording a key again with the same content does nothing; with another content it is an error.

        Args:
            kind: What sort of event.
            key: Its name, unique in the run.
            payload: Its content.  ``best`` is shown in lists of runs; ``cost`` is summed by ``spent``.
            arrays: Named arrays, bit-exact.
            timing: Measured times and rates; stored, and never compared.

        Raises:
            BadInput: Names or values that cannot be stored.
            StoreError: Other content under this key, a lost lease, a finished run, a full disk.
        """
        canonical.check_name("kind", kind, 64)
        canonical.check_name("key", key)
        if (kind == FINISHED) != (key == FINISHED):
            raise BadInput("kind and key", f"{kind!r}, {key!r}", "other words", "'finished' is for finish()")
        return self._record(kind, key, payload, files.as_arrays(arrays), timing)

    def finish(
        self, payload: Mapping[str, Any], arrays: Mapping[str, Any] | None = None, **timing: float
    ) -> int:
        """Record the result and close the journal for further events; arguments as in ``record``."""
        return self._record(FINISHED, FINISHED, payload, files.as_arrays(arrays), timing)

    def checkpoint(
        self, name: str, step: int, arrays: Mapping[str, Any], meta: Mapping[str, Any] | None = None
    ) -> None:
        """Write a checkpoint durably; the last two of a name are kept.

        Args:
            name: What is being computed.
            step: How far it has come.
            arrays: Named arrays, bit-exact.
            meta: JSON beside them.

        Raises:
            BadInput: Names or values that cannot be stored.
            StoreError: A lost lease, a full disk; the previous checkpoint is still there.
        """
        canonical.check_name("checkpoint name", name)
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 0:
            raise BadInput("checkpoint step", repr(step), "whole numbers from 0")
        folder, text = self.folder / "checkpoints", canonical.encode(dict(meta or {}), "meta")
        with self._lock:
            lease = self._writing()
            entry = checkpoints.write_file(folder, name, int(step), files.as_arrays(arrays))
            with self._journal.write() as connection:
                lease.check(connection)
                checkpoints.add(connection, self.id, name, int(step), (text, canonical.encode(entry)))
                kept = checkpoints.rows(connection, self.id)
            files.sweep(folder, {checkpoints.file_of(row) for row in kept})

    def latest_checkpoint(self, name: str) -> Checkpoint | None:
        """Return the newest checkpoint whose checksum holds; None if there is none.

        A damaged newer one is passed over with a ``StoreWarning``, and named in ``Checkpoint.note``.
        """
        with self._journal.read() as connection:
            found = checkpoints.rows(connection, self.id, name)
        notes: list[str] = []
        for row in found:
            try:
                good = checkpoints.load(row, self.folder / "checkpoints", self._journal.path)
            except StoreError as error:
                notes.append(str(error))
                self._forget(row)
                continue
            if notes:
                note = (
                    f"checkpoint {name!r} step {good.step} is used instead of a newer one: {'; '.join(notes)}"
                )
                warnings.warn(note, trouble.StoreWarning, stacklevel=2)
                return Checkpoint(good.name, good.step, good.arrays, good.meta, note)
            return good
        if notes:
            text = f"no checkpoint of {name!r} can be read, its work starts again: {'; '.join(notes)}"
            warnings.warn(text, trouble.StoreWarning, stacklevel=2)
        return None

    def stop(self, reason: str) -> None:
        """Note why the run stops before its end, and close it."""
        if self._lease is not None and self._finalizer.alive:
            with self._journal.write() as connection:
                self._lease.check(connection)
                values = {"state": "stopped", "reason": " ".join(reason.split())[:500]}
                connection.execute(
                    journal.runs.update().where(journal.runs.c.state != FINISHED).values(**values)
                )
        self.close()

    def close(self) -> None:
        """Give the lease back and close the files; a second call does nothing."""
        self._finalizer()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or self._lease is None:
            return self.close()
        with contextlib.suppress(StoreError):  # the error on its way out is the one to show
            self.stop("interrupted" if kind is KeyboardInterrupt else f"{kind.__name__}: {error}")
        return self.close()

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {str(self.folder)!r}, {'writing' if self._lease else 'reading'})"

    def _record(
        self,
        kind: str,
        key: str,
        payload: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        timing: Mapping[str, Any] | None,
    ) -> int:
        if not isinstance(payload, Mapping):
            raise BadInput("payload", f"a {type(payload).__name__}", "a mapping")
        content = files.content_digest(arrays) if arrays else ""
        texts = {"kind": kind, "key": key, "payload": canonical.encode(payload)}
        texts["timing"] = canonical.encode(dict(timing or {}), "timing")
        known = self.event(key)
        if known is not None:
            return journal.require_same(self.id, known, kind, texts["payload"], content)
        event: Event | None = None
        with self._lock:
            # in here, because another thread may have finished the run while this one waited
            lease = self._writing()
            texts["arrays"] = canonical.encode(self._write_arrays(key, arrays, content))
            with self._journal.write() as connection:
                lease.check(connection)
                if next(journal.read_events(connection, self.id, self._journal.path, key=key), None) is None:
                    event = journal.append_event(connection, self.id, texts, time.time())
                    journal.update_run(connection, event)
            if event is not None:
                for each in self._mirrors:
                    each.append(event)
                self._ended = self._ended or kind == FINISHED
        if event is None:  # another thread recorded the key meanwhile
            return self._record(kind, key, payload, arrays, timing)
        return event.sequence

    def _write_arrays(self, key: str, arrays: Mapping[str, np.ndarray], content: str) -> dict[str, Any]:
        if not arrays:
            return {}
        name = files.file_name(key, content)
        checksum = files.write_arrays(self.folder / "arrays" / name, arrays)
        return {"file": name, "sha256": checksum, "content": content, "names": list(arrays)}

    def _writing(self) -> Lease:
        if self._ended:
            raise StoreError(f"run {self.id} is finished; nothing was recorded")
        if self._lease is None:
            raise StoreError(f"run {self.id} is open for reading; use Run.resume to write")
        if not self._finalizer.alive:
            raise StoreError(f"run {self.id} is closed; open it again to record")
        return self._lease

    def _forget(self, row: Any) -> None:
        if self._lease is not None and self._finalizer.alive:
            with self._journal.write() as connection:
                self._lease.check(connection)
                checkpoints.drop(connection, self.id, row.number)

    def _clean(self) -> None:
        """Bring everything beside the journal into the state an uninterrupted run would have."""
        found = self.events()
        files.sweep(self.folder)
        files.sweep(self.folder / "arrays", {event.files["file"] for event in found if event.files})
        with self._journal.read() as connection:
            kept = checkpoints.rows(connection, self.id)
        files.sweep(self.folder / "checkpoints", {checkpoints.file_of(row) for row in kept})
        for each in self._mirrors:
            each.rebuild(found)

    def _make_mirrors(self, tensorboard: bool) -> tuple[Mirror, ...]:
        lines = Mirror(self.folder / "events.jsonl", mirror.line)
        points = self.folder / "tensorboard" / board.FILE
        return (lines, Mirror(points, board.encode, board.head(self.created))) if tensorboard else (lines,)
