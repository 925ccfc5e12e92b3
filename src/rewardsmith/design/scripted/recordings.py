"""Recordings: replies by the content key of their requests, as JSON."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from ...core.errors import BadInput, StoreError


def load_recordings(file: str | Path) -> dict[str, str]:
    """The replies of a recording.

    Raises:
        BadInput: no such file, or one that is no JSON object of texts.
    """
    allowed = "a JSON object: content key -> reply"
    try:
        data = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("recordings", str(file), allowed, str(error)) from None
    if not isinstance(data, dict) or not all(isinstance(reply, str) for reply in data.values()):
        raise BadInput("recordings", f"a {type(data).__name__} in {file}", allowed)
    return data


def record_replies(cache: str | Path, file: str | Path) -> int:
    """Write every reply of a cache (``replies.sqlite``) as a recording, and say how many there are.

    Raises:
        StoreError: the cache cannot be read.
    """
    if not Path(cache).is_file():
        raise StoreError(f"there is no cache of replies at {cache}")
    try:
        connection = sqlite3.connect(cache)
        try:
            rows = connection.execute("SELECT key, reply FROM replies ORDER BY key").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"the cache of replies {cache} cannot be read: {error}") from None
    replies = {key: json.loads(reply)["text"] for key, reply in rows}
    Path(file).write_text(json.dumps(replies, indent=1, sort_keys=True), encoding="utf-8")
    return len(replies)
