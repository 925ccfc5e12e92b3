"""Reading a run on disk, also while another process writes it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.core.errors import BadInput
from rewardsmith.store import canonical, files, journal, listing, trouble
from rewardsmith.store.journal import FINISHED, Event, Journal


class Reader:
    """The reading half of ``Run``.

    Attributes:
        id: The run id, the hash of its configuration.
        folder: The run folder.
        created: Seconds since 1970 at which it was made.
    """

    def __init__(self, folder: Path, book: Journal) -> None:
        self.folder = folder
        self._journal = book
        with book.read() as connection:
            row, _ = listing.row_and_status(connection, book.path)
        self.id: str = row.run
        self.created: float = row.created
        self._config: str = row.config

    @property
    def config(self) -> dict[str, Any]:
        """The configuration the run was made with."""
        return journal.decoded(self._config, self._journal.path)

    @property
    def finished(self) -> dict[str, Any] | None:
        """The payload of ``finish``; None while the run is not finished."""
        return self.done(FINISHED)

    @property
    def status(self) -> str:
        """``running``, ``finished``, ``stopped`` or ``dead`` (its process is gone)."""
        with self._journal.read() as connection:
            return listing.row_and_status(connection, self._journal.path)[1]

    def done(self, key: str) -> dict[str, Any] | None:
        """Return the payload recorded under a key; None if nothing was."""
        event = self.event(key)
        return None if event is None else event.payload

    def event(self, key: str) -> Event | None:
        """Return the event recorded under a key; None if nothing was."""
        with self._journal.read() as connection:
            return next(iter(list(journal.read_events(connection, self.id, self._journal.path, key=key))), None)

    def events(self, kind: str | None = None, after: int = 0) -> tuple[Event, ...]:
        """Return the events in order.

        Args:
            kind: Only those of this kind.
            after: Only those with a higher sequence number (to follow a running run).

        Raises:
            StoreError: An event is missing or not what was written.
        """
        where = {} if kind is None else {"kind": kind}
        with self._journal.read() as connection:
            found = tuple(journal.read_events(connection, self.id, self._journal.path, after=after, **where))
        if kind is None and [event.sequence for event in found] != list(
            range(after + 1, after + 1 + len(found))
        ):
            raise trouble.corrupt(self._journal.path, "events are missing")
        return found

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """Return the arrays recorded under a key, verified; empty if it was recorded without.

        Raises:
            BadInput: Nothing was recorded under this key.
            StoreError: The file is not what was written; it is named.
        """
        event = self.event(key)
        if event is None:
            raise BadInput("key", repr(key), "a recorded key", f"run {self.id} has no such event")
        if not event.files:
            return {}
        return files.read_arrays(
            files.beneath(self.folder / "arrays", event.files.get("file")), str(event.files.get("sha256"))
        )

    def spent(self) -> dict[str, float]:
        """Return the measured budget: the sums of all events' ``cost`` and ``timing`` numbers.

        Only what was recorded counts: work that a crash lost is not in it.
        """
        total: dict[str, float] = {}
        for event in self.events():
            cost = event.payload.get("cost")
            for name, value in {**(cost if isinstance(cost, dict) else {}), **event.timing}.items():
                if isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value):
                    total[name] = total.get(name, 0) + value
        return total

    def fingerprint(self) -> str:
        """Return a hash of all events without times: two runs that did the same have the same."""
        return canonical.sha256(repr([event.content for event in self.events()]))
