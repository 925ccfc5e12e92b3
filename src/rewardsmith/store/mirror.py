"""``events.jsonl``: the journal as lines of JSON, for people, ``tail -f`` and other programs.

The file is a function of the journal and nothing reads it back, so it is never flushed to the disk: when
a run is opened for writing, a mirror that differs (torn last line, lines of a lost commit, an edit) is
written anew.  Apart from ``time`` and ``timing`` it equals that of an uninterrupted run.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rewardsmith.core.errors import StoreError
from rewardsmith.store import canonical, files
from rewardsmith.store.journal import Event
from rewardsmith.store.trouble import StoreWarning


def line(event: Event) -> str:
    """Return the line of an event, ending in a newline."""
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
    return json.dumps({name: value for name, value in entry.items() if value != {}}) + "\n"


class Mirror:
    """The mirror of one run, open for appending.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole = False

    def rebuild(self, events: Iterable[Event]) -> None:
        """Make the file equal to the journal; a file that is equal already is left alone."""
        text = "".join(map(line, events)).encode()
        try:
            if not self._path.exists() or self._path.read_bytes() != text:
                files.write_bytes(self._path, text)
            self._whole = True
        except (StoreError, OSError) as error:
            self._give_up(error)

    def append(self, event: Event) -> None:
        """Add the line of an event.

        The event is in the journal already, so a failure here is a warning and not an error.
        """
        if not self._whole:
            return
        try:
            with open(self._path, "ab", buffering=0) as file:
                text = line(event).encode()
                if file.write(text) != len(text):
                    raise OSError("the line was not written whole")
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._whole = False
        warnings.warn(
            f"{self._path} stops here ({error}); the journal is whole and the next --resume completes it",
            StoreWarning,
            stacklevel=4,
        )
