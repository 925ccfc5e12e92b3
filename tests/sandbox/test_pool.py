"""The pool: many jobs at once, workers that die, and an end without leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.sandbox import ArrayJob, Limits, Pool, ProgramJob, best, shared, using
from rewardsmith.sandbox.pool import cores

JOB = ArrayJob("def f(x):\n    return x + 1", "f", {"x": np.arange(3.0)})
PATIENT = Limits(wall=30.0)


def workers(pool: Pool) -> list[int]:
    return [worker.pid for worker in pool._workers]


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends within some time (a zombie has ended)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if ") Z" in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def below(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def test_outcomes_come_in_order_from_all_workers() -> None:
    jobs = [ArrayJob(f"def f(x):\n    return x + {k}", "f", {"x": np.zeros(2)}) for k in range(20)]
    with Pool(limits=PATIENT, size=2) as pool:
        assert [outcome.arrays[""][0] for outcome in pool.map(jobs)] == list(range(20))
        assert len(workers(pool)) == 2


def test_it_is_used_from_many_threads() -> None:
    found: list[float] = []
    with Pool(limits=PATIENT, size=2) as pool:

        def ask(k: int) -> None:
            job = ArrayJob("def f(x):\n    return x", "f", {"x": np.full(1000, float(k))})
            found.append(float(pool.run(job).arrays[""].mean()))

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == list(range(12))


class TestAWorkerThatDies:
    def test_between_jobs_is_replaced(self) -> None:
        with Pool(limits=PATIENT, size=1) as pool:
            assert pool.run(JOB).status == "done"
            (first,) = workers(pool)
            os.kill(first, signal.SIGKILL)
            assert gone(first)  # until then what is inside may still answer
            assert pool.run(JOB).arrays[""].tolist() == [1.0, 2.0, 3.0]
            assert workers(pool) != [first]
            assert (pool.restarts, pool.failures) == (1, 0)

    def test_in_the_middle_of_a_job_is_replaced_and_the_job_done_again(self) -> None:
        with Pool(limits=PATIENT, size=1) as pool:
            pool.run(JOB)
            running = pool.submit(ProgramJob("import time\ntime.sleep(1)\nprint('slept')"))
            time.sleep(0.3)
            os.kill(workers(pool)[0], signal.SIGKILL)
            assert running.result().text == "slept\n"
            assert (pool.restarts, pool.failures) == (1, 0)

    def test_that_stops_answering_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A zygote that is stopped: nothing comes, so the job's time and the grace run out, twice."""
        monkeypatch.setattr("rewardsmith.sandbox.worker._GRACE", 0.3)
        worker = best("T1").open(Limits(wall=0.2))
        for pid in below(worker.pid):
            os.kill(pid, signal.SIGSTOP)
        outcome = worker.run(JOB)
        assert (outcome.status, outcome.reason) == ("infrastructure", "the sandbox did not answer in time")
        assert not worker.alive
        assert gone(worker.pid)
        assert worker.run(JOB).status == "infrastructure"


class TestLimits:
    def test_time_is_kept_to_a_tenth_of_a_second(self) -> None:
        """By the clock of the worker itself: the machine may be busy."""
        with Pool(limits=Limits(wall=0.5, cpu=20.0), size=1) as pool:
            pool.run(JOB, PATIENT)
            sleepy = pool.run(ProgramJob("import time\ntime.sleep(60)"))
            assert (sleepy.status, sleepy.reason) == ("time", "more than 0.5 s")
            assert sleepy.cpu < 0.5
            assert 0.5 <= sleepy.wall < 5.0
            for busy in ("while True: pass", "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, "
                         "signal.SIG_IGN)\n    except Exception: pass\nwhile True: pass"):  # fmt: skip
                outcome = pool.run(ProgramJob(busy), Limits(wall=30.0, cpu=0.2))
                assert outcome.reason == "more than 0.2 s of processor time"
                assert 0.2 <= outcome.cpu < 0.6

    def test_memory_is_bounded(self) -> None:
        with Pool(limits=PATIENT, size=1) as pool:
            for size, status in ((1 << 24, "done"), (1 << 29, "memory")):
                outcome = pool.run(ProgramJob(f"print(len(bytearray({size})))"), Limits(memory=400 << 20))
                assert outcome.status == status

    def test_a_job_that_ends_as_it_is_stopped_leaves_the_worker_alone(self) -> None:
        """The request to stop may come when the job has ended by itself."""
        worker = best("T2").open(PATIENT)
        for size in (1001, 1100, 5000):
            for _ in range(5):
                job = ProgramJob(f"import os\nos.write(1, b'x' * {size})")
                assert worker.run(job, Limits(wall=30.0, output=1000)).status == "output"
                assert worker.run(ProgramJob("print(1)")).text == "1\n"
        worker.close()

    def test_output_of_arrays_is_bounded(self) -> None:
        with Pool(limits=PATIENT, size=1) as pool:
            job = ArrayJob("def f(x):\n    return np.zeros(10**6)", "f", {"x": np.zeros(1)})
            assert pool.run(job, Limits(output=1 << 20)).status == "output"
            assert pool.run(job).arrays[""].shape == (10**6,)


class TestTheEnd:
    def test_close_ends_everything(self) -> None:
        pool = Pool(limits=PATIENT, size=2)
        pool.map([JOB] * 4)
        everything = [pid for worker in workers(pool) for pid in below(worker)]
        assert len(everything) >= 6  # bwrap, its first process inside, and the zygote; twice
        pool.close()
        pool.close()
        assert all(gone(pid) for pid in everything)
        assert pool.closed

    @pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), 9)", "os._exit(0)", "raise ValueError"])
    def test_nothing_outlives_its_process(self, end: str) -> None:
        source = """
            import os
            import numpy as np
            from rewardsmith.sandbox import ArrayJob, Pool, shared
            job = ArrayJob("def f(x):\\n    return x", "f", {"x": np.zeros(1)})
            assert shared("T1").run(job).status == "done"
            print(shared("T1")._workers[0].pid, flush=True)
            input()
        """
        program = textwrap.dedent(source) + end
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with child:
            assert child.stdout is not None
            outermost = int(child.stdout.readline())
            everything = below(outermost)
            assert len(everything) >= 3
            child.communicate(b"\n", timeout=60)
        assert all(gone(pid) for pid in everything)

    def test_a_forked_process_gets_a_pool_of_its_own(self) -> None:
        with Pool(limits=PATIENT, size=1) as pool, using(pool):
            pool.run(JOB)
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    own = shared("T1")
                    told = f"{own is pool} {own.run(JOB).status} {pool.closed}"
                    own.close()
                    os.write(writing, told.encode())
                finally:
                    os._exit(0)
            os.close(writing)
            assert os.read(reading, 100).decode() == "False done True"
            os.waitpid(child, 0)
            os.close(reading)
            assert pool.run(JOB).status == "done"
            assert pool.restarts == 0


class TestTheSharedPool:
    def test_is_one_and_serves_both_tiers(self) -> None:
        assert shared("T1") is shared("T1") is shared("T2")
        assert shared("T1").size == cores()

    def test_is_replaced_for_a_while(self) -> None:
        usual = shared("T1")
        with Pool(size=1) as outer, Pool(size=1) as inner:
            with using(outer):
                with using(inner):
                    assert shared("T1") is inner
                assert shared("T1") is outer
            assert shared("T1") is usual

    def test_has_at_least_one_worker(self) -> None:
        with pytest.raises(BadInput, match="size of a pool: received 0"):
            Pool(size=0)
