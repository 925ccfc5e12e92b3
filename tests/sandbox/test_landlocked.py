"""The weaker back-end, for machines that forbid namespaces: arrays only, and its walls hold."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.sandbox import ArrayJob, Limits, best, get_backend
from rewardsmith.sandbox.bubblewrap import Bubblewrap
from rewardsmith.sandbox.worker import ZygoteWorker
from sandbox.test_pool import below, gone

ROWS = {"x": np.arange(3.0)}
# What a T1 job can reach: modules that are loaded already.
SETUP = "import os, sys, ctypes, socket\ndef reward(x):\n    "


@pytest.fixture(scope="module")
def worker() -> Iterator[ZygoteWorker]:
    opened = get_backend("landlock").open(Limits(wall=20.0))
    assert isinstance(opened, ZygoteWorker)
    yield opened
    opened.close()


def test_it_computes(worker: ZygoteWorker) -> None:
    body = "{'n': np.linalg.norm(x), 'f': np.fft.rfft(x).real.sum() + np.random.normal(size=3)}"
    source = f"def reward(x):\n    return {body}"
    found = worker.run(ArrayJob(source, "reward", ROWS)).arrays
    np.testing.assert_allclose(found["n"], 5**0.5)
    same = worker.run(ArrayJob(source, "reward", ROWS)).arrays
    np.testing.assert_array_equal(found["f"], same["f"])


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "os.listdir('/')",
        "os.stat('/')",
        "os.open('/tmp/x', os.O_CREAT | os.O_WRONLY)",
        "socket.socket()",
        "socket.socketpair()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 9)",
        "os.setuid(0)",
        "os.pipe()",
        "os.memfd_create('x')",
        "sys.stdout.write('x' * 100000) and os.dup(0)",
        "__import__('sqlite3')",
        "__import__('threading').Thread(target=print).start()",
        "os.urandom(4)",
        "np.load('/etc/passwd')",
        "np.memmap('/tmp/x', mode='w+', shape=(3,))",
        "os.pidfd_open(os.getppid())",
        "ctypes.CDLL('libssl.so.3')",
    ],
)
def test_and_does_nothing_else(worker: ZygoteWorker, attempt: str) -> None:
    outcome = worker.run(ArrayJob(f"{SETUP}return 0 * x if {attempt} else x", "reward", ROWS))
    assert outcome.fault is not None, outcome
    assert outcome.fault.type in ("PermissionError", "ModuleNotFoundError", "RuntimeError", "OSError"), outcome


def test_it_is_really_another_user_where_we_are_root(worker: ZygoteWorker) -> None:
    facts = Path(f"/proc/{worker.pid}/status").read_text()
    user = 65534 if os.getuid() == 0 else os.getuid()
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}\n" in facts
    assert "CapPrm:\t0000000000000000" in facts
    assert "CapInh:\t0000000000000000" in facts


def test_a_job_ends_with_its_zygote() -> None:
    """There is no namespace that would end with it."""
    opened = get_backend("landlock").open(Limits(wall=60.0))
    assert isinstance(opened, ZygoteWorker)
    import threading

    job = ArrayJob("def reward(x):\n    while True: pass", "reward", ROWS)
    thread = threading.Thread(target=opened.run, args=(job,))
    thread.start()
    until = time.monotonic() + 20
    while len(below(opened.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    everything = below(opened.pid)
    assert len(everything) == 2
    opened._started.process.kill()
    thread.join()
    assert all(gone(pid) for pid in everything)
    opened.close()


def test_it_is_taken_where_bubblewrap_is_refused_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from rewardsmith.sandbox import Reason

    assert best("T1").name == "bubblewrap"
    monkeypatch.setattr(Bubblewrap, "available", lambda self: Reason("namespaces are forbidden"))
    chosen = best("T1")
    assert (chosen.name, chosen.isolated) == ("landlock", True)
    opened = chosen.open(Limits())
    assert "weaker" in opened.stamp
    opened.close()
    assert "T2" not in chosen.tiers
