"""kill -9 at any point, then --resume: the run ends with the same content as one that was never killed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from design.forked import Smith, ended, smith
from rewardsmith.store import Run

KILLS = 20
ARGUMENTS = (
    "pendulum",  # compiled for other tests of the command too
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


def start(smith: Smith, root: Path, *arguments: str) -> int:
    return smith.start(["design", *arguments, "--out", str(root)])


def finish(smith: Smith, root: Path, *arguments: str) -> None:
    start(smith, root, *arguments)
    assert smith.exit() == 0


def progress(root: Path) -> tuple[int, ...]:
    """Sizes of everything that a run writes: changes whenever it does anything."""
    return tuple(sorted(path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()))


def kill_after_progress(smith: Smith, root: Path, arguments: tuple[str, ...], rng: random.Random) -> bool:
    """Start, wait until the run has written something new, and kill -9 a random moment later."""
    before, deadline = progress(root), time.monotonic() + 120
    pid = start(smith, root, *arguments)
    while not ended(pid) and progress(root) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(rng.uniform(0.0, 0.6))
    os.killpg(pid, signal.SIGKILL)
    return smith.exit() == -signal.SIGKILL


@pytest.mark.slow
def test_a_run_killed_at_random_points_ends_as_if_it_was_never_killed(tmp_path):
    whole, rng, kills = tmp_path / "whole", random.Random(7), 0
    with smith() as forge:
        finish(forge, whole, *ARGUMENTS)
        expected = Run.open(whole, "latest")
        for attempt in range(8):
            root = tmp_path / f"killed{attempt}"
            root.mkdir()
            arguments = ARGUMENTS
            while kill_after_progress(forge, root, arguments, rng):
                kills += 1
                if (root / expected.id / "journal.sqlite").exists():
                    arguments = ("--resume", expected.id)
                if kills >= KILLS:
                    finish(forge, root, *arguments)
                    break
            survivor = Run.open(root, expected.id)
            assert survivor.status == "finished"
            assert survivor.fingerprint() == expected.fingerprint()
            survivor.close()
            if kills >= KILLS:
                break
        expected.close()
    assert kills >= KILLS
