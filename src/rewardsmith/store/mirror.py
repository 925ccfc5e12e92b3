"""Mirrors of the journal: ``events.jsonl`` for people and ``tail -f``, and the TensorBoard file.

A mirror is a function of the journal and nothing reads it back, so it is never flushed to the disk: when
a run is opened for writing, a mirror that differs (torn last line, lines of a lost commit, an edit) is
written anew.  Apart from times it equals that of an uninterrupted run.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from rewardsmith.core.errors import StoreError
from rewardsmith.store import canonical, files
from rewardsmith.store.journal import Event
from rewardsmith.store.trouble import StoreWarning


def line(event: Event) -> bytes:
    """Return the line of an event in ``events.jsonl``."""
    moment = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds")
    entry = {
        "sequence": event.sequence,
        "kind": event.kind,
        "key": event.key,
        "payload": canonical.plain(event.payload),
        "arrays": event.files,
        "timing": canonical.plain(event.timing),
        "time": moment.replace("+00:00", "Z"),
    }
    return json.dumps({name: value for name, value in entry.items() if value != {}}).encode() + b"\n"


class Mirror:
    """One mirror file of a run.

    Args:
        path: The file.
        encode: The bytes of an event.
        head: The bytes before the first event.
    """

    def __init__(self, path: Path, encode: Callable[[Event], bytes], head: bytes = b"") -> None:
        self._path, self._encode, self._head = path, encode, head
        self._whole = False

    def rebuild(self, events: Iterable[Event]) -> None:
        """Make the file equal to the journal; a file that is equal already is left alone."""
        data = self._head + b"".join(map(self._encode, events))
        try:
            if not self._path.exists() or self._path.read_bytes() != data:
                files.write_bytes(self._path, data)
            self._whole = True
        except (StoreError, OSError) as error:
            self._give_up(error)

    def append(self, event: Event) -> None:
        """Add an event.

        It is in the journal already, so a failure here is a warning and not an error.
        """
        data = self._encode(event) if self._whole else b""
        try:
            if data:
                with open(self._path, "ab", buffering=0) as file:
                    if file.write(data) != len(data):
                        raise OSError("an event was not written whole")
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._whole = False
        warnings.warn(
            f"{self._path} stops here ({error}); the journal is whole and the next --resume completes it",
            StoreWarning,
            stacklevel=4,
        )
