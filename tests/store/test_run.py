from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.store import Run, StoreWarning, journal, list_runs, runs_folder


@pytest.fixture
def run(tmp_path: Path, store: str) -> Any:
    with Run.create(tmp_path, {"task": "pendulum", "method": "evolve", "seeds": (0, 1)}) as opened:
        yield opened


def test_nothing_follows_the_end_even_from_a_thread_that_began_before(run: Run) -> None:
    said: list[str] = []

    def late() -> None:
        try:
            run.record("score", "late", {})
        except StoreError as error:
            said.append(str(error))

    thread = threading.Thread(target=late)
    with run._lock:  # the thread waits here, having seen that the run is open
        thread.start()
        thread.join(0.5)
        run.finish({"winner": "a"})
    thread.join()
    assert [event.key for event in run.events()] == ["finished"]
    assert "finished" in said[0]


def test_what_was_recorded_comes_back(run: Run) -> None:
    assert run.done("a") is None
    assert run.record("score", "a", {"mean": np.float64(0.5), "low": math.nan}, {"w": np.arange(3)}) == 1
    assert run.record("note", "b", {}, timing={"wall_s": 2.0}) == 2
    payload = run.done("a")
    assert payload is not None
    assert payload["mean"] == 0.5
    assert math.isnan(payload["low"])
    assert run.arrays("a")["w"].tolist() == [0, 1, 2]
    assert run.arrays("b") == {}
    assert [(event.sequence, event.kind, event.key) for event in run.events()] == [
        (1, "score", "a"),
        (2, "note", "b"),
    ]
    assert [event.key for event in run.events("note")] == ["b"]
    assert [event.key for event in run.events(after=1)] == ["b"]
    assert run.config == {"task": "pendulum", "method": "evolve", "seeds": [0, 1]}
    with pytest.raises(BadInput, match="no such event"):
        run.arrays("c")


def test_the_same_again_is_nothing_and_something_else_an_error(run: Run) -> None:
    assert run.record("k", "a", {"x": math.nan}, {"w": [1.0, math.nan]}, timing={"s": 1}) == 1
    assert run.record("k", "a", {"x": math.nan}, {"w": [1.0, math.nan]}, timing={"s": 2}) == 1
    changes: list[tuple[str, tuple[Any, ...]]] = [
        ("payload", ("k", "a", {"x": 0.0}, {"w": [1.0, math.nan]})),
        ("arrays", ("k", "a", {"x": math.nan}, {"w": [1.0, 0.0]})),
        ("arrays", ("k", "a", {"x": math.nan})),
        ("kind", ("l", "a", {"x": math.nan}, {"w": [1.0, math.nan]})),
    ]
    for what, arguments in changes:
        with pytest.raises(StoreError, match=f"with another {what}; a record never changes"):
            run.record(*arguments)
    assert len(run.events()) == 1


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda run: run.record("", "a", {}), "kind: received ''"),
        (lambda run: run.record("k", "a\nb", {}), "key: received 'a\\nb'"),
        (lambda run: run.record("k", "a" * 513, {}), "1 to 512 characters"),
        (lambda run: run.record("k", 3, {}), "key: received 3"),
        (lambda run: run.record("k", "a", [1]), "payload: received a list"),
        (lambda run: run.record("k", "a", {"x": math.inf}), "infinity is always an error"),
        (lambda run: run.record("k", "finished", {}), "for finish()"),
        (lambda run: run.record("k", "a", {}, {"w": [object()]}), "dtype object"),
        (lambda run: run.checkpoint("c", -1, {}), "step: received -1"),
        (lambda run: run.checkpoint("c", True, {}), "step: received True"),
        (lambda run: run.checkpoint("c", 1, {}, {"x": {1}}), "meta.x: received a set"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(run: Run, call: Callable[[Run], Any], part: str) -> None:
    with pytest.raises(BadInput) as caught:
        call(run)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert run.events() == ()


@pytest.mark.usefixtures("store")
def test_the_same_configuration_continues_the_run_and_a_finished_one_says_so(tmp_path: Path) -> None:
    with Run.create(tmp_path, {"a": 1}) as run:
        run.record("k", "x", {})
        assert run.finished is None
    with Run.create(tmp_path, {"a": 1}) as again:
        assert again.id == run.id
        assert again.done("x") == {}
        again.finish({"winner": "x"}, {"w": [1]})
        assert again.status == "finished"
        with pytest.raises(StoreError, match="is finished"):
            again.record("k", "y", {})
    with Run.create(tmp_path, {"a": 1}) as third, Run.create(tmp_path, {"a": 1}) as fourth:
        assert third.finished == fourth.finished == {"winner": "x"}
        assert third.record("k", "x", {}) == 1
        assert third.finish({"winner": "x"}, {"w": [1]}) == 2
        with pytest.raises(StoreError, match="is finished"):
            third.checkpoint("c", 1, {})


def test_a_run_open_for_reading_or_closed_cannot_be_written(run: Run) -> None:
    with Run.open(run.folder.parent) as reader, pytest.raises(StoreError, match=r"reading; use Run\.resume"):
        reader.record("k", "a", {})
    run.close()
    with pytest.raises(StoreError, match="is closed"):
        run.record("k", "a", {})
    assert run.events() == ()


@pytest.mark.usefixtures("store")
def test_an_exception_is_noted_as_the_reason(tmp_path: Path) -> None:
    for error, reason in (
        (KeyboardInterrupt(), "interrupted"),
        (ValueError("two\nlines"), "ValueError: two lines"),
    ):
        with pytest.raises(type(error)), Run.create(tmp_path, {}):
            raise error
        record = list_runs(tmp_path)[0]
        assert (record.status, record.reason) == ("stopped", reason)
    Run.resume(tmp_path).close()
    assert list_runs(tmp_path)[0].reason == ""


@pytest.mark.usefixtures("store")
def test_list_of_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == ()
    with Run.create(tmp_path, {"task": "a", "method": "m"}) as first:
        first.record("k", "x", {"best": 0.25})
        first.record("k", "y", {"best": math.nan})
        first.record("k", "z", {})
    with Run.create(tmp_path, {"task": 3}) as second:
        second.record("k", "x", {"best": 2})
        newest, oldest = list_runs(tmp_path)
        assert (newest.id, newest.status, newest.task, newest.best, newest.events) == (
            second.id,
            "running",
            "",
            2.0,
            1,
        )
        assert (oldest.id, oldest.status, oldest.task, oldest.method) == (first.id, "stopped", "a", "m")
        assert (oldest.best, oldest.events, oldest.path) == (None, 3, first.folder)
        assert oldest.started <= oldest.updated <= newest.updated
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "journal.sqlite").write_bytes(b"not a database, and long enough to look like one" * 40)
    (tmp_path / "unrelated").mkdir()
    damaged = list_runs(tmp_path)[-1]
    assert (damaged.id, damaged.status) == ("torn", "unreadable")
    assert "file is not a database" in damaged.reason


def test_the_runs_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REWARDSMITH_RUNS", raising=False)
    assert runs_folder() == Path("runs")
    monkeypatch.setenv("REWARDSMITH_RUNS", "elsewhere")
    assert runs_folder() == Path("elsewhere")
    assert runs_folder("given") == Path("given")


def test_which_run_is_meant(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there are no runs in"):
        Run.open(tmp_path)
    ids = []
    for number in range(17):  # 17 ids over 16 first digits: some prefix is shared
        with Run.create(tmp_path, {"n": number}, tensorboard=False) as run:
            ids.append(run.id)
    firsts = [name[0] for name in ids]
    shared = max(firsts, key=firsts.count)
    assert Run.open(tmp_path, ids[3]).id == ids[3]
    assert Run.open(tmp_path, ids[3][:9]).id == ids[3]
    assert Run.open("nowhere", tmp_path / ids[3]).id == ids[3]
    assert Run.open(tmp_path).id == Run.open(tmp_path, "latest").id == ids[-1]
    with pytest.raises(BadInput, match="the prefix is ambiguous"):
        Run.open(tmp_path, shared)
    with pytest.raises(BadInput, match=r"latest, a prefix, a path, or one of .* and 9 more: no such run"):
        Run.open(tmp_path, "xyz")
    for spec in (str(tmp_path), ".", "", f"{tmp_path}/no/such"):
        with pytest.raises(BadInput, match="this is not a run folder"):
            Run.open(tmp_path, spec)


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (lambda path: path.write_bytes(b"garbage " * 1000), "file is not a database"),
        (lambda path: path.write_bytes(b""), "no such table"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "corrupt"),
    ],
)
def test_a_corrupt_journal_is_one_line_naming_it(
    tmp_path: Path, damage: Callable[[Path], Any], part: str
) -> None:
    with Run.create(tmp_path, {"a": 1}) as run:
        run.record("k", "x", {})
    damage(run.folder / "journal.sqlite")
    for attempt in (lambda: Run.open(tmp_path).events(), lambda: Run.create(tmp_path, {"a": 1})):
        with pytest.raises(StoreError) as caught:
            attempt()
        assert part in str(caught.value)
        assert "journal.sqlite" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_any_flipped_bit_in_the_journal_is_an_error_or_harmless(tmp_path: Path) -> None:
    with Run.create(tmp_path, {"a": 1}, tensorboard=False) as run:
        for number in range(12):
            run.record("k", f"event-{number}", {"n": number, "text": "x" * 50})
    path = run.folder / "journal.sqlite"
    whole, content = path.read_bytes(), [event.content for event in run.events()]
    rng, noticed = np.random.default_rng(0), 0
    for place in rng.integers(len(whole), size=300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            found = [event.content for event in Run.open(tmp_path, run.id).events()]
        except StoreError:
            noticed += 1
        else:
            assert found == content
    assert noticed > 10


def test_a_newer_schema_is_refused(run: Run) -> None:
    run.close()
    with run._journal.write() as connection:
        connection.execute(journal.schema.update().values(version=journal.SCHEMA + 1))
    with pytest.raises(StoreError, match=r"newer rewardsmith \(schema 2; this one reads up to 1\); upgrade"):
        Run.open(run.folder.parent)


def test_a_changed_configuration_is_noticed(run: Run) -> None:
    with run._journal.write() as connection:
        connection.execute(journal.runs.update().values(config='{"task":"other"}'))
    with pytest.raises(StoreError, match="configuration does not match its run id"):
        Run.open(run.folder.parent)


def test_a_deleted_event_is_noticed(run: Run) -> None:
    for number in range(3):
        run.record("k", f"e{number}", {})
    with run._journal.write() as connection:
        connection.execute(sa.delete(journal.events).where(journal.events.c.sequence == 2))
    with pytest.raises(StoreError, match="events are missing"):
        run.events()


def test_a_read_only_folder_can_be_read_and_says_so_when_written(tmp_path: Path) -> None:
    with Run.create(tmp_path, {"a": 1}) as run:
        run.record("k", "x", {"n": 1})
    code = f"""
import os, sys
from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run, list_runs
root = {str(tmp_path)!r}
Run.open(root).done("x"), list_runs(root)  # loads every module while their folder can be read
if os.getuid() == 0:
    os.setuid(65534)  # the administrator may write everywhere
print(Run.open(root).done("x"), list_runs(root)[0].status)
for attempt in (lambda: Run.resume(root), lambda: Run.create(root, {{"other": 1}})):
    try:
        attempt()
    except StoreError as error:
        print(error)
"""
    shared = Path(
        shutil.copytree(tmp_path, Path(tempfile.gettempdir(), f"rewardsmith-read-only-{os.getpid()}"))
    )
    code = code.replace(str(tmp_path), str(shared))
    try:
        for path in (run.folder.name, "."):
            (shared / path).chmod(0o555)
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        for path in (".", run.folder.name):
            (shared / path).chmod(0o755)
        shutil.rmtree(shared)
    first, *errors = out.stdout.splitlines()
    assert first == "{'n': 1} stopped", out.stderr
    assert len(errors) == 2
    assert all(line.startswith("read-only: cannot write") for line in errors)


@pytest.mark.usefixtures("store")
def test_readers_see_whole_events_while_they_are_written(tmp_path: Path) -> None:
    problems: list[BaseException] = []
    with Run.create(tmp_path, {"a": 1}, tensorboard=False) as run:
        stop = threading.Event()

        def read() -> None:
            try:
                while not stop.is_set():
                    with Run.open(tmp_path) as reader:
                        for event in reader.events():
                            assert reader.arrays(event.key)["x"][0] == event.payload["n"]
            except BaseException as error:
                problems.append(error)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for thread in readers:
            thread.start()
        for number in range(30):
            run.record("k", f"e{number}", {"n": number}, {"x": [number]})
        stop.set()
        for thread in readers:
            thread.join()
    assert problems == []


def test_threads_may_record(run: Run) -> None:
    def write() -> None:
        for number in range(15):
            run.record("k", f"e{number}", {"n": number}, {"x": [number]})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.key for event in run.events()) == sorted(f"e{number}" for number in range(15))
    assert len((run.folder / "events.jsonl").read_text().splitlines()) == 15


def test_the_last_two_checkpoints_are_kept(run: Run) -> None:
    assert run.latest_checkpoint("c") is None
    for step in (1, 2, 3):
        run.checkpoint("c", step, {"x": np.full(2, step)}, {"note": math.nan})
    run.checkpoint("other", 9, {"x": [9]})
    saved = run.latest_checkpoint("c")
    assert saved is not None
    assert (saved.step, saved.arrays["x"].tolist(), saved.note) == (3, [3, 3], "")
    assert math.isnan(saved.meta["note"])
    assert len(list((run.folder / "checkpoints").iterdir())) == 3


def test_a_damaged_checkpoint_gives_way_to_the_one_before(run: Run) -> None:
    for step in (1, 2):
        run.checkpoint("c", step, {"x": [step]})
    (newest,) = (run.folder / "checkpoints").glob("c-*2-*")
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.warns(StoreWarning, match=r"step 1 is used instead of a newer one: corrupt: .*c-0+2-"):
        saved = run.latest_checkpoint("c")
    assert saved is not None
    assert saved.step == 1
    assert saved.note
    run.checkpoint("c", 2, {"x": [22]})  # the damaged one no longer counts: 1 and 2 are the last two
    for path in (run.folder / "checkpoints").glob("c-*2-*"):
        path.unlink()
    with pytest.warns(StoreWarning, match="the file is missing"):
        saved = run.latest_checkpoint("c")
    assert saved is not None
    assert saved.step == 1
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(b"")
    with pytest.warns(StoreWarning, match="its work starts again"):
        assert run.latest_checkpoint("c") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run.latest_checkpoint("c") is None


def test_a_damaged_array_file_is_named(run: Run) -> None:
    run.record("k", "x", {}, {"w": np.arange(100)})
    (path,) = (run.folder / "arrays").iterdir()
    data = bytearray(path.read_bytes())
    data[300] ^= 4
    path.write_bytes(data)
    with pytest.raises(StoreError, match=rf"corrupt: .*{path.name} is not what was written"):
        run.arrays("x")


def test_spent_is_the_sum_of_costs_and_times(run: Run) -> None:
    run.record(
        "k", "a", {"cost": {"env_steps": 100, "trainings": 1, "tokens": math.nan}}, timing={"wall_s": 0.5}
    )
    run.record("k", "b", {"cost": {"env_steps": 50}}, timing={"wall_s": 0.25})
    run.record("k", "b", {"cost": {"env_steps": 50}}, timing={"wall_s": 9})  # known: not paid twice
    run.record("k", "c", {"cost": "none"})
    assert run.spent() == {"env_steps": 150, "trainings": 1, "wall_s": 0.75}


@pytest.mark.usefixtures("store")
def test_the_fingerprint_leaves_out_times_only(tmp_path: Path) -> None:
    prints = []
    for place, mean in (("1", 0.5), ("2", 0.5), ("3", 0.25)):
        with Run.create(tmp_path / place, {"a": 1}) as run:
            run.record("k", "a", {"mean": mean}, {"x": [1]}, timing={"wall_s": float(place)})
            prints.append(run.fingerprint())
    assert prints[0] == prints[1] != prints[2]
