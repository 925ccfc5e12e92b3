"""Processes that die at any point: nothing acknowledged is lost and the result is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.store import Run, list_runs
from store import workload

# On SQLite and on PostgreSQL; what is expected comes from SQLite, so both have the same content.
pytestmark = pytest.mark.usefixtures("store")
KILLS = {"sqlite": 20, "postgres": 6}


def contents(root: Path) -> dict[str, object]:
    """Everything of a run that must not depend on having been interrupted."""
    run = Run.open(root, "latest")
    lines = [json.loads(text) for text in (run.folder / "events.jsonl").read_text().splitlines()]
    for line in lines:
        line.pop("time")
        line.pop("timing", None)
    names = sorted(path.name for part in ("arrays", "checkpoints") for path in (run.folder / part).iterdir())
    arrays = {event.key: {k: v.tobytes() for k, v in run.arrays(event.key).items()} for event in run.events()}
    content = [event.content for event in run.events()]
    out = {"content": content, "mirror": lines, "files": names, "arrays": arrays, "print": run.fingerprint()}
    run.close()
    return out


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    root = tmp_path_factory.mktemp("whole")
    workload.compute(root, lambda key: None)
    return contents(root)


def test_kill_at_random_points_then_resume(
    tmp_path: Path, store: str, uninterrupted: dict[str, object]
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    acknowledged: set[str] = set()
    killed = 0
    with workload.forge(tmp_path) as smith:
        while killed < KILLS[store]:
            pid = smith.start()
            lines = []
            for _ in range(rng.randrange(3)):
                lines.append(smith.line())
            time.sleep(rng.random() * 0.008)
            os.kill(pid, signal.SIGKILL)
            lines += smith.rest()
            acknowledged |= {key for word, key in lines if word == "ack"}
            assert not [text for word, text in lines if word == "error"]
            killed += lines[-1] == ("exit", "-9")
            if lines[-1] == ("exit", "0"):
                pytest.fail(f"finished after {killed} kills: the workload is too short (seed {seed})")
            if not list_runs(tmp_path):
                continue
            reader = Run.open(tmp_path, "latest")
            assert acknowledged <= {event.key for event in reader.events()}, seed
            assert reader.status in ("dead", "stopped")
            reader.close()
        smith.start()
        assert smith.rest()[-1] == ("exit", "0")
    assert contents(tmp_path) == uninterrupted
    assert Run.open(tmp_path).status == "finished"


def test_status_of_a_killed_writer_is_dead_and_it_is_taken_over_at_once(tmp_path: Path) -> None:
    with workload.forge(tmp_path) as smith:
        pid = smith.start()
        assert smith.line()[0] == "ack"
        os.kill(pid, signal.SIGSTOP)
        assert list_runs(tmp_path)[0].status == "running"
        os.kill(pid, signal.SIGKILL)
        smith.rest()
    assert list_runs(tmp_path)[0].status == "dead"
    start = time.perf_counter()
    run = Run.resume(tmp_path, heartbeat=60)
    assert time.perf_counter() - start < 1
    assert run.status == "running"
    run.close()


def test_a_kill_while_the_run_is_made_leaves_no_half_run(tmp_path: Path) -> None:
    half = tmp_path / f".new-{2**22 + 1}-ab-{'0' * 12}"
    half.mkdir()
    (half / "journal.sqlite").write_bytes(b"torn")
    assert list_runs(tmp_path) == ()
    run = Run.create(tmp_path, {"a": 1})
    other = tmp_path / f".new-{2**22 + 1}-ab-{run.id}"
    other.mkdir()
    run.close()
    assert [record.id for record in list_runs(tmp_path)] == [run.id]


def test_torn_and_orphaned_files_are_removed_on_resume(tmp_path: Path) -> None:
    run = Run.create(tmp_path, {"a": 1})
    run.record("k", "good", {}, {"x": np.arange(3)})
    run.checkpoint("c", 1, {"x": np.arange(3)})
    run.close()
    (run.folder / "arrays" / ".tmp-0123-x.npz").write_bytes(b"torn")
    (run.folder / "arrays" / f"lost-{'0' * 32}.npz").write_bytes(b"written, but its event was not committed")
    (run.folder / "checkpoints" / ".tmp-0123-c.npz").write_bytes(b"torn")
    (run.folder / "arrays" / "notes.txt").write_text("a user's own file stays")
    with Run.resume(tmp_path) as again:
        assert sorted(path.suffix for path in (run.folder / "arrays").iterdir()) == [".npz", ".txt"]
        assert len(list((run.folder / "checkpoints").iterdir())) == 1
        assert again.arrays("good")["x"].tolist() == [0, 1, 2]
        saved = again.latest_checkpoint("c")
        assert saved is not None
        assert saved.step == 1


def test_a_torn_mirror_is_made_whole(tmp_path: Path) -> None:
    with Run.create(tmp_path, {"a": 1}) as run:
        for number in range(3):
            run.record("k", f"e{number}", {"n": number})
    mirror = run.folder / "events.jsonl"
    whole = mirror.read_bytes()
    for damaged in (whole[:-7], whole + whole[:20], b"", whole.replace(b'"n": 1', b'"n": 7')):
        mirror.write_bytes(damaged)
        Run.resume(tmp_path).close()
        assert mirror.read_bytes() == whole
    mirror.unlink()
    Run.resume(tmp_path).close()
    assert mirror.read_bytes() == whole
