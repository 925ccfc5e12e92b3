"""Replies on disk, each under a key of everything that it depends on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import StoreError

# Changes where the same request would have to be asked again.
VERSION = 2
_TABLE = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, request TEXT NOT NULL, reply TEXT NOT NULL)"


@dataclass(frozen=True)
class Reply:
    """What an endpoint answered.

    Args:
        text: the answer; empty where the endpoint refused or was cut off.
        prompt_tokens, completion_tokens: as the endpoint counted them.
        model: the name that the endpoint gave itself.
        trouble: why there is no text: ``length``, ``content_filter``, ``refusal``, ``too long`` or another
            word of the endpoint; empty where all is well.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    trouble: str = ""


def key_of(request: Mapping[str, Any]) -> str:
    """The key of a request: SHA-256 of messages, model, revision, sampling and the number of the sample."""
    text = json.dumps({"version": VERSION, **request}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def cache_file(folder: str) -> Path:
    """Where replies are kept; "" is ``$REWARDSMITH_CACHE``, else ``~/.cache/rewardsmith``."""
    home = folder or os.environ.get("REWARDSMITH_CACHE") or str(Path.home() / ".cache" / "rewardsmith")
    return Path(home).expanduser() / "replies.sqlite"


class Cache:
    """A table of replies in SQLite; several processes may use one file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                file, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A reply that was used and then lost in a power cut would be paid twice.
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"the cache of replies {file} cannot be opened: {error}") from None

    def find(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies that there are.

        Raises:
            StoreError: an entry is not what was written.
        """
        found: dict[str, Reply] = {}
        for key in keys:
            try:
                row = self._connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = _stored(row[0])
            except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
                said = f"{self.file} holds what is no reply under {key[:12]}...: {str(error)[:80]}"
                raise StoreError(f"{said}; delete the file, and the replies are asked for again") from None
        return found

    def keep(self, key: str, request: Mapping[str, Any], reply: Reply) -> Reply:
        """Commit a reply and return the one that is kept: the first of a key stays.

        Raises:
            StoreError: the disk refuses.
        """
        row = (key, json.dumps(request), json.dumps(asdict(reply)))
        with self._lock:
            try:
                self._connection.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", row)
            except sqlite3.Error as error:
                raise StoreError(f"the cache of replies {self.file} cannot be written: {error}") from None
            return self.find([key])[key]

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.close()


def _stored(text: Any) -> Reply:
    """A reply from its row, which somebody may have changed since."""
    reply = Reply(**json.loads(text))
    texts, counts = (reply.text, reply.model, reply.trouble), (reply.prompt_tokens, reply.completion_tokens)
    if not all(isinstance(each, str) for each in texts):
        raise ValueError("a text that is none")
    if not all(type(each) is int and each >= 0 for each in counts):
        raise ValueError("a count of tokens that is none")
    for each in texts:
        each.encode()
    return reply
