"""What only a journal in PostgreSQL can meet: URLs, passwords, servers that go away, schemas left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.store import Run, list_runs, postgres
from store.server import PASSWORD, Server

CONFIG = {"task": "x"}


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REWARDSMITH_STORE", raising=False)


@pytest.fixture
def run(tmp_path: Path, server: Server) -> Iterator[Run]:
    with Run.create(tmp_path, CONFIG, store=server.url()) as opened:
        yield opened


def schemas(server: Server) -> set[str]:
    found = server.ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rewardsmith%'")
    return set(found.splitlines())


def schema_of(run: Run) -> str:
    return json.loads((run.folder / "journal.json").read_text())["schema"]


@pytest.mark.parametrize(
    "text", ["", "nonsense", "mysql://me:pw@host/db", "sqlite:///x", "postgresql+asyncpg://me:pw@host/db"]
)
def test_other_urls_are_refused_without_showing_a_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"store: received .*; allowed: postgresql\+psycopg://") as caught:
        postgres.parse(text)
    assert "pw" not in str(caught.value).partition("allowed")[0]
    if text:
        with pytest.raises(BadInput, match="store"):
            Run.create(tmp_path, CONFIG, store=text)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_says_where_the_journal_is(run: Run, server: Server) -> None:
    run.record("k", "a", {"x": 0.1 + 0.2}, {"w": [1.5]})
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "arrays",
        "checkpoints",
        "events.jsonl",
        "journal.json",
        "tensorboard",
    ]
    again = Run.open(run.folder.parent)  # no URL is needed
    assert again.done("a") == {"x": 0.30000000000000004}
    assert again.arrays("a")["w"].tolist() == [1.5]
    assert schema_of(run) in schemas(server)


def test_equal_configurations_in_two_folders_are_two_runs(run: Run, tmp_path: Path, server: Server) -> None:
    with Run.create(tmp_path / "other", CONFIG, store=server.url()) as other:
        assert other.id == run.id
        other.record("k", "a", {})
        assert run.done("a") is None


def test_a_password_stays_out_of_the_folder(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url(f"guarded:{PASSWORD}")
    with pytest.raises(BadInput, match="a URL without a password") as refused:
        Run.create(tmp_path, CONFIG, store=url)
    assert PASSWORD not in str(refused.value)
    monkeypatch.setenv("REWARDSMITH_STORE", url)
    with Run.create(tmp_path, CONFIG) as made:
        made.record("k", "a", {"n": 1})
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [data for data in written if PASSWORD.encode() in data]
    monkeypatch.delenv("REWARDSMITH_STORE")
    with pytest.raises(StoreError, match=r"the database of .*json cannot be used .*password") as caught:
        Run.open(tmp_path)
    assert "\n" not in str(caught.value)
    assert list_runs(tmp_path)[0].status == "unreadable"
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert Run.open(tmp_path).done("a") == {"n": 1}
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("REWARDSMITH_STORE", url)
    assert Run.open(tmp_path).done("a") == {"n": 1}


def test_a_server_that_goes_away_loses_nothing_and_is_found_again(run: Run, server: Server) -> None:
    run.record("k", "before", {})
    server.stop()
    try:
        with pytest.raises(
            StoreError, match="nothing acknowledged was lost; continue with --resume when it ans"
        ):
            run.record("k", "after", {})
    finally:
        server.start()
    assert run.record("k", "after", {}) == 2
    assert [event.key for event in run.events()] == ["before", "after"]


def test_a_writer_that_hangs_in_a_transaction_is_waited_for(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.2)
    with run._journal.write(), pytest.raises(StoreError, match=r"busy: .* was locked by another process"):
        run.record("k", "a", {})
    assert run.record("k", "a", {}) == 1


def test_a_journal_open_for_reading_cannot_be_written(run: Run) -> None:
    reader = Run.open(run.folder.parent)
    with pytest.raises(StoreError, match="is open for reading"), reader._journal.write():
        pass


def test_a_lost_schema_is_named(run: Run, server: Server) -> None:
    run.close()
    server.ask(f'DROP SCHEMA "{schema_of(run)}" CASCADE')
    with pytest.raises(StoreError, match=r"corrupt: .*journal\.json .* does not exist"):
        Run.open(run.folder.parent)


@pytest.mark.parametrize(
    "text", ["{}", "torn", '{"url": "postgresql://h/d", "schema": "public; DROP TABLE x"}']
)
def test_a_damaged_note_is_named(run: Run, text: str) -> None:
    run.close()
    (run.folder / "journal.json").write_text(text)
    with pytest.raises(StoreError, match=r"corrupt: .*journal\.json is not what was written"):
        Run.open(run.folder.parent)


def test_what_a_killed_maker_left_is_removed(tmp_path: Path, server: Server) -> None:
    with Run.create(tmp_path / "first", CONFIG, store=server.url()) as made:
        left = tmp_path / "second" / f".new-{2**22 + 1}-ab-{made.id}"
    left.mkdir(parents=True)
    (left / "journal.json").write_bytes((made.folder / "journal.json").read_bytes())
    assert schema_of(made) in schemas(server)
    Run.create(tmp_path / "second", CONFIG, store=server.url()).close()
    assert not left.exists()
    assert schema_of(made) not in schemas(server)


def test_a_run_stays_in_the_store_it_was_begun_in(run: Run, tmp_path: Path, server: Server) -> None:
    run.close()
    Run.create(tmp_path, CONFIG, store=server.url()).close()
    Run.create(tmp_path, CONFIG).close()  # nothing was asked for: the folder says where
    with pytest.raises(BadInput, match="keeps its journal there"):
        Run.create(tmp_path, CONFIG, store="postgresql://elsewhere/db")
    Run.create(tmp_path / "lite", CONFIG).close()
    with pytest.raises(BadInput, match="a SQLite file in its folder"):
        Run.create(tmp_path / "lite", CONFIG, store=server.url())
