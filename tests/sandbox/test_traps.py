"""The nine traps that were found while measuring isolation (each of them once held nothing)."""

from __future__ import annotations

import os
import resource
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.core.errors import ProgramError
from rewardsmith.core.fields import Field
from rewardsmith.sandbox import (
    ArrayJob,
    Limits,
    NoSandbox,
    Pool,
    ProgramJob,
    PythonReward,
    best,
    bubblewrap,
    passes_tests,
    using,
)
from rewardsmith.sandbox.worker import ZygoteWorker, opens

ROWS = np.arange(4.0)
# Everything below tries a raw system call and says what the kernel answered.
CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    libc.syscall(*arguments)
    return ctypes.get_errno()
"""
FORGED_FRAME = """
import os, struct, json
def reward(x):
    head = json.dumps({'arrays': [['', [4]]]}).encode()
    for file in range(16):
        try:
            os.write(file, struct.pack('<I', len(head)) + head + bytes(32))
        except OSError:
            pass
    os._exit(0)
"""
FORGED_VERDICT = """
import os
for file in range(3, 16):
    try:
        os.write(file, b'{"exit": 0, "why": ""}')
    except OSError:
        pass
"""


def below(pid: int) -> list[int]:
    """All processes that descend from one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def status(pid: int) -> dict[str, str]:
    return dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )


@pytest.fixture(scope="module")
def worker() -> Iterator[ZygoteWorker]:
    opened = bubblewrap.Bubblewrap().open(Limits())
    yield opened
    opened.close()


def printed(worker: ZygoteWorker, source: str) -> str:
    outcome = worker.run(ProgramJob(source))
    assert outcome.status == "done", outcome
    return outcome.text


class TestOneNoEnvironment:
    def test_the_job_sees_nothing_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REWARDSMITH_SECRET", "hunter2")
        opened = bubblewrap.Bubblewrap().open(Limits())
        seen = printed(opened, "import os\nprint(dict(os.environ))")
        outer = [Path(f"/proc/{pid}/environ").read_bytes() for pid in (opened.pid, *below(opened.pid)[:1])]
        opened.close()
        assert "hunter2" not in seen
        assert set(eval(seen)) <= {*bubblewrap.ENVIRONMENT, "PWD", "LC_CTYPE"}
        # clearing the variables of the command leaves those of bwrap itself to be read at /proc/1/environ
        assert outer == [b"", b""]

    def test_there_is_no_proc(self, worker: ZygoteWorker) -> None:
        source = "import os\nfor p in ('/proc', '/proc/1/environ', '/sys'):\n    print(os.path.lexists(p))"
        assert printed(worker, source).split() == ["False"] * 3


class TestTwoARealUser:
    def test_everything_that_runs_python_inside_is_nobody_and_has_no_rights(self, worker: ZygoteWorker) -> None:
        inside = [pid for pid in below(worker.pid) if status(pid)["Name"].startswith("python")]
        assert len(inside) == 1
        facts = status(inside[0])
        ours = str(os.getuid())
        assert facts["Uid"].split() == ["65534" if ours == "0" else ours] * 4
        assert {facts[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
        assert facts["Groups"].split() in ([], facts["Gid"].split()[:1]) or ours != "0"
        assert facts["NoNewPrivs"] == "1"

    @pytest.mark.parametrize(
        "source", ["import os\nos.fork()", "import os\nos.posix_spawn('/py/bin/python3', ['x'], {})"]
    )
    def test_no_process_can_be_started(self, worker: ZygoteWorker, source: str) -> None:
        outcome = worker.run(ProgramJob(source))
        assert outcome.fault is not None
        assert outcome.fault.type == "PermissionError"


class TestThreeForging:
    def test_a_forged_frame_is_only_an_output(self, pool: Pool) -> None:
        """A job may write its own frame and leave; that is worth what any returned array is worth."""
        outcome = pool.run(ArrayJob(FORGED_FRAME, "reward", {"x": ROWS}))
        assert outcome.status in ("crashed", "done", "raised")
        assert set(outcome.arrays) <= {""}

    def test_a_forged_shape_is_refused_outside(self) -> None:
        source = "def reward(x):\n    return np.ones(999)"
        with pytest.raises(ProgramError, match=r"Y_SHAPE.*\(999,\)"):
            PythonReward(source, table=(Field("x"),))({"x": ROWS})

    @pytest.mark.parametrize(
        "source",
        [
            "import sys\nsys.exit(0)",
            "import os\nos._exit(0)",
            "print('PASSED')\nprint('ok|FORGED')",
            "class Any(str):\n    def __eq__(self, other): return True\nprint(Any('x'))",
            FORGED_VERDICT,
        ],
    )
    def test_no_end_is_a_pass(self, source: str) -> None:
        assert passes_tests([source], [[("", "42")]]).tolist() == [0.0]


class TestFourHugeResults:
    def test_reading_stops_at_the_limit(self, pool: Pool) -> None:
        limits = Limits(output=1 << 16)
        tracemalloc.start()
        outcome = pool.run(ProgramJob("print('x' * 100_000_000)"), limits)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert outcome.status == "output"
        assert peak < 2_000_000

    def test_a_huge_exception_is_cut(self, pool: Pool) -> None:
        outcome = pool.run(ProgramJob("raise ValueError('x' * 10_000_000)"))
        assert outcome.fault is not None
        assert len(outcome.fault.message) == 500

    def test_a_huge_report_does_not_hang(self, pool: Pool) -> None:
        source = "import os\nfor _ in range(100): os.write(3, b'x' * 10_000)\nprint('done')"
        assert pool.run(ProgramJob(source)).status == "raised"


class TestFiveNamespaces:
    @pytest.mark.parametrize(
        ("number", "argument"), [(272, 0x10000000), (272, 0x20000), (56, 0x10000000 | 17), (308, 0)]
    )
    def test_none_can_be_made_or_entered(self, worker: ZygoteWorker, number: int, argument: int) -> None:
        assert printed(worker, f"{CALL}print(call({number}, {argument}, 0, 0, 0, 0))").strip() == "1"  # EPERM


class TestSixAFilterIsMadeOnce:
    def test_a_job_costs_milliseconds(self, pool: Pool) -> None:
        """Far below the 300 ms of importing NumPy, whatever the machine has to do besides."""
        job = ArrayJob("def reward(x):\n    return x", "reward", {"x": ROWS})
        used = [pool.run(job).cpu for _ in range(30)]
        assert np.median(used) < 0.03


class TestSevenOurOwnLimits:
    def test_stay_as_they_are(self, pool: Pool) -> None:
        """A limit on address space would break CUDA and JAX in this process."""
        kinds = (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)
        before = [resource.getrlimit(kind) for kind in kinds]
        assert pool.run(ProgramJob("print(1)")).text == "1\n"
        assert [resource.getrlimit(kind) for kind in kinds] == before


class TestEightNoDevices:
    def test_there_is_no_dev(self, worker: ZygoteWorker) -> None:
        source = (
            "import os\nfor p in ('/dev', '/dev/kvm', '/dev/null', '/dev/shm'):\n    print(os.path.lexists(p))"
        )
        assert printed(worker, source).split() == ["False"] * 4


class TestNineNeverInSilence:
    @pytest.fixture
    def refusing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """A bwrap like that of a system which forbids user namespaces."""
        program = tmp_path / "bwrap"
        program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr("rewardsmith.sandbox.backend.BACKENDS", {"bubblewrap": bubblewrap_of_the_table()})
        monkeypatch.setattr("rewardsmith.sandbox.pool._shared", {})
        opens.cache_clear()
        yield
        opens.cache_clear()

    @pytest.mark.usefixtures("refusing")
    def test_it_is_refused_with_the_reason(self) -> None:
        for tier in ("T1", "T2"):
            with pytest.raises(NoSandbox, match=r"bubblewrap: bwrap: setting up uid map: Permission denied"):
                best(tier)

    @pytest.mark.usefixtures("refusing")
    def test_nothing_runs(self, tmp_path: Path) -> None:
        trace = tmp_path / "ran"
        reward = PythonReward(
            f"def reward(x):\n    open({str(trace)!r}, 'w')\n    return x", table=(Field("x"),)
        )
        with pytest.raises(NoSandbox):
            reward({"x": ROWS})
        with pytest.raises(NoSandbox):
            passes_tests([f"open({str(trace)!r}, 'w')"], [[("", "")]])
        assert not trace.exists()

    @pytest.mark.usefixtures("refusing")
    def test_the_override_is_typed_and_stamped(self, tmp_path: Path) -> None:
        with pytest.warns(UserWarning, match="UNSANDBOXED"):
            opened = Pool(size=1, allow_unsandboxed=True)
        with opened, using(opened):
            reward = PythonReward("def reward(x):\n    return 2 * x", table=(Field("x"),))
            assert reward({"x": ROWS}).tolist() == [0.0, 2.0, 4.0, 6.0]
            assert reward.run({"x": ROWS}).stamp == opened.stamp == "UNSANDBOXED"
            assert opened.run(ProgramJob("print(1)")).stamp == "UNSANDBOXED"

    def test_the_override_does_not_replace_walls_that_stand(self) -> None:
        with Pool(size=1, allow_unsandboxed=True) as opened:
            assert "seccomp" in opened.stamp

    def test_walls_that_do_not_hold_are_no_sandbox(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A zygote that finds its own walls open says so and is not used."""
        monkeypatch.setattr(bubblewrap, "_python", lambda: [*PYTHON, HOLEY])
        with pytest.raises(NoSandbox, match="a job could make a socket"):
            bubblewrap.Bubblewrap().open(Limits())


PYTHON = ["/py/bin/python3", "-s", "-S", "-B", "-c"]
HOLEY = """
import runpy, sys
sys.path.insert(0, '/app')
from inside import bpf
bpf._COMPUTE = (*bpf._COMPUTE, 'socket')
bpf.NUMBERS['socket'] = 41
from inside import zygote
zygote.main(('/py',), True)
"""


def bubblewrap_of_the_table() -> tuple[str, str]:
    from rewardsmith.sandbox import BACKENDS

    return BACKENDS["bubblewrap"]


def test_a_job_holds_its_own_pipes_and_no_other_file(worker: ZygoteWorker) -> None:
    """With Landlock or without: the socket that commands the zygote is not among them."""
    source = (
        "import os\nfor fd in range(200):\n    try: os.fstat(fd)\n    except OSError: continue\n    print(fd)"
    )
    assert printed(worker, source).split() == ["0", "1", "2", "3", "4"]
    started = bubblewrap.start(
        [*bubblewrap.command()[: -len(bubblewrap._python())], *PYTHON, BLIND], {}, "blind"
    )
    blind = ZygoteWorker(started, "no Landlock", Limits())
    assert printed(blind, source).split() == ["0", "1", "2", "3", "4"]
    assert started.hello["landlock"] == 0
    assert blind.run(ProgramJob("open('/site/x', 'w')")).fault is not None
    blind.close()


BLIND = """
import sys
sys.path.insert(0, '/app')
from inside import landlock, zygote
landlock.version = lambda: 0
zygote.main(('/py',), True)
"""


def test_the_memory_of_a_job_is_shown_to_nobody(worker: ZygoteWorker) -> None:
    """A process that may not be dumped has its /proc files owned by root, and writes no core for a handler."""
    thread = threading.Thread(target=worker.run, args=(ProgramJob("import time\ntime.sleep(1)"),))
    thread.start()
    (zygote,) = [pid for pid in below(worker.pid) if status(pid)["Name"].startswith("python")][:1]
    jobs: list[int] = []
    while thread.is_alive() and not jobs:
        jobs = [pid for pid in below(zygote) if status(pid)["Seccomp"] == "2"]
    owners = [os.stat(f"/proc/{pid}/environ").st_uid for pid in jobs]
    thread.join()
    assert owners == [0]


def test_the_x32_numbering_is_no_way_around(worker: ZygoteWorker) -> None:
    outcome = worker.run(ProgramJob(f"{CALL}call(0x40000000 | 257, -100, b'/', 0)"))
    assert (outcome.status, outcome.reason) == ("crashed", "ended by SIGSYS")
