"""Runs the real command in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def error(self) -> str:
        """The only line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A clean environment: one core, runs in the test's own folder."""
    own = {"REWARDSMITH_RUNS": str(folder / "runs"), "OMP_NUM_THREADS": "1", "COLUMNS": "120", **more}
    return {**os.environ, **own}


def rewardsmith(folder: Path, *arguments: str, **env: str) -> Said:
    """Run ``rewardsmith ARGUMENTS`` in ``folder``."""
    run = subprocess.run(
        argv(arguments), capture_output=True, text=True, cwd=folder, env=environment(folder, **env), timeout=240
    )
    return Said(run.returncode, run.stdout, run.stderr)


def cpu_seconds(*command: str) -> float:
    """Processor time of one process: what it costs on an idle machine, measured on a busy one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def argv(arguments: Sequence[str]) -> list[str]:
    """The installed command, as ``python -m`` so that the tested interpreter is used."""
    return [sys.executable, "-m", "rewardsmith", *arguments]
