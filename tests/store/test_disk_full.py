"""Disks that fill up: a clear error, nothing acknowledged lost, and the resumed result is the same."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path

import pytest

from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run, StoreWarning, journal
from store import workload

ITEMS = 12


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("whole")
    workload.compute(root, lambda key: None, ITEMS)
    return Run.open(root).fingerprint()


def test_a_file_size_limit_hit_anywhere(tmp_path: Path, expected: str) -> None:
    """RLIMIT_FSIZE makes real writes fail, in SQLite as in array files, wherever the limit is reached."""
    stopped = 0
    with workload.forge(tmp_path, ITEMS) as smith:
        acknowledged: set[str] = set()
        for limit in (
            1_000,
            10_000,
            40_000,
            60_000,
            61_000,
            70_000,
            90_000,
            130_000,
            180_000,
            200_000,
            250_000,
        ):
            smith.start(limit)
            lines = smith.rest()
            acknowledged |= {key for word, key in lines if word == "ack"}
            errors = [text for word, text in lines if word == "error"]
            stopped += len(errors)
            assert all(text.startswith("StoreError disk full") and "--resume" in text for text in errors)
            if acknowledged:
                assert acknowledged <= {event.key for event in Run.open(tmp_path).events()}
        assert stopped >= 3
        smith.start()
        assert smith.rest()[-1] == ("exit", "0")
    assert Run.open(tmp_path).fingerprint() == expected


def test_sqlite_full_at_every_page_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    """A database that may not grow is SQLite's own 'disk full', at every size it passes through."""
    real, stopped = journal._connect, 0
    for pages in range(1, 60):
        acknowledged: list[str] = []

        def small(path: Path, mode: str, pages: int = pages) -> sqlite3.Connection:
            connection = real(path, mode)
            connection.execute(f"PRAGMA max_page_count={pages}")
            return connection

        monkeypatch.setattr(journal, "_connect", small)
        try:
            workload.compute(tmp_path, acknowledged.append, ITEMS)
        except StoreError as error:
            stopped += 1
            message = str(error)
        else:
            break
        finally:
            monkeypatch.setattr(journal, "_connect", real)
        assert message.startswith("disk full")
        if acknowledged:
            assert set(acknowledged) <= {event.key for event in Run.open(tmp_path).events()}
    assert stopped >= 5
    assert Run.open(tmp_path).fingerprint() == expected


def test_a_mirror_that_cannot_be_written_is_a_warning_and_mends_itself(tmp_path: Path) -> None:
    run = Run.create(tmp_path, {"a": 1}, tensorboard=False)
    run.record("k", "one", {})
    mirror = run.folder / "events.jsonl"
    mirror.unlink()
    mirror.mkdir()
    with pytest.warns(StoreWarning, match="the journal is whole"):
        run.record("k", "two", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.record("k", "three", {})  # said once
    run.close()
    mirror.rmdir()
    Run.resume(tmp_path).close()
    assert len(mirror.read_text().splitlines()) == 3
