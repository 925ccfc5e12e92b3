"""WebAssembly: the same answers as the default back-end for programs in plain Python, and the same refusals."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.sandbox import ArrayJob, Limits, NoSandbox, Pool, ProgramJob, Worker, passes_tests, using
from rewardsmith.sandbox import wasm as module
from rewardsmith.sandbox.bubblewrap import Bubblewrap
from rewardsmith.sandbox.wasm import Wasmtime, build, compiled

LIMITS = Limits(wall=1.0, cpu=0.5, memory=128 << 20, output=1 << 16)


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Built once for each machine (half a minute of processor time), by the first test process that comes."""
    compiled().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(compiled().parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not compiled().exists():
            build()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Wasmtime().open(LIMITS)
    yield made
    made.close()


HONEST = {
    "called": ProgramJob("def f(a, b):\n    return [a + b, str(b)]", function="f", args=(1, 2)),
    "method": ProgramJob("class Solution:\n    def f(self, a):\n        return a * 2", function="f", args=(1,)),
    "printed": ProgramJob(
        "import sys\nfor line in sys.stdin:\n    print(line.strip()[::-1])", stdin="abc\nü\n"
    ),
    "library": ProgramJob("import heapq, re, math\nprint(heapq.nsmallest(2, [3, 1, 2]), math.gcd(4, 6))"),
    "status": ProgramJob("print(1)\nraise SystemExit(3)"),
    "success": ProgramJob("print(1)\nraise SystemExit(0)"),
    "raises": ProgramJob("x = 1\nraise ValueError('no')"),
    "syntax": ProgramJob("x = ("),
    "no function": ProgramJob("x = 1", function="f"),
    "no json": ProgramJob("def f():\n    return {1, 2}", function="f"),
    "nan": ProgramJob("def f():\n    return float('nan')", function="f"),
    "no numpy socket": ProgramJob("import _socket_that_is_not_there"),
}


@pytest.mark.parametrize("job", HONEST.values(), ids=HONEST)
def test_as_the_default_back_end(job: ProgramJob, worker: Worker) -> None:
    other = Bubblewrap().open(LIMITS)
    expected, got = other.run(job), worker.run(job)
    other.close()
    assert (got.status, got.text, got.value) == (expected.status, expected.text, expected.value)
    if got.fault and expected.fault and job is not HONEST["no json"]:  # whose text Python 3.14 has changed
        assert (got.fault.type, got.fault.line) == (expected.fault.type, expected.fault.line)
    assert got.stamp == "wasmtime: WebAssembly without imports"


BAD = {
    "loop": ("while True: pass", "time"),
    "swallow": ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", "time"),
    "power": ("9**9**9", "time"),
    "memory": ("x = []\nwhile True: x.append(bytearray(1 << 20))", "memory"),
    "output": ("print('x' * 100_000)", "output"),
    "recursion": ("def f(): return f()\nf()", "raised"),
    "exit": ("import os\nos._exit(0)", "crashed"),
    "file": ("open('/etc/passwd').read()", "raised"),
    "raw file": ("import os\nos.open('/etc/passwd', 0)", "raised"),
    "list": ("import os\nprint(os.listdir('/'))", "raised"),
    "socket": ("import socket", "raised"),
    "ctypes": ("import ctypes", "raised"),
    "process": ("import os\nos.fork()", "raised"),
    "thread": ("import threading\nthreading.Thread(target=print).start()", "raised"),
    "sleep": ("import time\ntime.sleep(100)", "raised"),
    "stat": ("import os\nos.stat('/etc')", "crashed"),
    "clock": ("import datetime\ndatetime.datetime.now()", "crashed"),
}


@pytest.mark.parametrize("name", BAD)
def test_bombs_and_probes_are_held(name: str, worker: Worker) -> None:
    source, status = BAD[name]
    began = time.monotonic()
    outcome = worker.run(ProgramJob(source))
    assert time.monotonic() - began < LIMITS.wall + 3.0
    assert (outcome.status, outcome.text) == (status, ""), outcome.reason
    assert worker.alive
    assert worker.run(HONEST["called"]).value == [3, "2"]


def test_the_environment_is_empty_and_the_world_has_nothing(worker: Worker) -> None:
    source = "import os\ndef f():\n    return [dict(os.environ), os.getcwd()]"
    assert worker.run(ProgramJob(source, function="f")).value == [{}, "/"]


def test_nothing_is_kept_from_one_job_to_the_next(worker: Worker) -> None:
    source = "import builtins, random\nbuiltins.len = None\nprint(random.random())"
    first = worker.run(ProgramJob(source))
    assert worker.run(ProgramJob("print(len([1, 2]))")).text == "2\n"
    assert worker.run(ProgramJob(source)).text == first.text != ""


def test_tests_of_programs_run_on_it() -> None:
    tests = [("1", "2"), ("2", "3")]
    with Pool("T2", LIMITS, size=1, backend=Wasmtime()) as pool, using(pool):
        found = passes_tests(["print(int(input()) + 1)", "print(3)", "import os; os._exit(0)"], [tests] * 3)
    assert found.tolist() == [1, 0, 0]


def test_arrays_are_not_for_it(worker: Worker) -> None:
    outcome = worker.run(ArrayJob("def f(x):\n    return x", "f", {"x": np.zeros(1)}))
    assert (outcome.status, outcome.reason) == (
        "infrastructure", "jobs on arrays need NumPy, which is not in here",
    )  # fmt: skip


def test_a_closed_worker_does_nothing() -> None:
    made = Wasmtime().open(LIMITS)
    made.close()
    made.close()
    assert not made.alive
    assert made.run(HONEST["called"]).status == "infrastructure"


def test_what_is_not_built_is_refused_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARDSMITH_CACHE", str(tmp_path))
    with pytest.raises(NoSandbox, match=r"python -m rewardsmith\.sandbox\.wasm"):
        Wasmtime().open(LIMITS)


def test_machine_code_that_others_may_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARDSMITH_CACHE", str(tmp_path))
    compiled().parent.mkdir()
    compiled().write_bytes(b"")
    compiled().parent.chmod(0o777)
    with pytest.raises(NoSandbox, match="may be written by others"):
        Wasmtime().open(LIMITS)


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoSandbox, match=r"pip install 'rewardsmith\[wasm\]'"):
        Wasmtime().open(LIMITS)
    with pytest.raises(NoSandbox, match=r"pip install 'rewardsmith\[wasm\]'"):
        build()
