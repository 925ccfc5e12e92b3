"""A small computation that survives, and a process that runs it in forks so that tests can kill them.

As a script (``python workload.py ROOT``) it imports everything once, then forks a worker per line read:
``run`` or ``run FILE_SIZE_LIMIT``.  It answers ``pid N``, ``ack KEY`` per acknowledged record, ``error TEXT``
and ``exit STATUS``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from rewardsmith.store import Run

CONFIG = {"task": "workload", "method": "count", "missing": float("nan")}
ITEMS = 40


def compute(root: Path, acknowledge: Callable[[str], None], items: int = ITEMS) -> None:
    """Iterate a chaotic map, recording each step; every step needs the exact state of the one before."""
    with Run.create(root, CONFIG, heartbeat=0.2, tensorboard=False) as run:
        saved = run.latest_checkpoint("map")
        step, state = (saved.step, saved.arrays["state"]) if saved else (0, np.linspace(0.1, 0.9, 300))
        while step < items:
            state = 3.9 * state * (1 - state)
            arrays = {"state": state} if step % 2 else None
            payload = {"step": step, "mean": state.mean(), "verdict": float("nan"), "cost": {"steps": 300}}
            run.record("step", f"step-{step}", payload, arrays, timing={"wall_s": os.times().elapsed})
            acknowledge(f"step-{step}")
            step += 1
            run.checkpoint("map", step, {"state": state})
        run.finish({"best": float(state.max())})


class Forge:
    """The other side of the script: starts workers, reads what they acknowledge."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._stdin: IO[str] = process.stdin  # type: ignore[assignment]
        self._stdout: IO[str] = process.stdout  # type: ignore[assignment]

    def start(self, limit: int | None = None) -> int:
        self._stdin.write("run\n" if limit is None else f"run {limit}\n")
        self._stdin.flush()
        word, pid = self.line()
        assert word == "pid"
        return int(pid)

    def line(self) -> tuple[str, str]:
        word, _, rest = self._stdout.readline().strip().partition(" ")
        return word, rest

    def rest(self) -> list[tuple[str, str]]:
        """Read to the end of the worker."""
        lines = [self.line()]
        while lines[-1][0] not in ("exit", ""):
            lines.append(self.line())
        return lines


@contextmanager
def forge(root: Path, items: int = ITEMS) -> Iterator[Forge]:
    command = [sys.executable, __file__, str(root), str(items)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Forge(process)
        finally:
            process.kill()


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _worker(root: Path, items: int, limit: str) -> None:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        compute(root, lambda key: _say(f"ack {key}"), items)
    except Exception as error:
        _say(f"error {type(error).__name__} {' '.join(str(error).split())}")
        os._exit(1)
    os._exit(0)


def _main(root: Path, items: int) -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _say(f"pid {os.getpid()}")
            _worker(root, items, line.removeprefix("run").strip())
        _, status = os.waitpid(pid, 0)
        _say(f"exit {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
