"""One writer per run: refusals, takeovers and fences."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rewardsmith.core.errors import StoreError
from rewardsmith.store import Run, list_runs
from rewardsmith.store.journal import leases
from rewardsmith.store.lease import Holder

pytestmark = pytest.mark.usefixtures("store")  # on SQLite and on PostgreSQL
CONFIG = {"task": "x"}
BEAT = 0.1
SLOW = 0.5  # where a beat must not be over before the test has looked


def change_lease(run: Run, **values: Any) -> None:
    with run._journal.write() as connection:
        connection.execute(leases.update().values(**values))


def lease_row(run: Run) -> Any:
    with run._journal.read() as connection:
        return connection.execute(sa.select(leases)).one()


def silence(run: Run) -> None:
    """Stop the heartbeat as a hung process would, without giving the lease back."""
    assert run._lease is not None
    run._lease._stop.set()
    run._lease._thread.join()


def wait_for(what: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_second_writer_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with Run.create(tmp_path, CONFIG) as run:
        for again in (lambda: Run.create(tmp_path, CONFIG), lambda: Run.resume(tmp_path, run.id)):
            with pytest.raises(StoreError, match=f"being written by process {os.getpid()} on .*very process"):
                again()
    with Run.create(tmp_path, CONFIG) as run:  # given back: free
        assert run.status == "running"
    assert run.status == "stopped"


def test_another_process_is_refused(tmp_path: Path) -> None:
    code = f"from rewardsmith.store import Run; Run.resume({str(tmp_path)!r})"
    with Run.create(tmp_path, CONFIG):
        command = [sys.executable, "-c", code]
        out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert f"is being written by process {os.getpid()} on" in out.stderr
    assert out.returncode == 1


def _race(root: str, url: str | None, barrier: Any, results: Any) -> None:
    barrier.wait()
    try:
        run = Run.create(root, CONFIG, store=url)
    except StoreError as error:
        results.put(("refused", str(error)))
        barrier.wait()
    else:
        results.put(("holds", run.id))
        barrier.wait()  # everybody has an answer before the holder lets go
        run.close()


def test_of_several_that_create_the_same_run_at_once_one_gets_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["rewardsmith.store"])
    barrier, results = context.Barrier(4), context.Queue()
    # the server that forks them has the environment of its own start
    given = (str(tmp_path), os.environ.get("REWARDSMITH_STORE"), barrier, results)
    workers = [context.Process(target=_race, args=given) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sorted(kind for kind, _ in answers) == ["holds", "refused", "refused", "refused"]
    assert [path.name for path in tmp_path.iterdir()] == [text for kind, text in answers if kind == "holds"]


def test_the_heartbeat_beats(tmp_path: Path) -> None:
    with Run.create(tmp_path, CONFIG, heartbeat=0.02) as run:
        wait_for(lambda: lease_row(run).beats >= 3)
    beats = lease_row(run).beats
    time.sleep(0.1)
    assert lease_row(run).beats == beats


def test_a_silent_holder_is_taken_over_and_fenced_out(tmp_path: Path) -> None:
    hung = Run.create(tmp_path, CONFIG, heartbeat=BEAT)
    hung.record("k", "before", {})
    silence(hung)
    change_lease(hung, beat=time.time() - 4 * BEAT)
    new = Run.resume(tmp_path, heartbeat=BEAT)
    assert lease_row(new).fence == 2
    for write in (
        lambda: hung.record("k", "after", {}),
        lambda: hung.checkpoint("c", 1, {"x": [1]}),
        lambda: hung.stop(""),
    ):
        with pytest.raises(StoreError, match="was taken over by process"):
            write()
    assert hung.record("k", "before", {}) == 1  # known already: nothing to write
    hung._finalizer()
    assert new.record("k", "after", {"by": "new"}) == 2  # the loser's goodbye did not release our lease
    new.close()
    assert [event.key for event in new.events()] == ["before", "after"]


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_jumping_clock_does_not_end_a_living_holder(tmp_path: Path, jump: float) -> None:
    with Run.create(tmp_path, CONFIG, heartbeat=BEAT) as run:
        change_lease(run, host="elsewhere", beat=time.time() + jump)
        with pytest.raises(StoreError, match="on elsewhere"):
            Run.resume(tmp_path)
        run.record("k", "e", {})


def test_a_holder_elsewhere_is_waited_for_and_shown_dead_when_silent(tmp_path: Path) -> None:
    run = Run.create(tmp_path, CONFIG, heartbeat=SLOW)
    silence(run)
    change_lease(run, host="elsewhere", beat=time.time())
    with pytest.raises(StoreError, match="on elsewhere"):
        Run.resume(tmp_path)
    change_lease(run, beat=time.time() - 3.5 * SLOW)
    assert list_runs(tmp_path)[0].status == "dead"
    with Run.resume(tmp_path) as new:
        assert new.status == "running"


def test_a_reused_process_number_is_not_the_holder() -> None:
    me = Holder.me()
    assert me.alive() is True
    assert Holder(me.host, me.pid, "1", me.token).alive() is False
    assert Holder(me.host, 2**22 + 1, "", me.token).alive() is False
    assert Holder("elsewhere", me.pid, me.started, me.token).alive() is None


def test_a_dropped_run_gives_its_lease_back(tmp_path: Path) -> None:
    run = Run.create(tmp_path, CONFIG, heartbeat=BEAT)
    name = f"lease-{run.id}"
    del run
    gc.collect()
    assert name not in {thread.name for thread in threading.enumerate()}
    Run.create(tmp_path, CONFIG).close()


def test_a_fork_cannot_record(tmp_path: Path) -> None:
    code = f"""
import os
from rewardsmith.store import Run
from rewardsmith.core.errors import StoreError
with Run.create({str(tmp_path)!r}, {{}}) as run:
    if os.fork() == 0:
        try:
            run.record("k", "fork", {{}})
        except StoreError as error:
            os._exit(7 if "a fork of it cannot record" in str(error) else 8)
        os._exit(9)
    print(os.waitstatus_to_exitcode(os.wait()[1]))
    run.record("k", "parent", {{}})
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert out.stdout.strip() == "7"
    assert [event.key for event in Run.open(tmp_path).events()] == ["parent"]
