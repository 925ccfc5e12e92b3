"""kill -9 at any point, then --resume: the run ends with the same content as one that was never killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rewardsmith.store import Run

KILLS = 20
ARGUMENTS = (
    "pendulum_hold",
    "--trainings",
    "24",
    "--steps",
    "40000",
    "--seeds",
    "1",
    "--seed",
    "5",
    "--method",
    "rewardsmith",
)


def command(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rewardsmith", "design", *arguments, "--out", str(root)]


def finish(root: Path, *arguments: str) -> None:
    done = subprocess.run(command(root, *arguments), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def progress(root: Path) -> tuple[int, ...]:
    """Sizes of everything that a run writes: changes whenever it does anything."""
    return tuple(sorted(path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()))


def kill_after_progress(root: Path, arguments: tuple[str, ...], rng: random.Random) -> bool:
    """Start, wait until the run has written something new, and kill -9 a random moment later."""
    process = subprocess.Popen(
        command(root, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    before, deadline = progress(root), time.monotonic() + 120
    while process.poll() is None and progress(root) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(rng.uniform(0.0, 0.6))
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


@pytest.mark.slow
def test_a_run_killed_at_random_points_ends_as_if_it_was_never_killed(tmp_path):
    whole, rng, kills = tmp_path / "whole", random.Random(7), 0
    finish(whole, *ARGUMENTS)
    expected = Run.open(whole, "latest")
    for attempt in range(8):
        root = tmp_path / f"killed{attempt}"
        root.mkdir()
        arguments = ARGUMENTS
        while kill_after_progress(root, arguments, rng):
            kills += 1
            if (root / expected.id / "journal.sqlite").exists():
                arguments = ("--resume", expected.id)
            if kills >= KILLS:
                finish(root, *arguments)
                break
        survivor = Run.open(root, expected.id)
        assert survivor.status == "finished"
        assert survivor.fingerprint() == expected.fingerprint()
        survivor.close()
        if kills >= KILLS:
            break
    expected.close()
    assert kills >= KILLS
